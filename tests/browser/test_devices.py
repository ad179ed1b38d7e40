"""Pages that wait for a phone, in Chromium: they count, say when the line is cut, and go on."""

from __future__ import annotations

import base64

import pytest
import zxingcpp
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.bench import RIGHT
from tests.browser.conftest import People, Person, Served
from tests.clients.test_rtas_ui import GREY
from tests.phones import does, payload_in
from tests.shipped import PHONE

pytestmark = pytest.mark.browser
LOOKS = [("en-GB", 1280), ("pt-PT", 320)]


def at_the_code(
    served: Served, person: People, *, locale: str = "en-GB", width: int = 1280
) -> Person:
    """Come to the page that shows the code."""
    served.do(lambda: served.house.deploy(shipped="device-registration"))
    someone = person(locale=locale, width=width)
    given = {"userExternalId": "ines.carvalho", **PHONE}
    someone.opens(served.link(process="device-registration", parameters=given))
    someone.answers(RIGHT)
    expect(someone.page.locator("[data-live]")).to_be_visible()
    return someone


def codes_in(page: Page) -> list[str]:
    """Read what a camera would, by a decoder that nobody here wrote."""
    picture = base64.b64encode(page.screenshot(full_page=True)).decode()
    width, height, pixels = page.evaluate(GREY, picture)
    shown = memoryview(base64.b64decode(pixels)).cast("B", (height, width))
    return [one.text for one in zxingcpp.read_barcodes(shown)]


@pytest.mark.parametrize(("locale", "width"), LOOKS)
def test_the_square_code_leads_where_the_button_does(
    served: Served, person: People, locale: str, width: int
) -> None:
    someone = at_the_code(served, person, locale=locale, width=width)

    link = someone.page.locator(".link > a.button").get_attribute("href")

    assert codes_in(someone.page) == [link]


def test_whoever_looks_on_for_two_minutes_is_taken_to_be_content(
    served: Served, person: People
) -> None:
    someone = at_the_code(served, person)
    page, shown = someone.page, someone.page.content()
    page.clock.install()
    with page.expect_navigation():
        served.do(lambda: does(served.surface, "register", shown, None))
    expect(page.get_by_role("timer")).to_contain_text("You can do this here for another")

    with page.expect_navigation():
        page.clock.run_for(121_000)

    expect(page.locator("h1")).to_have_text("Thank you, all done")


def test_the_page_asks_anew_once_the_code_has_run_out(served: Served, person: People) -> None:
    someone = at_the_code(served, person)
    page, first = someone.page, payload_in(someone.page.content())
    page.clock.install()
    page.reload()
    expect(page.get_by_role("timer")).to_contain_text("left. The code works until")
    served.wait(minutes=15)

    with page.expect_navigation():
        page.clock.run_for(901_000)

    expect(page.locator("h1")).to_have_text("Add your phone")
    assert payload_in(page.content()) != first


def test_a_page_whose_line_is_cut_says_so_and_keeps_its_code(
    served: Served, person: People
) -> None:
    someone = at_the_code(served, person)
    live = someone.page.locator("[data-live]")
    expect(live).to_have_text("Waiting for your phone")

    someone.page.route("**/rtas/negotiate*", lambda route: route.abort())
    cut(served, live, "No connection at the moment")

    assert codes_in(someone.page) != []

    someone.page.unroute("**/rtas/negotiate*")

    expect(live).to_have_text("Waiting for your phone", timeout=20_000)


WAITING = {"en-GB": "Waiting for your phone", "pt-PT": "À espera do seu telemóvel"}
STOPPED = {
    "en-GB": "This page no longer moves on by itself. Use Check again.",
    "pt-PT": "Esta página já não avança sozinha. Use Verificar novamente.",
}
MINUTE = 60_000


def refuse_its_token(page: Page) -> None:
    """Answer as the hub does when a token is over."""
    page.route("**/rtas/negotiate*", lambda route: route.fulfill(status=401))


