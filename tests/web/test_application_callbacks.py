"""Applications called back: signed, made again, heard once; who refuses, is late or is out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from engine.access.rtas_clients import change_client, remove_client
from engine.activity import TryLater
from engine.errors import HttpFailed
from engine.model.names import MAIN_TENANT
from engine.ports.http import HttpAnswer, HttpRequest
from engine.ports.store import AuditQuery, PageQuery
from engine.realtime.trustfactor.contracts import MOST_DEVICES
from engine.records.access import KeptAnswer
from engine.records.realtime import ClientStatus, RtasClient
from engine.records.trustfactor import CallbackAddresses, Contract, RegistrationCode, Transaction
from engine.records.work import Job
from engine.run.outbox import Outbox
from engine.run.trustfactor.application_callbacks import ApplicationCallbacks
from engine.run.trustfactor.notifier import APPLICATION_CALLBACK
from engine.run.unit import Unit
from engine.testing import ScriptedHttp
from tests.web.agent import Agent
from tests.web.application import DEVICE, ApplicationServer, application
from tests.web.surface import Surface, play
from tests.web.trustfactor_steps import (
    TRANSACTIONS,
    asked,
    code,
    contracts,
    get,
    status_of,
)


def answering(*statuses: int | None) -> ScriptedHttp:
    """Stand where an application's server is; None: nobody answers. The last one is for ever."""
    return ScriptedHttp(
        *(
            HttpFailed(reason="nobody answers")
            if status is None
            else HttpAnswer(status=status, headers={}, body=b"")
            for status in statuses
        )
    )


def signatures(request: HttpRequest, secret: str) -> tuple[str, str]:
    """Give what a message was signed with, and what a library of others would sign it with."""
    headers = dict(request.headers)
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    fitting = Webhook(secret).sign(headers["webhook-id"], at, request.body.decode())
    return headers["webhook-signature"], fitting


def outbox(house: Surface, bank: ScriptedHttp) -> Outbox:
    bench = house.bench
    callbacks = ApplicationCallbacks(
        store=bench.store, vault=bench.vault, http=bank, chance=bench.chance
    )
    return Outbox(
        outside=bench.loop.outside, loop=bench.loop, clock=bench.clock, http=bank,
        errands={APPLICATION_CALLBACK: callbacks.do},
    )  # fmt: skip


async def called_back(server: ApplicationServer) -> str:
    urls = {
        "register_callback_url": "https://bank.example/registered",
        "transaction_callback_url": "https://bank.example/decided",
    }
    answer = await server.post("/trustfactor/v1/callbacks", urls)
    assert answer.status == 200, answer.text
    return str(answer.json["secret"])


def test_an_application_that_agrees_has_a_device_registered() -> None:
    bank = answering(None, 500, 200)

    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        secret = await called_back(server)
        made = await code(server)
        confirmed = await agent.register(made["payload"])
        sweeper, seen = outbox(house, bank), []
        for _ in range(4):
            await sweeper.sweep()
            seen.append(len(await contracts(server)))
            house.bench.clock.move(timedelta(minutes=7))
        after = await agent.confirm(made["payload"])
        return [[confirmed.json["status"], seen, after.json["status"]], secret, made, agent]

    states, secret, made, agent = play(story)

    assert states == ["CONFIRMED", [0, 0, 1, 1], "REGISTERED"]
    assert len(bank.sent) == 3
    assert len({dict(one.headers)["webhook-id"] for one in bank.sent}) == 1
    for given, fitting in (signatures(one, secret) for one in bank.sent):
        assert given == fitting
    assert json.loads(bank.sent[0].body) == {
        "app_user_unique_id": "john.doe", "register_code_unique_id": made["unique_id"],
        "contract_key": agent.contract[1], "device_key": agent.device[1], "device_info": DEVICE,
        "device_ip": "198.51.100.7", "device_location": "38.7,-9.1",
    }  # fmt: skip


def test_a_409_is_no_refusal_for_a_first_try_may_have_been_heard() -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        await called_back(server)
        made = await code(server)
        await agent.register(made["payload"])
        sweeper = outbox(house, answering(409, 200))
        for _ in range(2):
            await sweeper.sweep()
            house.bench.clock.move(timedelta(minutes=7))
        return [await status_of(server, made), len(await contracts(server))]

    assert play(story) == ["REGISTERED", 1]


def test_a_device_that_is_reset_at_that_moment_decides_nothing() -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        await agent.register((await code(server))["payload"])
        made = await asked(server)
        listed = (await agent.asked()).json["transactions"]
        store, key = house.bench.store, {"contract_key": agent.contract[1]}
        write = store.write

        async def reset_first(tenant: Any, staged: Any) -> Any:
            store.write = write  # type: ignore[method-assign]  # once
            await server.post("/trustfactor/v1/contracts/reset", key)
            return await write(tenant, staged)

        store.write = reset_first  # type: ignore[assignment, method-assign]  # for one call
        answer = await agent.decide(listed[0])
        shown = (await get(server, f"{TRANSACTIONS}/{made['transaction_id']}")).json
        return [answer.status, shown["status"]]

    assert play(story) == [409, "PENDING"]


