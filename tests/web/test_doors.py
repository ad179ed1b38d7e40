"""The table of routes: each door with permission and object rule; all else is shut (F1, F6, F7)."""

from __future__ import annotations

import gc
import json
import logging
import re
import weakref
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import SettingsRefused, StoreUnavailable, UnknownOutcome
from engine.logs import JsonLines
from engine.web.api.process_manager.creating import INSTANCES
from engine.web.gate.door import Door, Needs
from engine.web.pages import static_files
from engine.web.request import Ask
from engine.web.routes import DOORS
from engine.web.sources import SourceLimits
from engine.web.surface import build_web
from tests.bench import RIGHT, WRONG
from tests.web.surface import Answer, Surface, journeys_of, play, run, send, surface

STYLE = next(name for name in static_files() if name.endswith(".css"))
ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}


def path_of(door: Door, instance: str = "Z" * 26) -> str:
    filled = door.path.replace("{instance}", instance).replace("{step}", "first.1")
    return re.sub(r"\{\w+\}", "Z" * 26, filled.replace("{name}", STYLE))


OPEN = {
    "/healthz", "/readyz", "/web/device", "/web/static/{name}", "/docs", "/openapi.json",
    "/rtas/.well-known/jwks.json", "/rtas/rtas-ui.js", "/rtas/mobile",
}  # fmt: skip


def test_only_health_and_files_are_open_to_anybody() -> None:
    asking = {door.path for door in DOORS if door.method == "OPTIONS"}

    assert {door.path for door in DOORS if door.permission == "anybody"} == OPEN | asking
    assert asking == {"/rtas", "/rtas/negotiate"}


def test_every_door_that_touches_an_instance_asks_for_that_instances_session() -> None:
    touching = {door.path for door in DOORS if "{instance}" in door.path}
    asked = {door.path for door in DOORS if door.rule == "the session's own instance"}

    assert touching == asked


def wanted_of(door: Door, who: str, *, allowed: bool) -> int:  # noqa: PLR0911 - a table
    if door.permission == "anybody":
        return 204 if door.method == "OPTIONS" else 200
    if door.permission in ("application", "end user", "provider"):
        return 401
    if door.permission in ("key", "device"):
        return 400  # a key that is none, or no word of a device
    if isinstance(door.permission, Needs):
        return 401
    if door.path.startswith(INSTANCES) and who in ("a bearer", "another visit"):
        return 401  # what comes with a bearer value is judged by it
    if door.permission in ("page session", "app session"):
        return (200 if door.method == "GET" else 415) if allowed else 401
    if door.method == "GET" or door.path.startswith("/api"):
        return 404  # a link that is none
    return 415  # a form that is none


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.method} {door.path}")
@pytest.mark.parametrize("who", ["nobody", "a cookie", "a bearer", "another visit"])
def test_table_of_routes_and_callers(door: Door, who: str) -> None:
    async def story(house: Surface) -> tuple[int, int]:
        browser = house.browser()
        mine = await browser.begin((await house.bench.link("two-forms", {})).secret)
        theirs = await house.browser().begin((await house.bench.link("two-forms", {})).secret)
        (cookie,) = (c.value for c in browser.cookies.values())
        target = path_of(
            door, (theirs if who == "another visit" else mine).action.rpartition("/")[2]
        )
        headers = {
            "nobody": [],
            "a cookie": browser.carries(),
            "a bearer": [("Authorization", f"Bearer {cookie}")],
            "another visit": [*browser.carries(), ("Authorization", f"Bearer {cookie}")],
        }[who]
        sent = [*headers, ("Sec-Fetch-Site", "same-origin")]
        answer = await send(house.app, door.method, target, headers=sent)
        allowed = who == "a cookie" and door.permission == "page session"
        return answer.status, wanted_of(door, who, allowed=allowed)

    got, wanted = play(story)

    assert got == wanted


TAKEN = {(path_of(door), door.method) for door in DOORS}


