"""TrustFactor: codes, agents, contracts, transactions, callbacks (rtas.md 2, 9, 12)."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook

from engine.access.rtas_clients import change_client, remove_client
from engine.activity import TryLater
from engine.errors import HttpFailed
from engine.model.names import MAIN_TENANT
from engine.ports.http import HttpAnswer, HttpRequest
from engine.ports.store import AuditQuery, PageQuery
from engine.realtime.trustfactor import qr_code
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
from engine.web.sources import SourceLimits
from tests.web.agent import AGENT, KEYS, Agent
from tests.web.application import DEVICE, ApplicationServer, application
from tests.web.pixels import grey
from tests.web.program import JSON
from tests.web.surface import Answer, Surface, play, send

CODES = "/trustfactor/v2/registration-codes"
TRANSACTIONS = "/trustfactor/v1/transactions"
WHO = {"user_id": "john.doe", "user_name": "John Doe", "application_name": "Farol Mutual"}
ASKED: dict[str, Any] = {
    "user_id": "john.doe", "application_name": "Farol Mutual", "action": "Transfer",
    "message": "Send 250 euros to Ana?", "parameters": {"Amount": "250.00 EUR"},
}  # fmt: skip


async def get(server: ApplicationServer, target: str, method: str = "GET") -> Answer:
    headers = [("Authorization", f"Bearer {server.token}")]
    return await send(server.house.app, method, target, headers=headers)


async def code(server: ApplicationServer, **other: object) -> dict[str, Any]:
    answer = await server.post(CODES, {**WHO, **other})
    assert answer.status == 201, answer.text
    return dict(answer.json)


async def status_of(server: ApplicationServer, made: dict[str, Any]) -> str:
    return str((await get(server, f"{CODES}/{made['unique_id']}")).json["status"])


async def contracts(server: ApplicationServer, user: str = "john.doe") -> list[dict[str, Any]]:
    return list((await get(server, f"/trustfactor/v1/users/{user}/contracts")).json["contracts"])


async def asked(server: ApplicationServer, **other: object) -> dict[str, Any]:
    answer = await server.post(TRANSACTIONS, {**ASKED, **other})
    assert answer.status == 201, answer.text
    return dict(answer.json)


def read(picture: str) -> tuple[int, list[str]]:
    """Decode a square code with a decoder that nobody here wrote: its edge, and what it says."""
    size, pixels = grey(base64.b64decode(picture))
    shown = memoryview(pixels).cast("B", (size, size))
    return size, [one.text for one in zxingcpp.read_barcodes(shown)]


@pytest.mark.parametrize("size", [200, 333, 1_000])
def test_a_code_is_drawn_in_the_size_that_is_asked_for(size: int) -> None:
    async def story(house: Surface) -> dict[str, Any]:
        return await code(await application(house), qr_code_size=size)

    made = play(story)

    assert read(made["qr_code"]) == (size, [made["deeplink_url"]])
    assert made["payload"] in made["deeplink_url"]


def test_a_picture_too_small_for_its_text_is_none() -> None:
    assert qr_code.png("x" * 900, 100) is None


def test_a_code_leads_a_device_to_a_contract() -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        made = await code(server)
        scanned = await agent.scan(made["payload"])
        between = await status_of(server, made)
        confirmed = await agent.confirm(made["payload"])
        return [scanned.json, between, confirmed.json, await contracts(server), agent]

    scanned, between, confirmed, found, agent = play(story)

    assert (scanned["application_name"], scanned["user_name"]) == ("Farol Mutual", "John Doe")
    assert (between, confirmed["status"]) == ("SCANNED", "REGISTERED")
    assert found == [
        {
            "contract_key": agent.contract[1], "device_key": agent.device[1],
            "device_info": {
                "name": "Virtual Agent #1", "manufacturer": "SecuritySide", "device_model": "TFVA",
                "operating_system": "TFVA", "os_version": "1.0",
                "marketing_name": "SecuritySide TFVA",
            },
            "device_ip": "198.51.100.7", "device_location": "38.7,-9.1",
            "registered_at": found[0]["registered_at"],
        }
    ]  # fmt: skip


def test_saying_it_twice_registers_one_device() -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        made = await code(server)
        for _ in range(2):
            await agent.scan(made["payload"])
        twice = [await agent.confirm(made["payload"]) for _ in range(3)]
        return [[one.json["status"] for one in twice], len(await contracts(server))]

    assert play(story) == [["REGISTERED"] * 3, 1]


def test_a_code_asked_for_twice_under_one_key_is_made_once() -> None:
    async def story(house: Surface) -> list[Any]:
        server, other = await application(house), await application(house, "other-app")
        raw = json.dumps(WHO).encode()

        async def ask(who: ApplicationServer) -> Answer:
            headers = [
                ("Authorization", f"Bearer {who.token}"), ("Idempotency-Key", "one"),
                ("Content-Type", "application/json"),
            ]  # fmt: skip
            return await send(house.app, "POST", CODES, headers=headers, body=raw)

        answers = [await ask(server), await ask(server), await ask(other)]
        return [one.json["unique_id"] for one in answers]

    first, again, others = play(story)

    assert (first == again, first == others) == (True, False)


def test_a_second_device_ends_the_code_for_both() -> None:
    async def story(house: Surface) -> list[Any]:
        server = await application(house)
        first, second = Agent(house=house), Agent(house=house)
        made = await code(server)
        await first.scan(made["payload"])
        refused = await second.scan(made["payload"])
        late = await first.confirm(made["payload"])
        return [refused, late, await status_of(server, made), await contracts(server)]

    refused, late, status, found = play(story)

    assert (refused.status, refused.json["code"], late.status) == (409, "exists", 409)
    assert (status, found) == ("SCANNED_TWICE", [])


def test_a_code_that_was_used_opens_nothing_for_another() -> None:
    async def story(house: Surface) -> list[Any]:
        server, first, second = await application(house), Agent(house=house), Agent(house=house)
        made = await code(server)
        await first.register(made["payload"])
        refused = [await second.scan(made["payload"]), await second.confirm(made["payload"])]
        return [[one.status for one in refused], len(await contracts(server))]

    assert play(story) == [[410, 410], 1]


Forge = Callable[[Agent, str], Awaitable[Answer]]
FORGERIES: dict[str, Forge] = {
    "another payload": lambda agent, payload: agent.scan(payload[:-1] + "x"),
    "no signature": lambda agent, payload: agent.call(
        "/trustfactor/v1/agent/scan", {"payload": payload, "device_key": agent.device[1]}, by=()
    ),
    "another's key": lambda agent, payload: agent.scan(payload, device_key=agent.contract[1]),
    "contract unsigned": lambda agent, payload: agent.call(
        "/trustfactor/v1/agent/confirm",
        {
            "payload": payload, "device_key": agent.device[1], "contract_key": agent.contract[1],
            "device_info": {
                "name": "x", "manufacturer": "x", "device_model": "x", "operating_system": "x",
                "os_version": "x",
            },
        },
        by=("device",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_word_registers_nothing(name: str) -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        made = await code(server)
        if name == "contract unsigned":
            await agent.scan(made["payload"])
        answer = await FORGERIES[name](agent, made["payload"])
        return [answer.status, await status_of(server, made), await contracts(server)]

    status, stands, found = play(story)

    assert status in (401, 404)
    assert (stands, found) == ("SCANNED" if name == "contract unsigned" else "CREATED", [])


def test_a_word_signed_for_one_way_in_counts_at_no_other() -> None:
    async def story(house: Surface) -> int:
        server, agent = await application(house), Agent(house=house)
        made = await code(server)
        await agent.scan(made["payload"])
        said = {"payload": made["payload"], "device_key": agent.device[1]}
        raw = json.dumps({"at": int(house.bench.clock.now().timestamp()), **said}).encode()
        signature = KEYS.sign(
            agent.device[0], f"{house.config.origin}{AGENT}/scan\n".encode() + raw
        )
        headers = [("Content-Type", "application/json"), ("TF-Device-Signature", signature)]
        answer = await send(house.app, "POST", f"{AGENT}/reject", headers=headers, body=raw)
        return answer.status

    assert play(story) == 401


@pytest.mark.parametrize(("seconds", "status"), [(899, 200), (900, 410)])
def test_time_ends_a_code(seconds: int, status: int) -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        made = await code(server)
        house.bench.clock.move(timedelta(seconds=seconds))
        return [(await agent.scan(made["payload"])).status, await status_of(server, made)]

    assert play(story) == [status, "SCANNED" if status == 200 else "EXPIRED"]


def test_a_person_refuses_and_an_application_cancels() -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        rejected, cancelled = await code(server), await code(server)
        await agent.scan(rejected["payload"])
        said = await agent.reject(rejected["payload"])
        gone = await get(server, f"{CODES}/{cancelled['unique_id']}", "DELETE")
        late = [await agent.confirm(rejected["payload"]), await agent.scan(cancelled["payload"])]
        again = await get(server, f"{CODES}/{rejected['unique_id']}", "DELETE")
        return [said.json["status"], gone.status, [one.status for one in late], again.status]

    assert play(story) == ["REJECTED", 204, [409, 409], 409]


def test_an_application_sees_no_other_ones_codes_contracts_and_transactions() -> None:
    async def story(house: Surface) -> list[Any]:
        server, other = await application(house), await application(house, "other-app")
        agent = Agent(house=house)
        made = await code(server)
        await agent.register(made["payload"])
        pending = await asked(server)
        key = {"contract_key": agent.contract[1]}
        refused = [
            await get(other, f"{CODES}/{made['unique_id']}"),
            await get(other, f"{CODES}/{made['unique_id']}", "DELETE"),
            await get(other, f"{TRANSACTIONS}/{pending['transaction_id']}"),
            await get(other, f"{TRANSACTIONS}/{pending['transaction_id']}", "DELETE"),
            await other.post("/trustfactor/v1/contracts/reset", key),
            await other.post("/trustfactor/v1/contracts/wrong-device-token", key),
        ]
        denied = await other.post(TRANSACTIONS, ASKED)
        return [[one.status for one in refused], denied.status, await contracts(other)]

    assert play(story) == [[404] * 6, 404, []]


def test_a_reset_contract_decides_nothing_and_its_key_never_comes_back() -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        await agent.register((await code(server))["payload"])
        await asked(server)
        listed = (await agent.asked()).json["transactions"]
        key = {"contract_key": agent.contract[1]}
        reset = await server.post("/trustfactor/v1/contracts/reset", key)
        after = [await agent.asked(), await agent.decide(listed[0])]
        again = await agent.register((await code(server))["payload"])
        return [reset.status, [one.status for one in after], again.status, await contracts(server)]

    assert play(story) == [204, [409, 409], 409, []]


def test_a_wrong_device_token_works_once_within_two_minutes() -> None:
    async def story(house: Surface) -> list[Any]:
        server, agents = await application(house), [Agent(house=house) for _ in range(2)]
        tokens = []
        for agent in agents:
            await agent.register((await code(server))["payload"])
            key = {"contract_key": agent.contract[1]}
            made = await server.post("/trustfactor/v1/contracts/wrong-device-token", key)
            tokens.append(made.json["token"])

        async def remove(token: str) -> int:
            raw = json.dumps({"token": token}).encode()
            headers = [("Content-Type", "application/json")]
            place = "/trustfactor/v1/wrong-device"
            return (await send(house.app, "POST", place, headers=headers, body=raw)).status

        first = [await remove(tokens[0]), await remove(tokens[0])]
        house.bench.clock.move(timedelta(seconds=120))
        late, forged = await remove(tokens[1]), await remove("wd_" + "A" * 43)
        left = [one["contract_key"] for one in await contracts(server)]
        return [first, late, forged, left == [agents[1].contract[1]]]

    assert play(story) == [[204, 404], 404, 404, True]


@pytest.mark.parametrize(("decision", "status"), [("ACCEPT", "ACCEPTED"), ("DECLINE", "DECLINED")])
def test_a_device_decides_what_it_was_shown(decision: str, status: str) -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        await agent.register((await code(server))["payload"])
        made = await asked(server)
        listed = (await agent.asked()).json["transactions"]
        decided = [await agent.decide(listed[0], decision) for _ in range(2)]
        other = "DECLINE" if decision == "ACCEPT" else "ACCEPT"
        changed = await agent.decide(listed[0], other)
        shown = (await get(server, f"{TRANSACTIONS}/{made['transaction_id']}")).json
        left = (await agent.asked()).json["transactions"]
        return [listed[0], [one.json for one in decided], changed.status, shown, left]

    listed, decided, changed, shown, left = play(story)

    assert {name: listed[name] for name in ("action", "message", "parameters")} == {
        name: ASKED[name] for name in ("action", "message", "parameters")
    }
    assert (decided, changed, left) == ([{"status": status}] * 2, 409, [])
    lines = ("trustfactor", "1", "decision", "main", listed["transaction_id"], shown["digest"],
             decision, shown["contract_key"])  # fmt: skip
    assert (shown["status"], shown["digest"]) == (status, listed["digest"])
    Ed25519PublicKey.from_public_bytes(base64.b64decode(shown["contract_key"])).verify(
        base64.b64decode(shown["signature"]), "\n".join(lines).encode()
    )


def test_another_text_than_was_shown_is_not_decided() -> None:
    async def story(house: Surface) -> list[int]:
        server, agent = await application(house), Agent(house=house)
        await agent.register((await code(server))["payload"])
        for _ in range(2):
            await asked(server)
        first, second = (await agent.asked()).json["transactions"]
        swapped = {**first, "digest": second["digest"]}
        return [(await agent.decide(swapped)).status, (await agent.decide(first)).status]

    assert play(story) == [409, 200]


def test_a_decision_that_nobody_could_verify_later_is_none() -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        await agent.register((await code(server))["payload"])
        made = await asked(server)
        listed = (await agent.asked()).json["transactions"]
        other = KEYS.sign(agent.contract[0], b"another text")
        answer = await agent.decide(listed[0], signature=other)
        shown = (await get(server, f"{TRANSACTIONS}/{made['transaction_id']}")).json
        return [answer.status, shown["status"]]

    assert play(story) == [401, "PENDING"]


def test_a_stranger_decides_nothing() -> None:
    async def story(house: Surface) -> list[Any]:
        server = await application(house)
        owner, stranger, nobody = (Agent(house=house) for _ in range(3))
        await owner.register((await code(server))["payload"])
        await stranger.register((await code(server, user_id="eve"))["payload"])
        made = await asked(server)
        listed = (await owner.asked()).json["transactions"]
        answers = [
            await stranger.decide(listed[0]),
            await nobody.decide(listed[0]),
            await stranger.decide(listed[0], contract_key=owner.contract[1]),
        ]
        seen = (await stranger.asked()).json["transactions"]
        shown = (await get(server, f"{TRANSACTIONS}/{made['transaction_id']}")).json
        return [[one.status for one in answers], seen, shown["status"]]

    assert play(story) == [[404, 409, 401], [], "PENDING"]


def test_time_ends_a_transaction() -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        await agent.register((await code(server))["payload"])
        made = await asked(server, expires_in_seconds=60)
        listed = (await agent.asked()).json["transactions"]
        house.bench.clock.move(timedelta(seconds=60))
        late = await agent.decide(listed[0])
        shown = (await get(server, f"{TRANSACTIONS}/{made['transaction_id']}")).json
        return [late.status, shown["status"], (await agent.asked()).json["transactions"]]

    assert play(story) == [410, "EXPIRED", []]


def test_one_device_can_be_asked_and_the_others_not() -> None:
    async def story(house: Surface) -> list[int]:
        server, first, second = await application(house), Agent(house=house), Agent(house=house)
        for agent in (first, second):
            await agent.register((await code(server))["payload"])
            house.bench.clock.move(timedelta(seconds=1))
        await asked(server)
        await asked(server, contract_key=first.contract[1])
        return [len((await agent.asked()).json["transactions"]) for agent in (first, second)]

    assert play(story) == [2, 1]


# ---- callbacks: signed, made again, heard once ------------------------------------------------


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


def test_a_wrong_clock_is_told_the_time_and_is_no_try() -> None:
    async def story(house: Surface) -> list[Any]:
        server, agent = await application(house), Agent(house=house)
        made = await code(server)
        answers = [await agent.scan(made["payload"], at=1_000_000_000) for _ in range(5)]
        now = await agent.scan(made["payload"])
        return [[one.status for one in answers], answers[0].json["details"]["problems"], now.status]

    statuses, problems, now = play(story, limits=SourceLimits(per_minute=3, per_hour=100))

    assert (statuses, now) == ([400] * 5, 200)
    assert problems == [{"field": "at", "message": "here it is 1768478400: set the device's clock"}]


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


def test_one_key_is_not_two() -> None:
    async def story(house: Surface) -> int:
        server, agent = await application(house), Agent(house=house)
        agent.contract = agent.device
        return (await agent.register((await code(server))["payload"])).status

    assert play(story) == 409


def test_a_call_for_another_server_counts_for_nothing_here() -> None:
    async def story(house: Surface) -> int:
        server, agent = await application(house), Agent(house=house)
        payload = (await code(server))["payload"]
        said = {"at": int(house.bench.clock.now().timestamp()), "payload": payload}
        raw = json.dumps({**said, "device_key": agent.device[1]}).encode()
        message = f"https://evil.example{AGENT}/scan\n".encode() + raw
        headers = [JSON, ("TF-Device-Signature", KEYS.sign(agent.device[0], message))]
        answer = await send(house.app, "POST", f"{AGENT}/scan", headers=headers, body=raw)
        return answer.status

    assert play(story) == 401


@pytest.mark.parametrize("text", ["Pay\x1b[2K 1", "Pay\u202e 1", "Pay\n1"])
def test_what_is_shown_holds_nothing_that_rewrites_it(text: str) -> None:
    async def story(house: Surface) -> list[int]:
        server, agent = await application(house), Agent(house=house)
        await agent.register((await code(server))["payload"])
        tries: list[dict[str, Any]] = [
            {"message": text}, {"action": text}, {"parameters": {text: "1"}},
            {"parameters": {"1": text}},
        ]  # fmt: skip
        answers = [await server.post(TRANSACTIONS, ASKED | each) for each in tries]
        named = await server.post(CODES, {**WHO, "user_name": text})
        return [one.status for one in (*answers, named)]

    assert play(story) == [400] * 5


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
