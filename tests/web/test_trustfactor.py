"""TrustFactor: codes, agents, contracts, transactions, callbacks (rtas.md 2, 9, 12)."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from engine.realtime.trustfactor import qr_code
from engine.web.sources import SourceLimits
from tests.web.agent import AGENT, KEYS, Agent
from tests.web.application import ApplicationServer, application
from tests.web.pixels import grey
from tests.web.program import JSON
from tests.web.surface import Answer, Surface, play, send
from tests.web.trustfactor_steps import (
    ASKED,
    CODES,
    TRANSACTIONS,
    WHO,
    asked,
    code,
    contracts,
    get,
    status_of,
)


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
