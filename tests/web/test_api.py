"""The same visits and steps as JSON: by bearer values, with one shape of error (design 7)."""

from __future__ import annotations

import asyncio
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from engine.model.names import JsonObject
from engine.web.sources import SourceLimits
from tests.bench import RIGHT, ROOT, WRONG
from tests.web.surface import ORIGIN, PERSON, Answer, Surface, play

CREATE = "/api/process-manager/processInstances/create"
SERVER = "/api/process-server"


async def create(house: Surface, process: str = "two-forms", **headers: str) -> Answer:
    given: JsonObject | None = {} if process == "two-forms" else None
    secret = (await house.bench.link(process, given)).secret
    return await house.call("POST", f"{CREATE}?pt={secret}", {}, headers=headers.items())


async def start(house: Surface, created: Answer, body: object = None) -> Answer:
    address = parse_qs(urlsplit(created.json["redirectUrl"]).query)["ps"][0]
    return await house.call("POST", address.removeprefix(ORIGIN), body)


async def begun(house: Surface, process: str = "two-forms") -> Answer:
    return await start(house, await create(house, process))


def step_of(screen: Answer) -> str:
    told = screen.json
    return f"{SERVER}/processInstances/{told['processInstanceId']}/steps/{told['stepKey']}"


async def answer(house: Surface, screen: Answer, token: str, **body: object) -> Answer:
    return await house.call(
        "POST", step_of(screen), {"revision": screen.json["revision"]} | body, token=token
    )


def test_app_creates_starts_and_walks_to_the_end() -> None:
    async def story(house: Surface) -> list[Answer]:
        created = await create(house, "passcode-authentication")
        first = await start(house, created)
        token = first.json["sessionToken"]
        end = await answer(house, first, token, data={"passcode": RIGHT})
        where = f"{SERVER}/processInstances/{first.json['processInstanceId']}/screen"
        fresh = end.json["sessionToken"]
        return [created, first, end, await house.call("GET", where, token=fresh),
                await house.call("GET", where, token=token)]  # fmt: skip

    created, first, end, again, old = play(story)

    assert created.status == 201
    assert set(created.json) == {"redirectUrl", "processInstanceId", "themeUrl"}
    assert created.json["redirectUrl"].startswith(f"{ORIGIN}/web/trustweb?ps=https%3A%2F%2F")
    assert first.status == 200
    assert first.json["processInstanceId"] == created.json["processInstanceId"]
    assert (first.json["status"], first.json["stepKey"]) == ("ACTIVE", "ask.1")
    assert (end.status, end.json["status"]) == (200, "COMPLETED_ENDED_SUCCESS")
    assert end.json["stepKey"] is None
    assert again.json["status"] == "COMPLETED_ENDED_SUCCESS"
    assert old.status == 401


def test_created_address_is_a_landing_page_that_begins_the_same_instance() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, Answer, Answer]:
        created = await create(house)
        target = created.json["redirectUrl"].removeprefix(ORIGIN)
        browser = house.browser()
        landing = await browser.get(target, site="cross-site")
        first = await browser.press(landing, keeps=False)
        second = await browser.press(landing)
        other = await house.browser().get(target)
        return created, first, await browser.follow(second), other

    created, first, step, other = play(story)

    assert first.location == f"/web/instances/{created.json['processInstanceId']}"
    assert step.title == "About you"
    assert (other.status, other.title) == (410, "This link has been used")


def test_screen_says_all_that_the_page_shows_in_the_persons_language() -> None:
    async def story(house: Surface) -> Answer:
        return await start(house, await create(house), {"language": "pt-PT"})

    told = play(story).json

    assert (told["language"], told["title"]) == ("pt-PT", "Sobre si")
    assert told["due"] == "2026-01-15T12:05:00.000Z"
    assert told["extendable"] is True
    assert told["actions"] == [{"name": "skip", "label": "Saltar este passo"}]
    (panel,) = told["panels"]
    assert (panel["type"], panel["formDataKey"], panel["submit"]) == (
        "form",
        "person1",
        "Continuar",
    )
    name, word, born = panel["components"]
    assert name == {
        "id": "name", "type": "text", "label": "Nome", "required": True, "readOnly": False,
        "maxLength": 60,
    }  # fmt: skip
    assert (word["type"], born["type"]) == ("password", "date")


