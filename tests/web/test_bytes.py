"""What strangers send, beyond limits, broken or random: the surface answers and never breaks."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message

from engine.testing import FrozenClock
from engine.web.gate.guard import HEAD_BYTES
from engine.web.sources import SourceLimits, Sources, source_of
from engine.web.wire import (
    FIELDS,
    MALFORMED,
    TOO_LONG,
    Unread,
    choose_language,
    parse_form,
    parse_json,
)
from tests.web.surface import HOST, Answer, Browser, Surface, play, run, send, surface, tell


def test_form_is_read_as_browsers_write_it() -> None:
    raw = b"name=Ana+Lu%C3%ADsa&empty=&sign=%2B%26%3D"

    assert parse_form(raw) == {"name": "Ana Luísa", "empty": "", "sign": "+&="}


@pytest.mark.parametrize(
    "raw",
    [b"name=a&name=b", b"name=%ff", b"name=%C3", b"name", b"&", b"=&&", "name=é".encode(), b"\x00",
     b"name=a;other=b&name=c", b"name=%ED%A0%80"],
)  # fmt: skip
def test_form_that_is_broken_is_not_guessed_at(raw: bytes) -> None:
    assert parse_form(raw) is MALFORMED


def test_form_of_too_many_fields_is_too_long() -> None:
    exact = b"&".join(b"f%d=x" % n for n in range(FIELDS))

    read = parse_form(exact)

    assert not isinstance(read, Unread)
    assert len(read) == FIELDS
    assert parse_form(exact + b"&more=x") is TOO_LONG


BODIES: dict[str, tuple[bytes, int, str]] = {
    "broken": (b"_step=first.1&_step=first.1", 422, "We could not read this page"),
    "too many fields": (b"&".join(b"f%d=" % n for n in range(101)), 413, "too long for this page"),
    "too many bytes": (b"name=" + b"a" * 65_600, 413, "too long for this page"),
    "far too many bytes": (b"name=" + b"a" * 2_000_000, 413, "too long for this page"),
    "nothing": (b"", 422, "We could not read this page"),
    "two commands": (b"_step=x&_revision=1&_token=x&_more=1&_action=x", 422, "We could not read"),
    "revision in words": (b"_step=x&_revision=one&_token=x", 422, "We could not read"),
    "revision in other digits": (b"_step=x&_revision=%D9%A1&_token=x", 422, "We could not read"),
    "endless revision": (b"_step=x&_revision=" + b"9" * 400 + b"&_token=x", 422, "We could not"),
}


@pytest.mark.parametrize(("raw", "status", "words"), BODIES.values(), ids=BODIES)
def test_form_that_cannot_be_read_shows_the_step_again(raw: bytes, status: int, words: str) -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        answer = await browser.post(step.action, raw)
        return answer, await browser.answer(answer, name="Ana")

    shown, then = play(story)

    assert shown.status == status
    assert words in shown.words
    assert then.status == 303


@pytest.mark.parametrize(
    "kind",
    ["multipart/form-data; boundary=x", "text/plain", "application/json",
     "application/x-www-form-urlencoded; charset=latin-1"],
)  # fmt: skip
def test_form_of_another_type_is_not_read(kind: str) -> None:
    async def story(house: Surface) -> tuple[int, int]:
        browser = house.browser()
        landing = await browser.open((await house.bench.link("two-forms", {})).secret)
        headers = [("Sec-Fetch-Site", "same-origin"), ("Content-Type", kind)]
        begun = await browser.post(
            landing.action, {"begin": landing.field("begin")}, headers=headers
        )
        step = await browser.follow(await browser.press(landing))
        sent = await browser.post(step.action, step.hidden | {"name": "Ana"}, headers=headers)
        return begun.status, sent.status

    assert play(story) == (415, 415)


@pytest.mark.parametrize("name", ["admin", "_admin", "__step", "word2", "born-hour", ""])
def test_field_the_form_does_not_have_is_refused(name: str) -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        return await browser.post(step.action, step.hidden | {"name": "Ana", name: "1"})

    refused = play(story)

    assert refused.status == 422
    assert "We could not read this page" in refused.words


async def drip(house: Surface, browser: Browser, target: str) -> Answer:
    """Send a form's head, and no body ever."""
    sent: list[Message] = []

    async def nothing() -> Message:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def take(message: Message) -> None:
        sent.append(message)

    path, _, query = target.partition("?")
    headers = [("Host", HOST), ("Sec-Fetch-Site", "same-origin"), *browser.carries()]
    headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "client": ("198.51.100.7", 1), "http_version": "1.1",
        "headers": [(n.lower().encode(), v.encode()) for n, v in headers],
    }  # fmt: skip
    async with asyncio.timeout(60):
        await house.app(scope, nothing, take)
    given = tuple((n.decode().lower(), v.decode()) for n, v in sent[0]["headers"])
    return Answer(status=sent[0]["status"], headers=given, body=sent[1]["body"])