@pytest.mark.parametrize("how", ["blocked", "removed"])
def test_an_application_that_is_out_has_nothing_registered_or_decided(how: str) -> None:
    async def story(house: Surface) -> list[int]:
        server, agent, other = await application(house), Agent(house=house), Agent(house=house)
        made = await code(server)
        await agent.register((await code(server))["payload"])
        await asked(server)
        listed = (await agent.asked()).json["transactions"]
        bench = house.bench
        unit = Unit(bench.store, MAIN_TENANT)
        if how == "blocked":
            change_client(unit, bench.actor(), server.made.client, status="BLOCKED")
        else:
            remove_client(unit, bench.actor(), server.made.client)
        await bench.store.write(MAIN_TENANT, unit.staged())
        answers = [await other.scan(made["payload"]), await agent.decide(listed[0])]
        return [one.status for one in answers]

    assert play(story) == [409, 409]


async def put_out(server: ApplicationServer, how: str) -> None:
    """Block a client, remove it, or let it in again."""
    bench = server.house.bench
    unit = Unit(bench.store, MAIN_TENANT)
    client = await unit.get(RtasClient, server.made.client.id)
    assert client is not None
    if how == "removed":
        remove_client(unit, bench.actor(), client)
    else:
        status: ClientStatus = "BLOCKED" if how == "blocked" else "ACTIVE"
        change_client(unit, bench.actor(), client, status=status)
    await bench.store.write(MAIN_TENANT, unit.staged())


async def letters(house: Surface) -> list[tuple[str, str]]:
    rows = (await house.bench.store.page(MAIN_TENANT, Job, PageQuery())).rows
    return [(row.status, row.reason) for row in rows]


IN_VAIN = [("DEAD", "its application is blocked or gone")]


@pytest.mark.parametrize("how", ["blocked", "removed"])
def test_an_application_that_is_out_is_not_asked_to_agree_and_nothing_is_registered(
    how: str,
) -> None:
    bank = answering(200)

    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        await called_back(server)
        made = await code(server)
        await agent.register(made["payload"])
        await put_out(server, how)
        await outbox(house, bank).sweep()
        store = house.bench.store
        kept = await store.get(MAIN_TENANT, RegistrationCode, made["unique_id"])
        contracts = await store.page(MAIN_TENANT, Contract, PageQuery())
        return [kept and kept.status, contracts.total, await letters(house)]

    assert play(story) == ["REJECTED", 0, IN_VAIN]
    assert bank.sent == []


def test_an_application_that_is_let_in_again_has_nothing_registered_afterwards() -> None:
    bank = answering(None, 200)

    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        await called_back(server)
        made = await code(server)
        await agent.register(made["payload"])
        sweeper = outbox(house, bank)
        for how in ("let in", "blocked", "let in", "let in"):
            await put_out(server, how)
            await sweeper.sweep()
            house.bench.clock.move(timedelta(minutes=3))
        return [await status_of(server, made), len(await contracts(server)), await letters(house)]

    assert play(story) == ["REJECTED", 0, IN_VAIN]
    assert len(bank.sent) == 1, "before it was blocked"


@pytest.mark.parametrize("how", ["blocked", "removed"])
@pytest.mark.parametrize("ends", ["decided", "expired"])
def test_an_application_that_is_out_is_told_of_no_transaction(how: str, ends: str) -> None:
    bank = answering(200)

    async def story(house: Surface) -> list[tuple[str, str]]:
        server, agent, sweeper = await application(house), Agent(house=house), outbox(house, bank)
        await agent.register((await code(server))["payload"])
        await called_back(server)
        await asked(server)
        if ends == "decided":
            await agent.decide((await agent.asked()).json["transactions"][0])
        await put_out(server, how)
        if ends == "expired":
            house.bench.clock.move(timedelta(minutes=10))
        await sweeper.sweep()
        return [one for one in await letters(house) if one[0] == "DEAD"]

    assert play(story) == IN_VAIN
    assert bank.sent == []


def test_a_removed_application_leaves_no_phone_behind() -> None:
    async def story(house: Surface) -> list[int]:
        server, stays = await application(house), await application(house, "stays")
        for each in (server, stays):
            await Agent(house=house).register((await code(each))["payload"])
            await called_back(each)
        bench = house.bench
        unit = Unit(bench.store, MAIN_TENANT)
        remove_client(unit, bench.actor(), server.made.client)
        await bench.store.write(MAIN_TENANT, unit.staged())
        await bench.eraser.sweep([MAIN_TENANT], audit_kept=timedelta(days=365))
        kinds = (Contract, CallbackAddresses)
        return [(await bench.store.page(MAIN_TENANT, kind, PageQuery())).total for kind in kinds]

    assert play(story) == [1, 1]