@pytest.mark.parametrize(
    ("path", "method"),
    [
        (path, method)
        for path in sorted({path for path, _ in TAKEN})
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "X")
        if (path, method) not in TAKEN
    ],
)
def test_method_that_is_not_in_the_table_is_not_taken(path: str, method: str) -> None:
    async def story() -> Answer:
        return await send(surface().app, method, path)

    answer = run(story)

    assert answer.status == 405
    assert set(answer.header("allow").split(", ")) <= {"GET", "HEAD", "POST", "DELETE", "OPTIONS"}


@pytest.mark.parametrize(
    "path",
    [
        "/", "/web", "/web/", "/api", "/api/", "/web/instances", "/web/instances/", "/favicon.ico",
        "/web/static/", "/web/static/../../secret.py", "/web/static/%2e%2e/routes.py",
        "/web/static/page.css", "/api/process-server/processInstances", "/docs/", "/openapi.yaml",
        "/web/instances/x/steps", "/%00", "/%ff%fe", "/caf%C3%A9", "/web/instances/%F0%9F%94%91",
        "/api/%E2%80%AE", "//", "/healthz/",
    ],
)  # fmt: skip
def test_path_that_is_not_in_the_table_is_not_there(path: str) -> None:
    async def story() -> Answer:
        return await send(surface().app, "GET", path)

    answer = run(story)

    assert (
        answer.status in (404, 401) if path.startswith("/web/instances/") else answer.status == 404
    )
    if path.startswith("/api/"):
        assert answer.json["code"] == 9404
    assert all(answer.header(name) == value for name, value in ALWAYS.items())


def test_two_doors_in_one_place_are_refused() -> None:
    house = surface()

    with pytest.raises(SettingsRefused):
        build_web(journeys_of(house), house.config, doors=(*DOORS, replace(DOORS[0])))


def test_head_answers_like_get() -> None:
    async def story(house: Surface) -> list[tuple[int, int]]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        return [
            ((await browser.get(path, method="HEAD")).status, (await browser.get(path)).status)
            for path in (step.action, "/healthz", f"/web/static/{STYLE}", "/nowhere")
        ]

    assert all(head == get for head, get in play(story))


def test_every_answer_carries_its_headers() -> None:
    async def story(house: Surface) -> list[Answer]:
        browser = house.browser()
        landing = await browser.open((await house.bench.link("two-forms", {})).secret)
        begun = await browser.press(landing)
        step = await browser.follow(begun)
        return [
            landing, begun, step,
            await browser.answer(step),
            await browser.answer(step, name="Ana"),
            await browser.get("/nowhere"),
            await browser.get("/healthz"),
            await browser.get(f"/web/static/{STYLE}"),
            await house.call("GET", "/api/process-server/processInstances/" + "Z" * 26 + "/screen"),
        ]  # fmt: skip

    answers = play(story)

    for answer in answers:
        assert {name: answer.header(name) for name in ALWAYS} == ALWAYS, answer
        assert "charset=utf-8" in answer.header("content-type") or answer.status == 303
        policy = answer.header("content-security-policy")
        for rule in (
            "default-src 'none'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
        ):
            assert rule in policy
        assert "unsafe" not in policy
    for answer in answers[:5]:
        assert answer.header("cache-control") == "no-store"
    nonces = {answer.header("content-security-policy") for answer in answers[:1] + answers[2:4]}
    assert len(nonces) == 3


def test_only_the_pages_own_script_carries_the_nonce() -> None:
    async def story(house: Surface) -> Answer:
        return await house.browser().open((await house.bench.link()).secret)

    page = play(story)
    policy = page.header("content-security-policy")
    nonce = policy.partition("'nonce-")[2].partition("'")[0]

    assert len(nonce) >= 22
    assert page.text.count(f'nonce="{nonce}"') == page.text.count("<script") == 1
    assert "<style" not in page.text
    assert " style=" not in page.text


def test_no_transport_security_on_plain_loopback() -> None:
    async def story(house: Surface) -> Answer:
        return await house.browser().get("/healthz")

    assert not play(story, public_url="http://127.0.0.1:8000").header("strict-transport-security")


