"""Shipped journeys with a phone: registered, asked; refused, late, twice, wrong, and by an app."""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from engine.access import journey_client
from engine.model.names import MAIN_TENANT, InstanceId, JsonObject
from engine.ports.store import PageQuery
from engine.records.trustfactor import Contract, RegistrationCode
from engine.records.work import Signal
from engine.run.current import InstanceRef
from engine.run.oversight.timeline import timeline
from engine.run.pump import Pump
from engine.run.unit import Unit
from engine.web.visit import live_panel
from tests.bench import RIGHT
from tests.web.agent import Agent
from tests.web.journey import Journey
from tests.web.listening import connect
from tests.web.program import program
from tests.web.surface import Answer, Surface, play

WHO: JsonObject = {
    "userExternalId": "ines.carvalho", "userDisplayName": "Inês Carvalho",
    "applicationName": "Farol Mutual",
}  # fmt: skip
ASKED: JsonObject = {
    "userExternalId": "ines.carvalho", "applicationName": "Farol Mutual", "action": "Transfer",
    "message": "Send 250 euros to Ana?",
}  # fmt: skip
STORE = "/api/identity-store/stores/customers"
Story = Callable[[Journey], Awaitable[Any]]


def told(story: Story) -> Any:
    """Tell a story in a house with both shipped journeys and a user."""

    async def furnished(house: Surface) -> Any:
        for shipped in ("device-registration", "transaction-approval"):
            await house.bench.deploy(shipped=shipped)
        return await story(Journey(house))

    return play(furnished)


async def with_phone(journey: Journey) -> Agent:
    """Register a phone by the shipped journey, to the end."""
    phone = Agent(house=journey.house)
    await journey.begin("device-registration", WHO)
    await phone.register(journey.payload)
    await journey.look()
    await journey.answer(device="mine")
    assert journey.page.title == "Thank you, all done"
    return phone


def test_a_phone_is_added_from_the_link_to_accepted() -> None:
    async def story(journey: Journey) -> list[Any]:
        phone = Agent(house=journey.house)
        await journey.begin("device-registration", WHO)
        waiting = journey.page
        scanned = await phone.scan(journey.payload)
        still = await journey.look()
        confirmed = await phone.confirm(journey.payload)
        question = await journey.look()
        before = await journey.devices()
        end = await journey.answer(device="mine")
        after = await phone.confirm(journey_payload(waiting))
        return [waiting, still, question, end, scanned, confirmed, after, before,
                await journey.devices()]  # fmt: skip

    waiting, still, question, end, scanned, confirmed, after, before, devices = told(story)

    assert waiting.title == still.title == "Add your phone"
    assert 'role="img"' in waiting.text
    assert "Check again" in waiting.words
    assert scanned.json["user_name"] == "Inês Carvalho"
    assert (question.title, "SecuritySide TFVA" in question.words) == ("Your phone is ready", True)
    assert "This is not my phone" in question.words
    assert end.title == "Thank you, all done"
    assert (confirmed.json["status"], after.json["status"]) == ("CONFIRMED", "REGISTERED")
    assert (before, devices) == ([], ["SecuritySide TFVA"])


def journey_payload(page: Answer) -> str:
    found = re.search(r"payload=([^\"&]*)", page.text)
    assert found
    return html.unescape(found[1])


def test_the_page_speaks_portuguese_and_changes_its_language() -> None:
    async def story(journey: Journey) -> list[str]:
        await journey.begin("device-registration", WHO, "pt-PT")
        first = journey.page.title
        await journey.answer(_language="en")
        return [first, journey.page.title]

    assert told(story) == ["Adicione o seu telemóvel", "Add your phone"]


def test_a_phone_that_is_not_theirs_is_removed_and_a_new_code_offered() -> None:
    async def story(journey: Journey) -> list[Any]:
        phone = Agent(house=journey.house)
        await journey.begin("device-registration", WHO)
        first = journey.payload
        await phone.register(first)
        await journey.look()
        again = await journey.answer(device="wrong")
        late = await phone.confirm(first)
        return [again.title, journey.payload != first, late.status, await journey.devices()]

    assert told(story) == ["Add your phone", True, 409, []]


