"""While something is done outside the page says so, looks again by itself, and then goes on."""

from __future__ import annotations

from engine.run.catalogue import Catalogue
from engine.run.outbox import Outbox
from engine.testing import ScriptedHttp
from tests.run.outside import WAITING, Outside
from tests.web.surface import Answer, Surface, play
from tests.web.test_resuming import last_visit


async def begun(house: Surface, language: str = "en") -> tuple[Answer, Answer]:
    """Begin a visit that stands still; see it, and see it again once the work is done."""
    await house.bench.deploy(WAITING)
    browser = house.browser(language=language)
    link = await house.bench.link("visit", {"who": "Ines"})
    working = await browser.begin(link.secret)
    outside = house.bench.loop.outside
    outbox = Outbox(
        outside=outside, loop=house.bench.loop, clock=house.bench.clock, http=ScriptedHttp()
    )
    await outbox.sweep()
    return working, await browser.get(await last_visit(house))


def catalogue() -> Catalogue:
    return Outside().catalogue()


def test_the_page_says_that_it_goes_on_and_does() -> None:
    working, over = play(begun, catalogue=catalogue())

    assert working.status == 200
    assert working.title == "One moment, please"
    assert working.header("refresh") == "2"
    assert "Check again" in working.words
    assert "You can close this page" not in working.words
    assert over.title == "Thank you, all done"
    assert over.header("refresh") == ""


def test_the_page_speaks_the_persons_language() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        return await begun(house, "pt-PT")

    working, _ = play(story, catalogue=catalogue())

    assert working.title == "Um momento, por favor"


def test_it_looks_less_often_after_a_while() -> None:
    async def story(house: Surface) -> Answer:
        await house.bench.deploy(WAITING)
        browser = house.browser()
        await browser.begin((await house.bench.link("visit", {"who": "I"})).secret)
        house.bench.wait(seconds=31)
        return await browser.get(await last_visit(house))

    assert play(story, catalogue=catalogue()).header("refresh") == "10"


def test_an_answer_to_it_changes_nothing() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        await house.bench.deploy(WAITING)
        browser = house.browser()
        await browser.begin((await house.bench.link("visit", {"who": "I"})).secret)
        page = await last_visit(house)
        sent = await browser.post(page, {"_step": "fetch.1", "_revision": "1"})
        return sent, await browser.get(page)

    sent, after = play(story, catalogue=catalogue())

    assert sent.status in (303, 403)
    assert after.title == "One moment, please"