def test_files_never_change_under_their_name() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        first = await browser.get(f"/web/static/{STYLE}")
        again = [("If-None-Match", first.header("etag"))]
        return first, await send(house.app, "GET", f"/web/static/{STYLE}", headers=again)

    first, again = play(story)

    assert first.header("cache-control") == "public, max-age=31536000, immutable"
    assert first.body == static_files()[STYLE].body
    assert (again.status, again.body) == (304, b"")


def test_health_says_whether_it_is_ready() -> None:
    async def story(house: Surface) -> list[int]:
        fine = await house.call("GET", "/readyz")
        house.is_ready = False
        return [fine.status, (await house.call("GET", "/readyz")).status,
                (await house.call("GET", "/healthz")).status]  # fmt: skip

    assert play(story) == [200, 503, 200]


CANARY = "CANARY-hush-hush-1234"


async def broken(ask: Ask) -> Response:
    secret = CANARY
    message = f"cannot read {secret}"
    raise RuntimeError(message)


async def full(ask: Ask) -> Response:
    raise StoreUnavailable(reason="disk full")


async def silent(ask: Ask) -> Response:
    raise UnknownOutcome(reason="IOError")


def breaking(path: str, answer: Callable[[Ask], Awaitable[Response]]) -> Surface:
    house = surface()
    door = Door(path=path, method="GET", permission="anybody", rule="none", answer=answer)
    house.app = build_web(journeys_of(house), house.config, doors=(*DOORS, door))
    return house


def test_broken_page_shows_a_reference_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> Answer:
        return await send(breaking("/web/broken", broken).app, "GET", f"/web/broken?pt={CANARY}")

    with caplog.at_level(logging.INFO):
        answer = run(story)
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records]

    assert (answer.status, answer.title) == (500, "Sorry, something went wrong")
    fault, request = lines
    assert fault["requestId"] in answer.text
    assert fault["type"] == "RuntimeError"
    assert fault["code"] == "unexpected"
    assert any("broken" in frame for frame in fault["frames"])
    assert request["status"] == 500
    told = answer.text.replace(f"pt={CANARY}", "") + json.dumps(lines)
    assert CANARY not in told
    assert "RuntimeError" not in answer.text


def test_broken_call_has_the_shape_of_every_error() -> None:
    async def story() -> Answer:
        return await send(breaking("/api/broken", broken).app, "GET", "/api/broken")

    answer = run(story)

    assert answer.status == 500
    assert set(answer.json) == {"code", "message", "details", "requestId"}
    assert answer.json["code"] == 1
    assert len(answer.json["requestId"]) == 26
    assert CANARY not in answer.text


@pytest.mark.parametrize("fault", [full, silent])
def test_store_that_takes_or_says_nothing_is_busy(
    fault: Callable[[Ask], Awaitable[Response]],
) -> None:
    async def story() -> tuple[Answer, Answer]:
        page = await send(breaking("/web/full", fault).app, "GET", "/web/full")
        return page, await send(breaking("/api/full", fault).app, "GET", "/api/full")

    page, call = run(story)

    assert (page.status, call.status) == (503, 503)
    assert page.header("retry-after") == call.header("retry-after") == "5"


def test_request_is_forgotten_once_it_is_answered() -> None:
    """Its head holds a session's value, which shall not wait for the garbage collector."""
    left: list[weakref.ref[Request]] = []

    async def remembering(ask: Ask) -> Response:
        left.append(weakref.ref(ask.request))
        return Response()

    async def story() -> None:
        await send(breaking("/api/some", remembering).app, "GET", "/api/some")

    gc.disable()
    try:
        run(story)

        assert [request() for request in left] == [None]
    finally:
        gc.enable()