def test_slow_body_is_cut() -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        return await drip(house, browser, step.action)

    answer = play(story, body_seconds=0.05)

    assert answer.status == 408
    assert "We could not read this page" in answer.words


def test_slow_body_is_cut_at_the_landing_page_too() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        landing = await browser.open((await house.bench.link("two-forms", {})).secret)
        return await drip(house, browser, landing.action), await browser.press(landing)

    slow, begun = play(story, body_seconds=0.05)

    assert (slow.status, slow.header("connection")) == (408, "close")
    assert slow.title == "This page cannot take that answer"
    assert begun.status == 303


def test_browser_that_goes_away_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        headers = [("Sec-Fetch-Site", "same-origin"), *browser.carries()]
        headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        return await send(house.app, "POST", step.action, headers=headers, body=[])

    assert play(story).status == 0
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/healthz", [("X-Long", "a" * HEAD_BYTES)]),
        ("/healthz?" + "a" * HEAD_BYTES, []),
        ("/" + "a" * HEAD_BYTES, []),
        ("/healthz", [(f"X-{n}", "a" * 100) for n in range(200)]),
    ],
)
def test_head_beyond_the_limit_is_refused(target: str, headers: list[tuple[str, str]]) -> None:
    async def story() -> Answer:
        return await send(surface().app, "GET", target, headers=headers)

    assert run(story).status == 431


@pytest.mark.parametrize("path", ["/rtas", "/", "/healthz"])
def test_socket_without_a_token_is_refused(path: str) -> None:
    """By a status, or where a server cannot send one by closing it."""

    async def story(extensions: dict[str, Any]) -> list[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def take(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "websocket", "path": path, "headers": [], "query_string": b"",
            "extensions": extensions,
        }  # fmt: skip
        await surface().app(scope, receive, take)
        return sent

    refused, *_ = run(lambda: story({"websocket.http.response": {}}))
    closed = run(lambda: story({}))

    assert (refused["type"], refused["status"]) == ("websocket.http.response.start", 401)
    assert [(one["type"], one["code"]) for one in closed] == [("websocket.close", 1008)]


many = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
fragments = st.sampled_from(
    [b"_step=first.1", b"_revision=1", b"_token=", b"name=", b"&", b"=", b"%", b"%00", b"%ff", b"+",
     b"_language=pt-PT", b"_more=1", b"_action=skip", b"born-day=", b"born=", b"begin=", b"lang=",
     b'{"revision": 1, "data": {', b'"name":', b'"\\ud800"', b"}}", b"[", b"1e999",
     b"\xf0\x9f\x94\x91"]
)  # fmt: skip
bodies = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(fragments, st.binary(max_size=6)), max_size=20).map(b"".join),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
)


@many
@given(raw=bodies)
def test_random_bodies_never_break_a_step(raw: bytes) -> None:
    async def story(house: Surface) -> list[int]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        token = f"_step=first.1&_revision=1&_token={step.field('_token')}&".encode()
        sent = [await browser.post(step.action, body) for body in (raw, token + raw)]
        return [answer.status for answer in sent]

    assert set(tell(story)) <= {200, 303, 403, 413, 422}


@many
@given(raw=bodies)
def test_random_bodies_never_break_a_call(raw: bytes) -> None:
    async def story(house: Surface) -> list[int]:
        secret = (await house.bench.link("two-forms", {})).secret
        create = f"/api/process-manager/processInstances/create?pt={secret}"
        made = await house.call("POST", create, raw=raw)
        if made.status != 201:
            made = await house.call("POST", create)
        start = made.json["redirectUrl"].partition("pi%3D")[2]
        where = f"/api/process-server/startProcess?pi={start}"
        first = await house.call("POST", where, raw=raw)
        if first.status != 200:
            first = await house.call("POST", where)
        instance = first.json["processInstanceId"]
        step = f"/api/process-server/processInstances/{instance}/steps/first.1"
        sent = await house.call("POST", step, raw=raw, token=first.json["sessionToken"])
        return [made.status, first.status, sent.status]

    assert set(tell(story)) <= {200, 201, 400, 415, 422}