def test_an_application_that_refuses_has_none() -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        await called_back(server)
        made = await code(server)
        await agent.register(made["payload"])
        await outbox(house, answering(422)).sweep()
        late = await agent.confirm(made["payload"])
        jobs = (await house.bench.store.page(MAIN_TENANT, Job, PageQuery())).total
        return [await status_of(server, made), late.status, await contracts(server), jobs]

    assert play(story) == ["REJECTED", 409, [], 0]


def test_an_application_that_agrees_an_hour_too_late_has_none() -> None:
    bank = answering(None, 200)

    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        await called_back(server)
        made = await code(server, expires_in_seconds=60)
        await agent.register(made["payload"])
        sweeper = outbox(house, bank)
        await sweeper.sweep()
        house.bench.clock.move(timedelta(minutes=61))
        await sweeper.sweep()
        await server.log_in()
        late = await agent.confirm(made["payload"])
        return [await status_of(server, made), late.status, await contracts(server)]

    assert play(story) == ["EXPIRED", 410, []]
    assert len(bank.sent) == 1


def test_an_application_is_not_asked_for_a_device_that_cannot_be() -> None:
    bank = answering(200)

    async def story(house: Surface) -> list[Any]:
        server = await application(house)
        for _ in range(MOST_DEVICES):
            await Agent(house=house).register((await code(server))["payload"])
        await called_back(server)
        made = await code(server)
        await Agent(house=house).register(made["payload"])
        await outbox(house, bank).sweep()
        return [await status_of(server, made), len(await contracts(server))]

    assert play(story) == ["REJECTED", MOST_DEVICES]
    assert bank.sent == []


def test_an_end_that_a_clock_takes_back_is_told_later() -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        await agent.register((await code(server))["payload"])
        await called_back(server)
        id = (await asked(server))["transaction_id"]
        bench = house.bench
        callbacks = ApplicationCallbacks(
            store=bench.store, vault=bench.vault, http=answering(204), chance=bench.chance
        )
        return [await callbacks.do(MAIN_TENANT, {"what": "expiry", "subject": id}, "msg_1")]

    (found,) = play(story)

    assert isinstance(found, TryLater)
    assert found.after == timedelta(minutes=2)
    assert not found.in_vain


def test_a_dead_callback_is_kept_and_can_be_tried_again() -> None:
    async def story(house: Surface) -> list[tuple[str, int]]:
        server, agent = await application(house), Agent(house=house)
        await agent.register((await code(server))["payload"])
        await called_back(server)
        await asked(server)
        await agent.decide((await agent.asked()).json["transactions"][0])
        sweeper = outbox(house, answering(None))
        for _ in range(9):
            await sweeper.sweep()
            house.bench.clock.move(timedelta(hours=11))
        rows = (await house.bench.store.page(MAIN_TENANT, Job, PageQuery())).rows
        return [(row.status, row.tries) for row in rows]

    assert play(story) == [("DEAD", 8)]


@pytest.mark.parametrize("ending", ["ACCEPTED", "DECLINED", "EXPIRED"])
def test_an_application_hears_once_how_a_transaction_ended(ending: str) -> None:
    bank = answering(204)

    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        await agent.register((await code(server))["payload"])
        await called_back(server)
        made = await asked(server)
        listed = (await agent.asked()).json["transactions"]
        sweeper = outbox(house, bank)
        await sweeper.sweep()
        if ending != "EXPIRED":
            await agent.decide(listed[0], ending.removesuffix("ED").replace("DECLIN", "DECLINE"))
        house.bench.clock.move(timedelta(minutes=2))
        for _ in range(3):
            await sweeper.sweep()
        return [made, agent.contract[1]]

    made, key = play(story)

    assert [json.loads(one.body) | {"signature": None, "digest": ""} for one in bank.sent] == [
        {
            "app_user_unique_id": "john.doe", "transaction_id": made["transaction_id"],
            "status": ending, "contract_key": None if ending == "EXPIRED" else key,
            "signature": None, "digest": "",
        }
    ]  # fmt: skip


def test_nothing_that_opens_or_is_shown_is_kept_as_it_is() -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        secret = await called_back(server)
        made = await code(server)
        await agent.register(made["payload"])
        await outbox(house, answering(200)).sweep()
        await asked(server)
        rows: list[Any] = []
        for kind in (RegistrationCode, Contract, Job, CallbackAddresses, Transaction, KeptAnswer):
            rows += (await house.bench.store.page(MAIN_TENANT, kind, PageQuery())).rows
        audit = await house.bench.store.audit(MAIN_TENANT, AuditQuery())
        return [repr(rows) + repr(audit), secret, made["payload"].rpartition(".")[2]]

    kept, secret, mac = play(story)

    for kind in ("RegistrationCode(", "CallbackAddresses(", "Transaction(", "Contract("):
        assert kind in kept
    for hidden in (secret, secret.removeprefix("whsec_"), mac, "250 euros", "250.00 EUR"):
        assert hidden not in kept