def test_log_holds_one_line_per_request_and_no_value(caplog: pytest.LogCaptureFixture) -> None:
    async def story(house: Surface) -> tuple[str, str, str]:
        browser = house.browser()
        secret = (await house.bench.link()).secret
        step = await browser.begin(secret)
        await browser.answer(step, passcode=WRONG)
        (cookie,) = (c.value for c in browser.cookies.values())
        return secret, cookie, step.action.rpartition("/")[2]

    with caplog.at_level(logging.INFO, logger="trustflow"):
        secret, cookie, instance = play(story)
    written = [(record.name, JsonLines().format(record)) for record in caplog.records]
    lines = [line for name, line in written if name == "trustflow.web"]

    assert [json.loads(line)["route"] for line in lines] == [
        "/web/trustweb", "/web/trustweb", "/web/instances/{instance}", "/web/instances/{instance}",
    ]  # fmt: skip
    assert {json.loads(line)["event"] for line in lines} == {"request"}
    assert instance not in "\n".join(lines)
    everything = "\n".join(line for _, line in written)
    for value in (secret, secret[3:], cookie, WRONG, WRONG.replace(" ", "+"), "ines"):
        assert value not in everything


def test_source_that_guesses_links_must_wait_and_others_need_not() -> None:
    async def story(house: Surface) -> list[Answer]:
        secret = (await house.bench.link()).secret
        guesser, other = house.browser(), house.browser(address="203.0.113.9")
        for number in range(5):
            await guesser.open(f"pt_{number:043d}")
        stopped, free = await guesser.open(secret), await other.open(secret)
        house.bench.wait(seconds=61)
        return [stopped, free, await guesser.open(secret)]

    stopped, free, later = play(story, limits=SourceLimits(per_minute=5, per_hour=100))

    assert (stopped.status, stopped.title) == (429, "Please wait a little")
    assert stopped.header("retry-after") == "61"
    assert (free.status, later.status) == (200, 200)


def test_failed_passcodes_count_for_their_source_and_a_waiting_source_is_not_even_read() -> None:
    async def story(house: Surface) -> tuple[Answer, int, int]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link()).secret)
        for _ in range(2):
            step = await browser.follow(await browser.answer(step, passcode=WRONG))
        before = len(house.bench.pool.calls)
        stopped = await browser.answer(step, passcode=RIGHT)
        return stopped, before, len(house.bench.pool.calls)

    stopped, before, after = play(story, limits=SourceLimits(per_minute=2, per_hour=100))

    assert stopped.status == 429
    assert before == after


@pytest.mark.parametrize("who", ["ines.carvalho", "nobody.at.all"])
def test_failures_on_one_page_count_for_their_source_whoever_was_named(who: str) -> None:
    async def story(house: Surface) -> Answer:
        await house.bench.deploy(shipped="sign-in")
        browser = house.browser()
        step = await browser.begin((await house.bench.link("sign-in", {})).secret)
        for _ in range(2):
            step = await browser.follow(await browser.answer(step, identifier=who, passcode=WRONG))
        return await browser.answer(step, identifier="ines.carvalho", passcode=RIGHT)

    assert play(story, limits=SourceLimits(per_minute=2, per_hour=100)).status == 429


def test_right_answers_never_make_a_source_wait() -> None:
    async def story(house: Surface) -> list[str]:
        ends = []
        for _ in range(4):
            browser = house.browser()
            step = await browser.begin((await house.bench.link()).secret)
            ends.append((await browser.follow(await browser.answer(step, passcode=RIGHT))).title)
        return ends

    told = play(story, limits=SourceLimits(per_minute=2, per_hour=2))

    assert told == ["Thank you, all done"] * 4


def test_limit_hit_is_a_security_event_with_its_source(caplog: pytest.LogCaptureFixture) -> None:
    async def story(house: Surface) -> None:
        browser = house.browser()
        for _ in range(3):
            await browser.open("pt_unknown")

    with caplog.at_level(logging.WARNING, logger="trustflow.web"):
        play(story, limits=SourceLimits(per_minute=2, per_hour=100))
    (line,) = [json.loads(JsonLines().format(record)) for record in caplog.records]

    assert (line["event"], line["source"]) == ("source-limit", "198.51.100.7")