def test_answers_that_cannot_be_taken_are_told_field_by_field() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        screen = await begun(house)
        token = screen.json["sessionToken"]
        bad = {"name": "", "born": "2001-02-31", "word": "hush-hush"}
        return await answer(house, screen, token, data=bad), await answer(
            house, screen, token, data={"name": "Ana", "born": "2001-02-27", "word": "hush-hush"}
        )

    refused, taken = play(story)

    assert refused.status == 422
    assert set(refused.json) == {"code", "message", "details", "requestId"}
    assert refused.json["details"] == [
        {"field": "name", "message": "Fill in: Name"},
        {"field": "born", "message": "Enter a date that exists, such as 27 3 1985"},
    ]
    assert "hush-hush" not in refused.text
    assert "2001-02-31" not in refused.text
    assert taken.json["stepKey"] == "second.1"
    assert "hush-hush" not in taken.text


def test_wrong_passcode_gets_the_form_again_with_the_one_sentence() -> None:
    async def story(house: Surface) -> Answer:
        screen = await begun(house, "passcode-authentication")
        token = screen.json["sessionToken"]
        return await answer(house, screen, token, data={"passcode": WRONG})

    again = play(story).json

    assert again["stepKey"] == "ask.2"
    texts = [panel["text"] for panel in again["panels"] if panel["type"] == "text"]
    assert texts == [
        "That did not work. Please enter your passcode again",
        "You can try 2 more times in this visit.",
    ]


def test_answer_to_another_step_changes_nothing_and_says_so() -> None:
    async def story(house: Surface) -> list[Answer]:
        screen = await begun(house)
        token = screen.json["sessionToken"]
        await answer(house, screen, token, data={"name": "Ana"})
        late = await answer(house, screen, token, data={"name": "Bea"})
        pressed = await answer(house, screen, token, action="skip")
        longer = await answer(house, screen, token, extend=True)
        return [late, pressed, longer]

    for told in play(story):
        assert told.status == 200
        assert told.json["alreadyAnswered"] is True
        assert told.json["stepKey"] == "second.1"


def test_parallel_identical_answers_move_once() -> None:
    async def story(house: Surface) -> list[Answer]:
        screen = await begun(house)
        token = screen.json["sessionToken"]
        return await asyncio.gather(
            *(answer(house, screen, token, data={"name": "Ana"}) for _ in range(64))
        )

    told = play(story)

    assert {a.status for a in told} == {200}
    assert sum("alreadyAnswered" not in a.json for a in told) == 1
    assert {a.json["stepKey"] for a in told} == {"second.1"}


def test_button_more_time_and_language_have_their_twins() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, Answer]:
        screen = await begun(house)
        token = screen.json["sessionToken"]
        longer = await answer(house, screen, token, extend=True)
        where = f"{SERVER}/processInstances/{screen.json['processInstanceId']}/language"
        spoken = await house.call("POST", where, {"language": "pt-PT"}, token=token)
        return longer, spoken, await answer(house, spoken, token, action="skip")

    longer, spoken, skipped = play(story)

    assert longer.json["due"] == "2026-01-15T12:10:00.000Z"
    assert spoken.json["title"] == "Sobre si"
    assert skipped.json["stepKey"] == "second.1"


def test_lost_answer_to_the_right_passcode_is_made_good() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, Answer]:
        screen = await begun(house, "passcode-authentication")
        token = screen.json["sessionToken"]
        await answer(house, screen, token, data={"passcode": RIGHT})
        again = await answer(house, screen, token, data={"passcode": RIGHT})
        where = f"{SERVER}/processInstances/{screen.json['processInstanceId']}/screen"
        fresh = again.json["sessionToken"]
        return (
            again,
            await house.call("GET", where, token=fresh),
            await house.call("GET", where, token=token),
        )

    again, fresh, old = play(story)

    assert (again.status, again.json["alreadyAnswered"]) == (200, True)
    assert fresh.json["status"] == "COMPLETED_ENDED_SUCCESS"
    assert old.status == 401