def test_nothing_is_added_that_nobody_was_asked_about() -> None:
    async def story(journey: Journey) -> list[Any]:
        phone = Agent(house=journey.house)
        await journey.begin("device-registration", WHO)
        await phone.register(journey.payload)
        journey.house.bench.clock.move(timedelta(minutes=10))
        first = (await journey.look()).title
        journey.house.bench.clock.move(timedelta(minutes=10))
        later = await journey.look()
        before = await journey.devices()
        await journey.answer(device="mine")
        return [first, later.title, "another" in later.words, before, await journey.devices()]

    assert told(story) == [
        "Your phone is ready", "Your phone is ready", False, [], ["SecuritySide TFVA"],
    ]  # fmt: skip


def test_a_question_ends_with_its_journey() -> None:
    async def story(journey: Journey) -> list[Any]:
        bench, phone = journey.house.bench, await with_phone(journey)
        await journey.begin("transaction-approval", ASKED)
        listed = (await phone.asked()).json["transactions"]
        id = InstanceId(journey.page.action.rpartition("/")[2])
        await bench.supervisor.act(InstanceRef(tenant=MAIN_TENANT, id=id), "cancel", bench.actor())
        late = await phone.decide(listed[0])
        return [(await phone.asked()).json["transactions"], late.status]

    assert told(story) == [[], 409]


def test_a_code_ends_with_its_journey() -> None:
    async def story(journey: Journey) -> list[int]:
        bench, phones = journey.house.bench, [Agent(house=journey.house) for _ in range(2)]
        await journey.begin("device-registration", WHO)
        payload = journey.payload
        await phones[0].scan(payload)
        id = InstanceId(journey.page.action.rpartition("/")[2])
        await bench.supervisor.act(InstanceRef(tenant=MAIN_TENANT, id=id), "cancel", bench.actor())
        return [(await phones[0].confirm(payload)).status, (await phones[1].scan(payload)).status]

    assert told(story) == [409, 409]


def test_what_journeys_act_as_is_nobodys_to_change() -> None:
    async def story(journey: Journey) -> list[Any]:
        await with_phone(journey)
        caller = await program(journey.house)
        place = "/api/rtas/clients/-journeys"
        answers = [
            await caller.call("DELETE", place),
            await caller.post(f"{place}/secret/exchange"),
            await caller.post(place, {"status": "BLOCKED"}),
        ]
        return [[one.status for one in answers], await journey.devices()]

    assert told(story) == [[404] * 3, ["SecuritySide TFVA"]]


def test_a_word_that_comes_while_the_page_is_made_is_heard_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(journey: Journey) -> str:
        phone, known = Agent(house=journey.house), journey_client.known_client
        await journey.begin("device-registration", WHO)
        payload = journey.payload

        async def meanwhile(unit: Unit) -> Any:
            monkeypatch.setattr(live_panel, "known_client", known)
            await phone.register(payload)
            return await known(unit)

        monkeypatch.setattr(live_panel, "known_client", meanwhile)
        await journey.look()
        after = re.search(r'data-after="(\d+)"', journey.page.text)
        assert after
        line = await connect(journey.house, journey.token, after=after[1])
        targets = [(await line.event())[0] for _ in range(2)]
        await line.go()
        return targets[1]

    assert told(story) == "RegistrationSuccessEvent"


async def _reject(journey: Journey) -> None:
    phone = Agent(house=journey.house)
    await phone.scan(journey.payload)
    await phone.reject(journey.payload)


async def _twice(journey: Journey) -> None:
    for phone in (Agent(house=journey.house), Agent(house=journey.house)):
        await phone.scan(journey.payload)


async def _late(journey: Journey) -> None:
    journey.house.bench.clock.move(timedelta(minutes=15))


@pytest.mark.parametrize(
    ("ending", "title"),
    [
        (_reject, "The phone was not added"),
        (_twice, "The phone was not added"),
        (_late, "This code has run out"),
    ],
    ids=["rejected", "twice", "late"],
)
def test_what_goes_wrong_leads_to_a_new_code_and_at_last_to_why_there_is_none(
    ending: Callable[[Journey], Awaitable[None]], title: str
) -> None:
    async def story(journey: Journey) -> list[Any]:
        await journey.begin("device-registration", WHO)
        titles, payloads = [], set()
        for _ in range(3):
            payloads.add(journey.payload)
            await ending(journey)
            await journey.look()
            titles.append(journey.page.title)
        return [titles, len(payloads), await journey.devices()]

    titles, payloads, devices = told(story)

    assert titles == ["Add your phone", "Add your phone", title]
    assert (payloads, devices) == (3, [])


