"""What the pages of shipped definitions say before they begin and when somebody leaves."""

from __future__ import annotations

from functools import partial

import pytest

from engine.model.names import JsonObject
from tests.bench import WRONG
from tests.web.surface import Answer, Browser, Surface, play

INES: JsonObject = {"userExternalId": "ines.carvalho"}


async def landing(process: str, house: Surface) -> Answer:
    await house.bench.deploy(shipped=process)
    given: JsonObject = {} if process == "sign-in" else INES
    return await house.browser(language="pt-PT").open(
        (await house.bench.link(process, given)).secret
    )


@pytest.mark.parametrize(
    ("process", "is_needed"),
    [
        ("sign-in", True),
        ("sign-in-with-lock", True),
        ("contact-details", True),
        ("passcode-renewal", True),
        ("passcode-registration", False),
    ],
)
def test_only_a_passcode_that_is_there_should_be_at_hand(process: str, is_needed: bool) -> None:
    page = play(partial(landing, process))

    assert ("a sua palavra-passe" in page.words) == is_needed


def test_a_visit_of_days_is_said_in_words() -> None:
    assert "Tem 7 dias no total." in play(partial(landing, "sign-in")).words


async def begun(house: Surface) -> tuple[Browser, Answer]:
    await house.bench.deploy(shipped="sign-in-with-review")
    browser = house.browser()
    step = await browser.begin((await house.bench.link("sign-in-with-review", INES)).secret)
    return browser, step


def test_who_leaves_is_not_told_that_nobody_believed_them() -> None:
    async def story(house: Surface) -> Answer:
        browser, step = await begun(house)
        return await browser.follow(await browser.answer(step, _action="cancel"))

    page = play(story)

    assert page.title == "This visit has ended"
    assert "There is nothing more to do here." in page.words


def test_who_fails_after_all_is_told_so() -> None:
    async def story(house: Surface) -> Answer:
        browser, step = await begun(house)
        for _ in range(3):
            step = await browser.follow(await browser.answer(step, passcode=WRONG))
        return step

    assert play(story).title == "We could not confirm it is you"
