"""A paused visit and its resume link, as a browser meets them; pages of pause, review, incident."""

from __future__ import annotations

from engine.model.names import MAIN_TENANT, InstanceId
from engine.ports.store import InstanceQuery
from engine.run.current import InstanceRef
from engine.web.links import ResumeLink
from tests.run.flows import NAME_FORM, PAUSED, REVIEWED
from tests.web.surface import Answer, Browser, Surface, play, tell

AWAY = ("https://www.example.org/",)


async def begun(house: Surface, text: str) -> tuple[Browser, Answer]:
    await house.bench.deploy(text, {"name.v1": NAME_FORM})
    browser = house.browser()
    return browser, await browser.begin((await house.bench.link("visit", {})).secret)


async def address_of(house: Surface, page: str) -> str:
    """Derive the resume link of the visit at a path."""
    ref = InstanceRef(tenant=MAIN_TENANT, id=InstanceId(page.rpartition("/")[2]))
    value = await house.bench.supervisor.resume_value(ref, house.bench.actor())
    assert value is not None
    return ResumeLink(instance=ref.id, value=value).address


async def last_visit(house: Surface) -> str:
    page = await house.bench.store.instances(MAIN_TENANT, InstanceQuery())
    return f"/web/instances/{page.rows[0].id}"


def test_pause_leads_away_and_the_link_leads_back_in_another_browser() -> None:
    async def story(house: Surface) -> list[Answer]:
        _, paused = await begun(house, PAUSED)
        link = await address_of(house, await last_visit(house))
        other = house.browser(language="pt-PT")
        landing = await other.get(link, site="cross-site")
        pressed = await other.press(landing)
        return [paused, landing, pressed, await other.follow(pressed)]

    paused, landing, pressed, step = play(story, redirects=AWAY)

    assert paused.title == "We go on later"
    assert paused.header("refresh") == "3;url=https://www.example.org/later"
    assert "Finished" not in paused.words
    assert landing.status == 200
    assert "Prosseguir" in landing.words
    assert "Já começou" in landing.words
    assert pressed.status == 303
    assert step.title == "Your name"


def test_the_old_browser_is_told_to_open_its_link_again() -> None:
    async def story(house: Surface) -> Answer:
        browser, _ = await begun(house, PAUSED)
        visit = await last_visit(house)
        other = house.browser()
        await other.press(await other.get(await address_of(house, visit)))
        return await browser.get(visit)

    assert play(story, redirects=AWAY).title == "Please open your link again"


def test_looking_at_a_resume_link_changes_nothing() -> None:
    async def story(house: Surface) -> tuple[list[int], str]:
        browser, _ = await begun(house, PAUSED)
        visit = await last_visit(house)
        link = await address_of(house, visit)
        seen = [(await house.browser().get(link)).status for _ in range(3)]
        return seen, (await browser.get(visit)).title

    assert play(story, redirects=AWAY) == ([200, 200, 200], "We go on later")


def test_a_resume_link_that_was_used_or_made_up_is_not_known() -> None:
    async def story(house: Surface) -> list[Answer]:
        await begun(house, PAUSED)
        visit = await last_visit(house)
        link = await address_of(house, visit)
        other = house.browser()
        await other.press(await other.get(link))
        wrong = link[:-3] + "AAA"
        return [await house.browser().get(one) for one in (link, wrong, link + "&pt=pt_x")]

    answers = play(story, redirects=AWAY)

    assert [answer.status for answer in answers] == [404, 404, 404]
    assert len({answer.title for answer in answers}) == 1


def test_a_review_says_that_somebody_looks_and_then_how_it_went() -> None:
    async def story(house: Surface) -> list[Answer]:
        browser, waiting = await begun(house, REVIEWED)
        visit = await last_visit(house)
        ref = InstanceRef(tenant=MAIN_TENANT, id=InstanceId(visit.rpartition("/")[2]))
        await house.bench.supervisor.act(ref, "accept", house.bench.actor(), "fine")
        return [waiting, await browser.get(visit)]

    waiting, after = play(story)

    assert waiting.title == "Thank you, we are looking at it"
    assert after.title == "Thank you, all done"
    assert "fine" not in after.text


def test_an_unknown_instance_in_a_resume_link_answers_like_a_wrong_value() -> None:
    async def story(house: Surface) -> Answer:
        return await house.browser().get(f"/web/trustweb?rs={'A' * 26}.{'x' * 43}")

    assert tell(story).status == 404
