"""The two journeys that call a part, in a browser, to each of their ends."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.bench import RIGHT, ROOT, WRONG
from tests.browser.conftest import People, Person, Served
from tests.browser.test_journey import ABANDONED, ACCEPTED, DECLINED, ENTER

pytestmark = pytest.mark.browser

REVIEWED = "Thank you, we are looking at it"
LEFT = "This visit has ended"
WORDS = {
    "en": {"forgot": "I cannot remember it", "cancel": "Cancel", "skip": "Skip this step"},
    "pt-PT": {"forgot": "Não me lembro", "cancel": "Cancelar", "skip": "Saltar este passo"},
}


def begun(served: Served, someone: Person, process: str) -> None:
    """Deploy a shipped definition and begin it."""
    text = (ROOT / f"definitions/{process}.yaml").read_text(encoding="utf-8")
    served.do(lambda: served.house.deploy(text))
    someone.opens(served.link(process=process))


def press(someone: Person, action: str, language: str = "en") -> None:
    """Press a button by its words."""
    someone.page.get_by_role("button", name=WORDS[language][action], exact=True).click()
    someone.page.wait_for_load_state()


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize(
    ("process", "action", "title"),
    [
        ("sign-in-with-review", "forgot", REVIEWED),
        ("sign-in-with-review", "cancel", LEFT),
        ("contact-details", "forgot", LEFT),
        ("contact-details", "cancel", LEFT),
    ],
)
def test_who_cannot_or_will_not_answer_has_a_way(
    served: Served, person: People, process: str, *, action: str, title: str, width: int
) -> None:
    ines = person(width=width)
    begun(served, ines, process)

    assert ines.title == ENTER
    press(ines, action)

    assert ines.title == title
    ines.looks()


def test_the_buttons_speak_the_persons_language(served: Served, person: People) -> None:
    ines = person(locale="pt-PT")
    begun(served, ines, "contact-details")

    ines.answers(RIGHT)
    press(ines, "skip", "pt-PT")

    expect(ines.page.locator("html")).to_have_attribute("lang", "pt-PT")
    expect(ines.page.locator("main form")).to_have_count(0)


def test_a_passcode_is_checked_before_contact_details_are_asked_for(
    served: Served, person: People
) -> None:
    ines = person()
    begun(served, ines, "contact-details")

    for _ in range(4):
        ines.answers(WRONG)
    ines.answers(RIGHT)
    ines.looks()
    ines.page.locator("#email").fill("ines@example.org")
    ines.page.locator("main .actions button.button").first.click()
    ines.page.wait_for_load_state()

    assert ines.title == ACCEPTED


@pytest.mark.parametrize("process", ["sign-in-with-review", "contact-details"])
def test_too_many_tries_and_too_late_an_answer_end_the_visit(
    served: Served, person: People, process: str
) -> None:
    ines, rui = person(), person()
    begun(served, ines, process)
    begun(served, rui, process)

    while ines.title == ENTER:
        ines.answers(WRONG)
    served.wait(minutes=5)
    rui.answers(RIGHT)

    assert (ines.title, rui.title) == (DECLINED, ABANDONED)


def test_the_right_passcode_signs_in(served: Served, person: People) -> None:
    ines = person()
    begun(served, ines, "sign-in-with-review")

    ines.answers(RIGHT)

    assert ines.title == ACCEPTED