SIGN_IN = (ROOT / "definitions/passcode-authentication.yaml").read_text("utf-8")
THEN_A_FORM = SIGN_IN.replace("version: 1\n", "version: 2\n", 1).replace(
    "    next: decide\n\n  decide:",
    """    next: more

  more:
    activity: Custom Data Form
    inputs: {dataFormName: person, dataFormVersion: 1, formDataKey: person1}
    next: decide

  decide:""",
)


def test_value_replaced_by_a_pass_may_look_and_answer_nothing() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        await house.bench.deploy(THEN_A_FORM, {"person.v1": PERSON})
        screen = await begun(house, "passcode-authentication")
        old = screen.json["sessionToken"]
        form = await answer(house, screen, old, data={"passcode": RIGHT})
        late = await answer(house, form, old, data={"name": "Mallory"})
        new = late.json["sessionToken"]
        return late, await answer(house, form, new, data={"name": "Ana"})

    late, taken = play(story)

    assert (late.json["stepKey"], late.json["alreadyAnswered"]) == ("more.1", True)
    assert taken.json["status"] == "COMPLETED_ENDED_SUCCESS"


def test_same_idempotency_key_gives_the_same_bytes_and_a_ticket_that_works() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, Answer, Answer]:
        secret = (await house.bench.link("two-forms", {})).secret
        key = [("Idempotency-Key", "order-4711")]
        one = await house.call("POST", f"{CREATE}?pt={secret}", {}, headers=key)
        two = await house.call("POST", f"{CREATE}?pt={secret}", {}, headers=key)
        other = await house.call("POST", f"{CREATE}?pt={secret}", {})
        return one, two, other, await start(house, two)

    one, two, other, started = play(story)

    assert (one.status, two.status, started.status) == (201, 201, 200)
    assert one.body == two.body
    assert (other.status, other.json["message"]) == (410, "This link has been used.")


def test_idempotency_key_of_a_started_instance_leaves_the_app_its_session() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        secret = (await house.bench.link("two-forms", {})).secret
        key = [("Idempotency-Key", "order-4711")]
        created = await house.call("POST", f"{CREATE}?pt={secret}", {}, headers=key)
        screen = await start(house, created)
        again = await house.call("POST", f"{CREATE}?pt={secret}", {}, headers=key)
        return again, await answer(house, screen, screen.json["sessionToken"], data={"name": "Ana"})

    again, taken = play(story)

    assert again.status == 410
    assert taken.json["stepKey"] == "second.1"


def test_lost_answer_to_a_start_is_given_again_until_the_first_answer() -> None:
    async def story(house: Surface) -> tuple[Answer, ...]:
        created = await create(house)
        lost, again = await start(house, created), await start(house, created)
        taken = await answer(house, again, again.json["sessionToken"], data={"name": "Ana"})
        return lost, again, taken, await start(house, created)

    lost, again, taken, late = play(story)

    assert (lost.status, again.status, late.status) == (200, 200, 410)
    assert again.json["stepKey"] == lost.json["stepKey"] == "first.1"
    assert again.json["sessionToken"] != lost.json["sessionToken"]
    assert taken.json["stepKey"] == "second.1"


def test_ticket_does_not_start_after_fifteen_minutes() -> None:
    async def story(house: Surface) -> Answer:
        created = await create(house)
        house.bench.wait(minutes=15)
        return await start(house, created)

    assert play(story).status == 410


@pytest.mark.parametrize("target", ["", "?pt=", "?pt=x&pt=y", "?pt=pt_" + "x" * 43, "?pt=é"])
def test_link_that_is_none_creates_nothing(target: str) -> None:
    async def story(house: Surface) -> Answer:
        return await house.call("POST", CREATE + target, {})

    refused = play(story)

    assert (refused.status, refused.json["code"]) == (404, 9404)