def pages_asked_for(page: Page) -> list[str]:
    """Note from now on how the page itself is asked for: to be shown, or to be looked at first."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/web/instances/" in request.url:
            asked.append(request.resource_type)

    page.on("request", note)
    return asked


@pytest.mark.parametrize(("locale", "width"), LOOKS)
def test_a_page_whose_token_is_over_says_so_and_comes_anew_with_a_fresh_one(
    served: Served, person: People, locale: str, width: int
) -> None:
    someone = at_the_code(served, person, locale=locale, width=width)
    page, live = someone.page, someone.page.locator("[data-live]")
    refuse_its_token(page)
    cut(served, live, STOPPED[locale])
    assert codes_in(page) != []
    someone.looks()
    page.clock.install()
    page.reload()
    expect(live).to_have_text(STOPPED[locale])
    page.unroute("**/rtas/negotiate*")

    with page.expect_websocket(), page.expect_navigation():
        page.clock.run_for(MINUTE)

    expect(live).to_have_text(WAITING[locale])


def test_a_page_whose_fresh_token_is_refused_too_comes_anew_once_a_minute_at_most(
    served: Served, person: People
) -> None:
    page = at_the_code(served, person).page
    refuse_its_token(page)
    page.clock.install()
    page.reload()
    live = page.locator("[data-live]")
    expect(live).to_have_text(STOPPED["en-GB"])
    asked = pages_asked_for(page)

    for _ in range(2):
        page.clock.run_for(MINUTE - 5_000)
        assert asked == []
        with page.expect_navigation():
            page.clock.run_for(5_000)
        expect(live).to_have_text(STOPPED["en-GB"])
        assert asked == ["fetch", "document"]
        asked.clear()


def test_a_page_that_nobody_looks_at_waits_until_somebody_does(
    served: Served, person: People
) -> None:
    page = at_the_code(served, person).page
    refuse_its_token(page)
    page.clock.install()
    page.reload()
    expect(page.locator("[data-live]")).to_have_text(STOPPED["en-GB"])
    page.evaluate(HIDE, True)
    asked = pages_asked_for(page)

    page.clock.run_for(10 * MINUTE)
    assert asked == []

    with page.expect_navigation():
        page.evaluate(HIDE, False)


HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.mark.parametrize("how", ["cut off", "busy"])
def test_a_page_is_not_left_for_one_that_cannot_be_read(
    served: Served, person: People, how: str
) -> None:
    page = at_the_code(served, person).page
    refuse_its_token(page)
    page.clock.install()
    page.reload()
    expect(page.locator("[data-live]")).to_have_text(STOPPED["en-GB"])
    asked = pages_asked_for(page)

    def answer(route: Route) -> None:
        if how == "busy":
            route.fulfill(status=503)
        else:
            route.abort()

    page.route("**/web/instances/*", answer)
    quarters = 0
    while len(asked) < 2 and quarters < 40:
        page.clock.run_for(MINUTE // 4)
        page.wait_for_timeout(50)  # what is asked over the wire is answered in its own time
        quarters += 1
    assert asked == ["fetch", "fetch"]
    assert quarters >= 7  # once a minute, and no page in between
    assert codes_in(page) != []
    page.unroute("**/web/instances/*")

    with page.expect_navigation():
        page.clock.run_for(MINUTE)


def test_a_page_that_the_hub_sends_away_when_its_token_is_over_says_so(
    served: Served, person: People
) -> None:
    page = at_the_code(served, person).page
    with page.expect_websocket():
        page.reload()

    served.wait(minutes=61)

    expect(page.locator("[data-live]")).to_have_text(STOPPED["en-GB"], timeout=20_000)


def cut(served: Served, live: Locator, told: str) -> None:
    """Send the page away until it says so: its line may come up behind the first goodbye."""
    for _ in range(40):
        served.do(lambda: _sent_away(served))
        if live.text_content() == told:
            return
        live.page.wait_for_timeout(250)
    expect(live).to_have_text(told)


async def _sent_away(served: Served) -> None:
    served.application.say_goodbye()