def test_an_operator_sees_a_users_phones_and_removes_one() -> None:
    async def story(journey: Journey) -> list[Any]:
        phone, caller = await with_phone(journey), await program(journey.house)
        user = (await caller.get(f"{STORE}/users?extId=ines.carvalho")).json["content"][0]["id"]
        place = f"{STORE}/users/{user}/devices"
        listed = (await caller.get(place)).json["content"]
        unknown = await caller.call("DELETE", f"{place}/{'Z' * 26}")
        gone = await caller.call("DELETE", f"{place}/{listed[0]['id']}")
        after = (await caller.get(place)).json["content"]
        return [listed, unknown.status, gone.status, after, (await phone.asked()).status]

    listed, unknown, gone, after, asked = told(story)

    assert [one["name"] for one in listed] == ["SecuritySide TFVA"]
    assert (unknown, gone, after, asked) == (404, 204, [], 409)


def test_who_is_erased_has_no_phone_left() -> None:
    async def story(journey: Journey) -> list[Any]:
        phone, caller = await with_phone(journey), await program(journey.house)
        await caller.call("DELETE", f"{STORE}/users/ines.carvalho/ext")
        bench = journey.house.bench
        kinds = (Contract, RegistrationCode)
        left = [(await bench.store.page(MAIN_TENANT, kind, PageQuery())).total for kind in kinds]
        return [left, (await phone.asked()).status]

    assert told(story) == [[0, 0], 409]


def test_a_code_shows_itself_the_same_after_a_refresh_and_is_kept_nowhere() -> None:
    async def story(journey: Journey) -> list[Any]:
        await journey.begin("device-registration", WHO)
        first = journey.payload
        await journey.look()
        id = journey.page.action.rpartition("/")[2]
        loaded = await journey.house.bench.store.load(MAIN_TENANT, id)  # type: ignore[arg-type]  # an id
        rows = await journey.house.bench.store.journal(MAIN_TENANT, id)  # type: ignore[arg-type]  # as above
        return [first == journey.payload, first, journey.token, repr(loaded) + repr(rows)]

    same, payload, token, kept = told(story)

    assert same
    assert payload.rpartition(".")[2] not in kept
    assert token not in kept


def test_a_page_hears_at_once_and_only_of_its_own() -> None:
    async def story(journey: Journey) -> list[Any]:
        phone, other = Agent(house=journey.house), Journey(journey.house)
        await journey.begin("device-registration", WHO)
        await other.begin("device-registration", WHO)
        mine = await connect(journey.house, journey.token, after="0")
        theirs = await connect(journey.house, other.token, after="0")
        greetings = [await mine.event(), await theirs.event()]
        await phone.register(journey.payload)
        target, arguments = await mine.event()
        quiet = await theirs.is_quiet()
        for line in (mine, theirs):
            await line.go()
        return [[one[0] for one in greetings], target, arguments[0]["device_info"]["name"], quiet]

    assert told(story) == [
        ["ConnectionEstablished"] * 2, "RegistrationSuccessEvent", "Virtual Agent #1", True,
    ]  # fmt: skip


def test_nobody_looks_and_the_journey_goes_on_all_the_same() -> None:
    async def story(journey: Journey) -> list[Any]:
        bench, phone = journey.house.bench, Agent(house=journey.house)
        await journey.begin("device-registration", WHO)
        await phone.register(journey.payload)
        pump = Pump(store=bench.store, loop=bench.loop, clock=bench.clock)
        waiting = (await bench.store.page(MAIN_TENANT, Signal, PageQuery())).total
        await pump.sweep()
        left = (await bench.store.page(MAIN_TENANT, Signal, PageQuery())).total
        bench.clock.move(timedelta(minutes=2))
        await pump.sweep()
        await journey.look()
        return [waiting, left, journey.page.title]

    assert told(story) == [1, 0, "Your phone is ready"]


def test_a_word_that_comes_twice_moves_a_journey_once() -> None:
    async def story(journey: Journey) -> list[Any]:
        bench, phone = journey.house.bench, Agent(house=journey.house)
        await journey.begin("device-registration", WHO)
        payload = journey.payload
        for _ in range(3):
            await phone.register(payload)
            await journey.look()
        id = journey.page.action.rpartition("/")[2]
        rows = await bench.store.journal(MAIN_TENANT, id)  # type: ignore[arg-type]  # an id
        return [journey.page.title, [row.kind for row in rows].count("Signalled")]

    assert told(story) == ["Your phone is ready", 1]