@pytest.mark.parametrize(
    "pi", ["", "x", "Z" * 26, "Z" * 26 + ".", "Z" * 26 + "." + "x" * 43, "%00"]
)
def test_ticket_that_is_none_starts_nothing(pi: str) -> None:
    async def story(house: Surface) -> Answer:
        return await house.call("POST", f"{SERVER}/startProcess?pi={pi}")

    assert play(story).status == 404


@pytest.mark.parametrize(
    "authorization",
    [
        None, "", "Bearer", "Bearer ", "Bearer x", "Basic {token}", "Bearer {token} {token}",
        "Bearer {token}x", "{token}", "Bearer é", "Bearer " + "x" * 3_000,
    ],
)  # fmt: skip
def test_call_without_its_session_is_denied(authorization: str | None) -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        screen = await begun(house)
        value = (authorization or "").format(token=screen.json["sessionToken"])
        headers = [("Authorization", value)] if authorization is not None else []
        where = f"{SERVER}/processInstances/{screen.json['processInstanceId']}/screen"
        body = {"revision": screen.json["revision"], "data": {"name": "Ana"}}
        return (
            await house.call("GET", where, headers=headers),
            await house.call("POST", step_of(screen), body, headers=headers),
        )

    for refused in play(story):
        assert (refused.status, refused.json["code"]) == (401, 7)
        assert refused.header("www-authenticate") == "Bearer"


def test_two_bearers_are_none() -> None:
    async def story(house: Surface) -> Answer:
        screen = await begun(house)
        bearer = ("Authorization", f"Bearer {screen.json['sessionToken']}")
        where = f"{SERVER}/processInstances/{screen.json['processInstanceId']}/screen"
        return await house.call("GET", where, headers=[bearer, bearer])

    assert play(story).status == 401


def test_session_of_one_kind_is_none_of_the_other() -> None:
    async def story(house: Surface) -> tuple[int, int]:
        screen = await begun(house)
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        (name,) = browser.cookies
        value = browser.cookies[name].value
        as_app = await house.call(
            "GET", f"{SERVER}{step.action.replace('/web/instances', '/processInstances')}/screen",
            token=value,
        )  # fmt: skip
        instance = screen.json["processInstanceId"]
        browser.cookies[f"__Host-tf-{instance[:12]}"] = browser.cookies.pop(name)
        browser.cookies[f"__Host-tf-{instance[:12]}"].value = screen.json["sessionToken"]
        return as_app.status, (await browser.get(f"/web/instances/{instance}")).status

    assert play(story) == (401, 401)


def test_cookies_are_ignored_by_calls() -> None:
    async def story(house: Surface) -> tuple[int, int]:
        screen = await begun(house)
        instance, value = screen.json["processInstanceId"], screen.json["sessionToken"]
        cookies = [("Cookie", f"__Host-tf-{instance[:12]}={value}")]
        body = {"revision": screen.json["revision"], "data": {"name": "Ana"}}
        where = f"{SERVER}/processInstances/{instance}/screen"
        seen = await house.call("GET", where, headers=cookies)
        sent = await house.call("POST", step_of(screen), body, headers=cookies)
        return seen.status, sent.status

    assert play(story) == (401, 401)


def test_instance_of_somebody_else_is_answered_like_one_that_does_not_exist() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        mine, theirs = await begun(house), await begun(house)
        token = mine.json["sessionToken"]
        where = f"{SERVER}/processInstances/"
        return (
            await house.call(
                "GET", f"{where}{theirs.json['processInstanceId']}/screen", token=token
            ),
            await house.call("GET", f"{where}{'Z' * 26}/screen", token=token),
        )

    theirs, nobodys = play(story)
    mask = re.compile(r'"requestId":"[A-Z0-9]{26}"')

    assert (theirs.status, theirs.headers) == (nobodys.status, nobodys.headers)
    assert mask.sub("", theirs.text) == mask.sub("", nobodys.text)


def test_guessed_bearers_make_their_source_wait() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        screen = await begun(house)
        for number in range(3):
            await answer(house, screen, f"{number:043d}", data={"name": "Ana"})
        token = screen.json["sessionToken"]
        stopped = await answer(house, screen, token, data={"name": "Ana"})
        house.bench.wait(seconds=61)
        return stopped, await answer(house, screen, token, data={"name": "Ana"})

    stopped, later = play(story, limits=SourceLimits(per_minute=3, per_hour=100))

    assert (stopped.status, stopped.json["code"]) == (429, 9429)
    assert int(stopped.header("retry-after")) == 61
    assert later.status == 200


