"""Nothing changes but by a page of ours, in the hands of whom it was made for (F2, F4, E)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from engine.errors import SettingsRefused
from engine.model.names import JsonObject
from engine.web import WebConfig, build_web
from tests.bench import RIGHT
from tests.web.surface import HOST, ORIGIN, Answer, Surface, journeys_of, play, send

FORM = ("Content-Type", "application/x-www-form-urlencoded")

FORGED: dict[str, list[tuple[str, str]]] = {
    "cross-site": [("Sec-Fetch-Site", "cross-site")],
    "same-site": [("Sec-Fetch-Site", "same-site")],
    "typed into the bar": [("Sec-Fetch-Site", "none")],
    "unheard-of": [("Sec-Fetch-Site", "SAME-ORIGIN")],
    "said twice": [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
    "says nothing": [],
    "another origin": [("Origin", "https://evil.example")],
    "another port": [("Origin", f"{ORIGIN}:444")],
    "plain http": [("Origin", "http://id.example")],
    "longer name": [("Origin", f"{ORIGIN}.evil.example")],
    "with a path": [("Origin", f"{ORIGIN}/")],
    "other case": [("Origin", "https://ID.example")],
    "null": [("Origin", "null")],
    "null and same-origin": [("Origin", "null"), ("Sec-Fetch-Site", "same-origin")],
    "two origins": [("Origin", ORIGIN), ("Origin", "https://evil.example")],
    "two origins and same-origin": [
        ("Origin", ORIGIN),
        ("Origin", "https://evil.example"),
        ("Sec-Fetch-Site", "same-origin"),
    ],
    "referer alone": [("Referer", f"{ORIGIN}/web/trustweb")],
    "origin theirs, site ours": [
        ("Origin", "https://evil.example"),
        ("Sec-Fetch-Site", "same-origin"),
    ],
    "loopback beside https": [("Origin", "http://localhost"), ("Sec-Fetch-Site", "same-origin")],
    "origin ours, site theirs": [("Origin", ORIGIN), ("Sec-Fetch-Site", "cross-site")],
}
OURS: dict[str, list[tuple[str, str]]] = {
    "fetch metadata": [("Sec-Fetch-Site", "same-origin")],
    "an old browser": [("Origin", ORIGIN)],
    "both": [("Origin", ORIGIN), ("Sec-Fetch-Site", "same-origin")],
}


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_form_sent_from_elsewhere_is_refused_and_changes_nothing(
    headers: list[tuple[str, str]],
) -> None:
    async def story(house: Surface) -> list[Answer]:
        browser = house.browser()
        landing = await browser.open((await house.bench.link("two-forms", {})).secret)
        fields = {"begin": landing.field("begin"), "lang": "en"}
        begun = await browser.post(landing.action, fields, headers=headers)
        step = await browser.follow(await browser.press(landing))
        sent = await browser.post(step.action, step.hidden | {"name": "Ana"}, headers=headers)
        return [begun, sent, await browser.get(step.action)]

    begun, sent, now = play(story)

    assert (begun.status, begun.title) == (403, "This page cannot take that answer")
    assert sent.status == 403
    assert now.field("_step") == "first.1"


@pytest.mark.parametrize("headers", OURS.values(), ids=OURS)
def test_form_sent_from_our_page_is_taken(headers: list[tuple[str, str]]) -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        return await browser.post(step.action, step.hidden | {"name": "Ana"}, headers=headers)

    assert play(story).status == 303


TOKENS = {
    "none": lambda token: {},
    "empty": lambda token: {"_token": ""},
    "wrong": lambda token: {"_token": "x" * len(token)},
    "one letter off": lambda token: {"_token": token[:-2] + ("AA" if token[-2:] != "AA" else "BB")},
    "too long": lambda token: {"_token": token + "A"},
    "not ascii": lambda token: {"_token": "é" * 20},
}


@pytest.mark.parametrize("forged", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize(
    "command", [{}, {"_action": "skip"}, {"_more": "1"}, {"_language": "pt-PT"}]
)
def test_form_without_its_token_is_refused(forged: object, command: dict[str, str]) -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        hidden = {n: step.field(n) for n in ("_step", "_revision")}
        assert callable(forged)
        fields = hidden | forged(step.field("_token")) | {"name": "Ana"} | command
        return await browser.post(step.action, fields), await browser.get(step.action)

    refused, now = play(story)

    assert (refused.status, refused.title) == (403, "This page cannot take that answer")
    assert now.field("_step") == "first.1"
    assert now.title == "About you"
    assert now.field("_revision") == "1"


def test_token_of_another_visit_is_refused() -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        one = await browser.begin((await house.bench.link("two-forms", {})).secret)
        two = await browser.begin((await house.bench.link("two-forms", {})).secret)
        return await browser.post(one.action, two.hidden | {"name": "Ana"})

    assert play(story).status == 403


def test_token_of_an_older_revision_of_the_step_is_good_for_no_newer_one() -> None:
    async def story(house: Surface) -> list[Answer]:
        browser = house.browser()
        old = await browser.begin((await house.bench.link("two-forms", {})).secret)
        new = await browser.answer(old, _language="pt-PT")
        mixed = old.hidden | {"_revision": new.field("_revision")}
        forged = await browser.post(old.action, mixed | {"name": "Ana"})
        late = await browser.answer(old, name="Ana")
        return [old, new, forged, late, await browser.get(old.action)]

    old, new, forged, late, now = play(story)

    assert (old.field("_step"), old.field("_revision")) == ("first.1", "1")
    assert (new.field("_step"), new.field("_revision")) == ("first.1", "2")
    assert old.field("_token") != new.field("_token")
    assert (forged.status, late.status) == (403, 303)
    assert (now.field("_step"), now.field("_revision")) == ("first.1", "2")


def test_step_and_revision_made_up_change_nothing() -> None:
    async def story(house: Surface) -> list[Answer]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        tries = [{"_step": "second.1"}, {"_revision": "2"}, {"_step": "first.1\n"}, {"_step": ""}]
        sent = [
            await browser.post(step.action, step.hidden | each | {"name": "Ana"}) for each in tries
        ]
        return [*sent, await browser.get(step.action)]

    *sent, now = play(story)

    assert [answer.status for answer in sent] == [303] * 4
    assert now.field("_step") == "first.1"


def test_session_cookie_is_what_security_e_says() -> None:
    async def story(house: Surface) -> tuple[Answer, str]:
        browser = house.browser()
        begun = await browser.press(await browser.open((await house.bench.link()).secret))
        return begun, begun.location.rpartition("/")[2]

    begun, instance = play(story)
    (line,) = begun.all("set-cookie")
    name, _, rest = line.partition("=")
    value, *attributes = rest.split("; ")

    assert name == f"__Host-tf-{instance[:12]}"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", value)
    assert set(attributes) == {"Max-Age=3600", "Path=/", "HttpOnly", "SameSite=Lax", "Secure"}


def test_session_cookie_on_loopback_has_no_prefix_and_no_secure() -> None:
    async def story(house: Surface) -> str:
        browser = house.browser()
        begun = await browser.press(await browser.open((await house.bench.link()).secret))
        return begun.header("set-cookie")

    line = play(story, public_url="http://127.0.0.1:8000")

    assert line.startswith("tf-")
    assert "Secure" not in line


@pytest.mark.parametrize(
    "tampered",
    ["", "x", "x" * 43, "x" * 5_000, 'x"; Path=/', "é" * 43, "../../etc", "a b", "%00" * 15],
)
def test_cookie_that_was_tampered_with_is_no_session(tampered: str) -> None:
    async def story(house: Surface) -> list[int]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        (name,) = browser.cookies
        browser.cookies[name].value = tampered
        seen = await browser.get(step.action)
        return [seen.status, (await browser.answer(step, name="Ana")).status]

    assert play(story) == [401, 401]


def test_cookie_that_comes_twice_is_no_session() -> None:
    async def story(house: Surface) -> list[int]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        ((_, line),) = browser.carries()
        name = line.partition("=")[0]
        tossed = f"{name}=thrown-in-by-a-neighbour"
        tries = [[f"{line}; {tossed}"], [f"{tossed}; {line}"], [line, tossed], [tossed, line]]
        seen = [
            await send(house.app, "GET", step.action, headers=[("Cookie", each) for each in lines])
            for lines in tries
        ]
        return [answer.status for answer in seen]

    assert play(story) == [401] * 4


def test_session_of_one_visit_opens_no_other() -> None:
    async def story(house: Surface) -> tuple[int, int]:
        mine, theirs = house.browser(), house.browser()
        one = await mine.begin((await house.bench.link("two-forms", {})).secret)
        two = await theirs.begin((await house.bench.link("two-forms", {})).secret)
        (value,) = (cookie.value for cookie in mine.cookies.values())
        for cookie in theirs.cookies.values():
            cookie.value = value
        return (await theirs.get(two.action)).status, (await theirs.get(one.action)).status

    assert play(story) == (401, 401)


def test_unknown_instance_is_answered_like_one_of_somebody_else() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        mine, other = house.browser(), house.browser()
        step = await mine.begin((await house.bench.link("two-forms", {})).secret)
        return await other.get(step.action), await other.get("/web/instances/" + "Z" * 26)

    theirs, nobodys = play(story)

    assert (theirs.status, theirs.words) == (nobodys.status, nobodys.words)


def test_notice_that_we_did_not_leave_is_not_shown() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        (name,) = browser.cookies
        notice = name.replace("tf-", "tf-notice-")
        line = f"{name}={browser.cookies[name].value}; {notice}="
        forged = [("Cookie", line + "end.accepted.title.AAAA")]
        odd = [("Cookie", line + "....")]
        return (
            await send(house.app, "GET", step.action, headers=forged),
            await send(house.app, "GET", step.action, headers=odd),
        )

    forged, odd = play(story)

    assert forged.status == odd.status == 200
    assert "all done" not in forged.words


HOSTS = [
    "evil.example", "evil.example/path", "id.example@evil.example", "a b", "", "é", "x" * 500,
    "id.example:444", "id.example.", "localhost", "127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_host_that_is_not_ours_is_told_nothing(host: str) -> None:
    async def story(house: Surface) -> tuple[list[Answer], Answer]:
        secret = (await house.bench.link()).secret
        landing = await house.browser().open(secret)
        headers = [("Host", host), ("X-Forwarded-Host", "evil.example")]
        form = [*headers, ("Sec-Fetch-Site", "same-origin"), FORM]
        body = f"begin={landing.field('begin')}&lang=en".encode()
        create = f"/api/process-manager/processInstances/create?pt={secret}"
        misdirected = [
            await send(house.app, "GET", f"/web/trustweb?pt={secret}", headers=headers),
            await send(house.app, "POST", landing.action, headers=form, body=body),
            await send(house.app, "GET", "/web/instances/x", headers=headers),
            await send(house.app, "POST", create, headers=headers),
        ]
        return misdirected, await house.browser().press(landing)

    answers, begun = play(story)

    assert [answer.status for answer in answers] == [421] * 4
    assert answers[3].json["code"] == 9421
    assert begun.status == 303
    for answer in answers:
        assert "evil" not in answer.text + str(answer.headers)
        assert not answer.all("set-cookie")


def test_host_said_twice_is_none() -> None:
    async def story(house: Surface) -> Answer:
        headers = [("Host", HOST), ("Host", HOST)]
        return await send(house.app, "GET", "/web/trustweb?pt=x", headers=headers)

    assert play(story).status == 421


def test_health_is_told_under_any_name() -> None:
    async def story(house: Surface) -> list[int]:
        headers = [("Host", "192.0.2.7:8321")]
        paths = ("/healthz", "/readyz")
        return [(await send(house.app, "GET", path, headers=headers)).status for path in paths]

    assert play(story) == [200, 200]


@pytest.mark.parametrize(
    ("public_url", "host", "status"),
    [
        (ORIGIN, "id.example:443", 404),
        (ORIGIN, "ID.Example", 404),
        ("https://id.example:8443", "id.example:8443", 404),
        ("https://id.example:8443", "id.example", 421),
        ("http://127.0.0.1:8000", "localhost:8000", 404),
        ("http://127.0.0.1:8000", "[::1]:8000", 404),
        ("http://localhost:8000", "127.0.0.1:8000", 404),
        ("http://localhost", "127.0.0.1", 404),
        ("http://127.0.0.1:8000", "localhost:8001", 421),
        ("http://127.0.0.1:8000", "localhost", 421),
        ("http://127.0.0.1:8000", "evil.example:8000", 421),
        ("https://127.0.0.1:8000", "localhost:8000", 421),
    ],
)
def test_loopback_has_three_names_and_all_else_one(public_url: str, host: str, status: int) -> None:
    async def story(house: Surface) -> Answer:
        return await send(house.app, "GET", "/web/trustweb?pt=x", headers=[("Host", host)])

    assert play(story, public_url=public_url).status == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8000", 303),
        ("http://127.0.0.1:8000", 303),
        ("http://[::1]:8000", 303),
        ("https://localhost:8000", 403),
        ("http://localhost:8001", 403),
        ("http://evil.example:8000", 403),
    ],
)
def test_form_on_loopback_comes_from_any_of_its_names(origin: str, status: int) -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        step = await browser.begin((await house.bench.link("two-forms", {})).secret)
        headers = [("Origin", origin), ("Sec-Fetch-Site", "same-origin")]
        return await browser.post(step.action, step.hidden | {"name": "Ana"}, headers=headers)

    assert play(story, public_url="http://127.0.0.1:8000").status == status


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example/web/trustweb?pt=x",
        "/web/trustweb?pt=x&next=https://evil.example",
        "/web/trustweb?ps=https://evil.example/startProcess?pi=x",
        "/web/trustweb?ps=javascript:alert(1)",
        "/web/trustweb?pt=x&_redirectUrl=https://evil.example",
        "/web/trustweb?ps=//evil.example",
        "/web/trustweb?ps=https://[::1",
        "/web/trustweb//evil.example",
        "/web/instances//evil.example",
        "/\\evil.example",
    ],
)
def test_no_address_of_ours_leads_to_a_stranger(target: str) -> None:
    async def story(house: Surface) -> Answer:
        return await house.browser().get(target)

    answer = play(story)

    assert answer.status == 404
    assert not answer.location
    assert not answer.header("refresh")
    assert 'href="//' not in answer.text
    assert 'href="http' not in answer.text
    assert "action=" not in answer.text


def test_start_address_of_a_stranger_is_read_for_its_ticket_only() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        secret = (await house.bench.link()).secret
        made = await house.call("POST", f"/api/process-manager/processInstances/create?pt={secret}")
        start = made.json["redirectUrl"].replace("id.example%2Fapi", "evil.example%2Fapi")
        browser = house.browser()
        landing = await browser.get(start.removeprefix(ORIGIN), site="cross-site")
        return landing, await browser.follow(await browser.press(landing))

    landing, step = play(story)

    assert "evil" not in landing.text
    assert step.title == "Enter your passcode"


def test_return_address_off_the_list_is_not_offered() -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        given: JsonObject = {
            "userExternalId": "ines.carvalho",
            "_redirectUrl": "https://shop.example/back",
        }
        minted = await house.bench.link(parameters=given)
        house.bench.visits = replace(house.bench.visits, allowed_redirects=())
        house.app = build_web(journeys_of(house), house.config)
        step = await browser.begin(minted.secret)
        return await browser.follow(await browser.answer(step, passcode=RIGHT))

    end = play(story)

    assert end.title == "Thank you, all done"
    assert not end.header("refresh")
    assert "shop.example" not in end.text


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("http://id.example", False),
        ("https://id.example/path", True),
        ("https://user@id.example", True),
        ("https://id.example?x=1", True),
        ("ftp://id.example", True),
        ("id.example", True),
        ("https://", True),
        ("https://id.example:port", True),
        ("https://id.example:99999", True),
        ("https://[::1", True),
        ("https://idé.example", True),
        ("http://192.0.2.7:8000", False),
        ("https://id.example", False),
    ],
)
def test_address_we_cannot_stand_behind_is_refused_at_start(url: str, secure: bool) -> None:
    with pytest.raises(SettingsRefused):
        WebConfig(app_name="Farol", public_url=url, secure_cookies=secure)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://ID.Example/", "https://id.example"),
        ("https://id.example:443", "https://id.example"),
        ("https://id.example:8443", "https://id.example:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:80", "http://[::1]"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_origin_is_written_as_browsers_write_it(url: str, origin: str) -> None:
    config = WebConfig(app_name="Farol", public_url=url, secure_cookies=url.startswith("https:"))

    assert config.origin == origin