@pytest.mark.parametrize(
    ("decision", "title"),
    [("ACCEPT", "Thank you, all done"), ("DECLINE", "You declined on the phone")],
)
def test_two_factors_decide(decision: str, title: str) -> None:
    async def story(journey: Journey) -> list[Any]:
        phone = await with_phone(journey)
        await journey.begin("transaction-approval", ASKED)
        waiting = journey.page
        listed = (await phone.asked()).json["transactions"]
        await phone.decide(listed[0], decision)
        await journey.look()
        return [waiting, listed[0], journey.page.title]

    waiting, listed, ended = told(story)

    assert waiting.title == "Approve on your phone"
    for words in ("Transfer", "Send 250 euros to Ana?", "Did not ask for this?"):
        assert words in waiting.words
    assert (listed["action"], listed["message"]) == ("Transfer", "Send 250 euros to Ana?")
    assert ended == title


def test_time_ends_a_question_and_the_phone_is_asked_no_more() -> None:
    async def story(journey: Journey) -> list[Any]:
        phone = await with_phone(journey)
        await journey.begin("transaction-approval", ASKED)
        listed = (await phone.asked()).json["transactions"]
        journey.house.bench.clock.move(timedelta(minutes=2))
        await journey.look()
        late = await phone.decide(listed[0])
        return [journey.page.title, late.status]

    assert told(story) == ["The request has run out", 410]


def test_without_a_phone_nothing_is_approved() -> None:
    async def story(journey: Journey) -> str:
        await journey.begin("transaction-approval", ASKED)
        return journey.page.title

    assert told(story) == "No phone is added yet"


def test_an_app_is_given_what_it_needs_to_listen_and_answers() -> None:
    async def story(journey: Journey) -> list[Any]:
        house, phone = journey.house, Agent(house=journey.house)
        minted = await house.bench.link("device-registration", WHO)
        place = f"/api/process-manager/processInstances/create?pt={minted.secret}"
        created = await house.call("POST", place)
        start = parse_qs(urlsplit(created.json["redirectUrl"]).query)["ps"][0]
        begun = await house.call("POST", "/" + start.split("/", 3)[3])
        token, id = begun.json["sessionToken"], begun.json["processInstanceId"]
        steps = f"/api/process-server/processInstances/{id}"

        async def say(screen: Answer, data: dict[str, str]) -> Answer:
            nonlocal token
            body = {"revision": screen.json["revision"], "data": data}
            place = f"{steps}/steps/{screen.json['stepKey']}"
            answer = await house.call("POST", place, body, token=token)
            token = answer.json.get("sessionToken", token)
            return answer

        waiting = await say(begun, {"passcode": RIGHT})
        panel = waiting.json["panels"][0]
        await phone.register(parse_qs(urlsplit(panel["link"]).query)["payload"][0])
        asked = await house.call("GET", f"{steps}/screen", token=token)
        done = await say(asked, {"device": "mine"})
        return [panel, asked.json["panels"], done.json["status"]]

    panel, asked, status = told(story)

    assert (panel["type"], panel["flow"]) == ("live", "registration")
    assert panel["hub"].endswith("/rtas")
    assert panel["token"].count(".") == 2
    assert asked[0]["answers"] == {"device": ["mine", "wrong"]}
    assert status == "COMPLETED_ENDED_SUCCESS"


def test_an_answer_where_none_is_asked_changes_nothing() -> None:
    async def story(journey: Journey) -> list[Any]:
        await journey.begin("device-registration", WHO)
        before = journey.page.hidden["_revision"]
        await journey.answer(device="mine")
        return [journey.page.title, journey.page.hidden["_revision"] == before]

    assert told(story) == ["Add your phone", True]


def test_the_timeline_tells_what_a_phone_has_done() -> None:
    async def story(journey: Journey) -> list[str]:
        bench = journey.house.bench
        phone = Agent(house=journey.house)
        await journey.begin("device-registration", WHO)
        await phone.register(journey.payload)
        await journey.look()
        id = journey.page.action.rpartition("/")[2]
        loaded = await bench.store.load(MAIN_TENANT, id)  # type: ignore[arg-type]  # an id
        rows = await bench.store.journal(MAIN_TENANT, id)  # type: ignore[arg-type]  # as above
        return [f"{line.actor} {line.outcome}" for line in timeline(loaded.instance, rows, {})]

    assert "device heard" in told(story)