DEEP = "[" * 17 + "]" * 17
BAD = {
    "not json": b"{",
    "no object": b"[]",
    "a number": b"1",
    "null": b"null",
    "a key twice": b'{"revision": 1, "revision": 1, "data": {}}',
    "a key twice inside": b'{"revision": 1, "data": {"name": "a", "name": "b"}}',
    "too deep": f'{{"revision": 1, "data": {DEEP}}}'.encode(),
    "NaN": b'{"revision": NaN, "data": {}}',
    "infinity": b'{"revision": Infinity, "data": {}}',
    "endless number": b'{"revision": 1e999, "data": {}}',
    "beyond 2^53": b'{"revision": 9007199254740993, "data": {}}',
    "many digits": b'{"revision": ' + b"9" * 5_000 + b', "data": {}}',
    "half a character": b'{"revision": 1, "data": {"name": "\\ud800"}}',
    "not utf-8": b'{"revision": 1, "data": {"name": "\xff"}}',
    "other encoding": '{"revision": 1, "data": {}}'.encode("utf-16"),
    "revision as text": b'{"revision": "1", "data": {}}',
    "revision as truth": b'{"revision": true, "data": {}}',
    "revision below 0": b'{"revision": -1, "data": {}}',
    "revision in halves": b'{"revision": 1.5, "data": {}}',
    "no revision": b'{"data": {}}',
    "nothing wanted": b'{"revision": 1}',
    "two things wanted": b'{"revision": 1, "data": {}, "action": "skip"}',
    "unheard-of": b'{"revision": 1, "status": "COMPLETED_ENDED_SUCCESS"}',
    "data is text": b'{"revision": 1, "data": "x"}',
    "data nested": b'{"revision": 1, "data": {"name": {"a": 1}}}',
    "data listed": b'{"revision": 1, "data": {"name": ["a", "b"]}}',
    "action is a number": b'{"revision": 1, "action": 1}',
    "extend is false": b'{"revision": 1, "extend": false}',
}


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD)
def test_body_that_is_none_of_ours_is_refused_and_changes_nothing(raw: bytes) -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        screen = await begun(house)
        token = screen.json["sessionToken"]
        refused = await house.call("POST", step_of(screen), raw=raw, token=token)
        return refused, await answer(house, screen, token, data={"name": "Ana"})

    refused, taken = play(story)

    assert (refused.status, refused.json["code"]) == (400, 9400)
    assert set(refused.json) == {"code", "message", "details", "requestId"}
    assert refused.json["details"], "it says what must be sent"
    assert "alreadyAnswered" not in taken.json


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "", "*/*", "application/jsonp",
     "application/json; charset=latin-1"],
)  # fmt: skip
def test_body_of_another_type_is_not_read(kind: str) -> None:
    async def story(house: Surface) -> Answer:
        screen = await begun(house)
        raw = json.dumps({"revision": 1, "data": {"name": "Ana"}}).encode()
        return await house.call(
            "POST", step_of(screen), raw=raw, token=screen.json["sessionToken"],
            headers=[("Content-Type", kind)],
        )  # fmt: skip

    assert play(story).status == 415


def test_field_the_form_does_not_have_is_refused() -> None:
    async def story(house: Surface) -> Answer:
        screen = await begun(house)
        token = screen.json["sessionToken"]
        return await answer(house, screen, token, data={"name": "Ana", "admin": True})

    assert play(story).status == 422


def test_body_beyond_the_limit_is_not_read() -> None:
    async def story(house: Surface) -> Answer:
        screen = await begun(house)
        token = screen.json["sessionToken"]
        return await answer(house, screen, token, data={"name": "A" * 65_536})

    refused = play(story)

    assert (refused.status, refused.json["code"]) == (413, 9413)
    assert refused.header("connection") == "close"