paths = st.lists(
    st.sampled_from(
        ["/web", "/trustweb", "/instances", "/api", "/process-server", "/startProcess", "/static",
         "/processInstances", "/", "//", "/..", "/%2e%2e", "%00", "%ff", "?", "pt=", "ps=", "pi=",
         "&", "lang=", "#", "%", "Z" * 26, "/screen", "/steps", "/first.1", "https://[", "\\", "é",
         "%0d%0a"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@many
@given(
    path=paths,
    method=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT"]),
    header=st.sampled_from(
        ["Cookie", "Authorization", "Accept-Language", "Content-Type", "Origin", "X-Forwarded-For",
         "Idempotency-Key", "If-None-Match", "Host", "Content-Length"]
    ),
    value=st.one_of(
        st.text(max_size=60), st.sampled_from(["*", ";;=", "q=", "en;q=x", ",,,", "tf-"])
    ),
)  # fmt: skip
def test_random_addresses_and_heads_never_break_the_surface(
    path: str, method: str, header: str, value: str
) -> None:
    async def story(house: Surface) -> int:
        given = [(header, value), ("Sec-Fetch-Site", "same-origin")]
        return (await send(house.app, method, "/" + path, headers=given)).status

    assert tell(story) in {200, 304, 400, 401, 403, 404, 405, 415, 421}


@many
@given(text=st.text(), languages=st.permutations(["en", "pt-PT", "de"]))
def test_any_accept_language_chooses_one_that_is_there(text: str, languages: list[str]) -> None:
    assert choose_language(languages, wanted=text, accepted=text) in languages


@pytest.mark.parametrize(
    "raw",
    [b"[" * 65_536, b'{"a":' * 13_000, b'"' + b'\\"' * 32_000, b'"' * 65_535, b"\\" * 65_536,
     b'"\\' * 32_768, b"9" * 65_536, b"-" * 65_536, b"[]" * 32_768],
)  # fmt: skip
def test_hostile_json_is_refused_at_once(raw: bytes) -> None:
    began = time.process_time()

    found = parse_json(raw)

    assert isinstance(found, Unread)
    assert found.status == 422
    assert time.process_time() - began < 2  # the square of 65,536 takes far longer


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (b'{"name": "shop"', "line 1, column 16"),
        (b'{\n "name": hunter2}', "line 2, column 10"),
        (b"[]", "an object"),
        (b'{"hunter2": 1, "hunter2": 2}', "each name once"),
        (b'{"a": 9007199254740993}', "2^53"),
        (b'{"a": NaN}', "finite"),
        (b'{"a": 1e999}', "finite"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b'{"a": "\\ud800"}', "whole characters"),
        (b'{"a":' + b"[" * 16 + b"]" * 16 + b"}", "16 deep"),
    ],
)
def test_json_that_is_refused_says_why_and_not_what(raw: bytes, detail: str) -> None:
    found = parse_json(raw)

    assert isinstance(found, Unread)
    assert detail in found.detail
    assert "hunter2" not in found.detail


def test_json_as_deep_as_allowed_is_read() -> None:
    nested = b'{"a":' * 15 + b"[]" + b"}" * 15

    assert not isinstance(parse_json(nested), Unread)
    assert isinstance(parse_json(b'{"a":' + nested + b"}"), Unread)


def test_brackets_in_texts_are_no_depth() -> None:
    assert parse_json(b'{"a": "' + b"[{" * 40 + b'\\"[["}') == {"a": "[{" * 40 + '"[['}


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def seen(client: str, forwarded: list[str], trusted: list[str]) -> str:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    scope = {"type": "http", "client": (client, 1), "headers": headers}
    return source_of(scope, [ip_network(network) for network in trusted])


@pytest.mark.parametrize(
    ("client", "forwarded", "trusted", "source"),
    [
        ("198.51.100.7", [], [], "198.51.100.7"),
        ("198.51.100.7", ["203.0.113.9"], [], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9"], ["10.0.0.0/8"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.7"], ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.7, 10.0.0.2"], ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", ["rubbish"], ["10.0.0.0/8"], "10.0.0.1"),
        ("10.0.0.1", [""], ["10.0.0.0/8"], "10.0.0.1"),
        ("2001:db8:1:2:3::4", [], [], "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", [], [], "198.51.100.7"),
        ("testclient", ["203.0.113.9"], ["10.0.0.0/8"], "unknown"),
    ],
)
def test_source_is_what_may_be_believed(
    client: str, forwarded: list[str], trusted: list[str], source: str
) -> None:
    assert seen(client, forwarded, trusted) == source


def test_hour_holds_longer_than_minute() -> None:
    clock = FrozenClock()
    sources = Sources(SourceLimits(per_minute=3, per_hour=4), clock)
    for pause in (0, 100, 100, 100):
        clock.move(seconds(pause))
        sources.fail("a")

    stopped = sources.waits_until("a")
    clock.move(seconds(3600 - 301))
    just = sources.waits_until("a")
    clock.move(seconds(2))

    assert stopped is not None
    assert just == stopped
    assert sources.waits_until("a") is None


def test_clock_that_steps_back_keeps_nobody_out() -> None:
    clock = FrozenClock()
    sources = Sources(SourceLimits(per_minute=1, per_hour=10), clock)
    sources.fail("a")
    clock.move(seconds(-86_400))

    assert sources.waits_until("a") is None


def test_table_of_sources_is_bounded() -> None:
    clock = FrozenClock()
    sources = Sources(SourceLimits(per_minute=1, per_hour=2), clock)
    sources.fail("first")
    for number in range(5_000):
        sources.fail(str(number))

    assert sources.waits_until("first") is None
    assert sources.waits_until("4999") is not None
