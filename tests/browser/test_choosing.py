"""Choosing and changing a passcode as a person does it: every way, told and in both languages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.sync_api import expect

from tests.bench import RIGHT, WRONG
from tests.browser.conftest import People, Person, Served

pytestmark = pytest.mark.browser

FRESH = "harbour pencil walnut eleven"
ACCEPTED = "Thank you, all done"
NOT_DONE = "We could not complete this"
DECLINED = "We could not confirm it is you"
ABANDONED = "This visit has ended"
CHOOSE = "Choose a passcode"
CHANGE = "Choose a new passcode"
NEWCOMER = {"userExternalId": "rui.costa"}
REGISTRATION = "passcode-registration"
RENEWAL = "passcode-renewal"


@pytest.fixture
def house(served: Served) -> Served:
    """A house with the definitions, and somebody without a passcode."""
    inside = served.house
    works: list[Callable[[], Awaitable[object]]] = [
        lambda: inside.deploy(shipped=REGISTRATION),
        lambda: inside.deploy(shipped=RENEWAL),
        lambda: inside.user("rui.costa", passcode=None),
    ]
    for work in works:
        served.do(work)
    return served


def chooses(who: Person, new: str, again: str | None = None, *, old: str | None = None) -> None:
    """Fill in the boxes and send them."""
    if old is not None:
        who.page.locator("#passcode").fill(old)
    who.page.locator("#newPasscode").fill(new)
    who.page.locator("#confirmPasscode").fill(new if again is None else again)
    who.page.locator("main .actions button.button").first.click()
    who.page.wait_for_load_state()
    who.looks()


def test_a_first_passcode_is_chosen_and_opens_the_door(house: Served, person: People) -> None:
    rui = person()
    rui.opens(house.link(process=REGISTRATION, parameters=NEWCOMER))
    assert rui.title == CHOOSE
    expect(rui.page.locator("#newPasscode-hint")).to_contain_text("15 to 256 characters")

    chooses(rui, FRESH)

    assert rui.title == ACCEPTED
    rui.opens(house.link(parameters=NEWCOMER))
    rui.answers(FRESH)
    assert rui.title == ACCEPTED


def test_two_that_differ_are_told_beside_the_second_box(house: Served, person: People) -> None:
    rui = person()
    rui.opens(house.link(process=REGISTRATION, parameters=NEWCOMER))

    chooses(rui, FRESH, FRESH + "s")

    problem = rui.page.locator("#confirmPasscode-problem")
    expect(problem).to_contain_text("Type the same passcode in both boxes")
    expect(rui.page.locator("main")).to_contain_text("the passcode boxes were emptied")
    expect(rui.page.locator("#newPasscode")).to_have_value("")
    chooses(rui, FRESH)
    assert rui.title == ACCEPTED


def test_a_common_one_is_told_above_the_form(house: Served, person: People) -> None:
    rui = person(script=False)
    rui.page.goto(house.link(process=REGISTRATION, parameters=NEWCOMER))
    rui.page.locator("main button.button").click()

    for name in ("newPasscode", "confirmPasscode"):
        rui.page.locator(f"#{name}").fill("passwordpassword")
    rui.page.locator("main .actions button.button").first.click()

    expect(rui.page.locator("main")).to_contain_text("Choose one that is harder to guess")
    expect(rui.page.locator("main")).to_contain_text("You can try 4 more times in this visit.")


def test_the_fifth_common_one_is_the_last(house: Served, person: People) -> None:
    rui = person()
    rui.opens(house.link(process=REGISTRATION, parameters=NEWCOMER))

    for _ in range(5):
        assert rui.title == CHOOSE
        chooses(rui, "passwordpassword")

    assert rui.title == NOT_DONE


def test_who_comes_late_finds_the_visit_ended(house: Served, person: People) -> None:
    rui = person()
    rui.opens(house.link(process=REGISTRATION, parameters=NEWCOMER))

    house.wait(minutes=11)
    chooses(rui, FRESH)

    assert rui.title == ABANDONED


def test_who_has_one_already_is_led_to_change_it(house: Served, person: People) -> None:
    ines = person()
    ines.opens(house.link(process=REGISTRATION))
    assert ines.title == CHANGE

    chooses(ines, FRESH, old=RIGHT)

    assert ines.title == ACCEPTED


def test_a_passcode_is_changed(house: Served, person: People) -> None:
    ines = person(width=360)
    ines.opens(house.link(process=RENEWAL))
    assert ines.title == CHANGE

    chooses(ines, FRESH, old=WRONG)
    expect(ines.page.locator("main")).to_contain_text("Please enter your current passcode again")
    chooses(ines, RIGHT, old=RIGHT)
    expect(ines.page.locator("main")).to_contain_text("Choose one you have not used here before")
    chooses(ines, FRESH, old=RIGHT)

    assert ines.title == ACCEPTED
    ines.opens(house.link())
    ines.answers(FRESH)
    assert ines.title == ACCEPTED


def test_five_wrong_ones_change_nothing(house: Served, person: People) -> None:
    ines = person()
    ines.opens(house.link(process=RENEWAL))

    for _ in range(5):
        chooses(ines, FRESH, old=WRONG)

    assert ines.title == DECLINED


def test_leaving_a_change_is_abandoned(house: Served, person: People) -> None:
    ines = person()
    ines.opens(house.link(process=RENEWAL))

    house.wait(minutes=11)
    chooses(ines, FRESH, old=RIGHT)

    assert ines.title == ABANDONED


def test_both_are_there_in_portuguese(house: Served, person: People) -> None:
    ines = person(locale="pt-PT")
    ines.opens(house.link(process=RENEWAL))

    assert ines.title == "Escolha uma nova palavra-passe"
    chooses(ines, "curta", old=RIGHT)
    expect(ines.page.locator("#newPasscode-problem")).to_contain_text("Use pelo menos 15")
    chooses(ines, FRESH, old=RIGHT)

    assert ines.title == "Obrigado, está tudo feito"
