"""The first journey as a person walks it: every way, narrow and wide, with and without script."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.bench import RIGHT, WRONG
from tests.browser.conftest import REDIRECT, People, Served

pytestmark = pytest.mark.browser

ACCEPTED = "Thank you, all done"
DECLINED = "We could not confirm it is you"
ABANDONED = "This visit has ended"
ENTER = "Enter your passcode"


def test_the_right_passcode_leads_to_accepted(served: Served, person: People) -> None:
    ines = person()

    ines.opens(served.link())
    ines.answers(RIGHT)

    assert ines.title == ACCEPTED
    assert ines.page.url.startswith(f"{served.base}/web/instances/")
    ines.looks()


def test_a_wrong_passcode_three_times_leads_to_declined(served: Served, person: People) -> None:
    ines = person()
    ines.opens(served.link())

    for _ in range(3):
        assert ines.title == ENTER
        ines.answers(WRONG)
        ines.looks()

    assert ines.title == DECLINED


def test_the_right_passcode_after_a_wrong_one_is_accepted(served: Served, person: People) -> None:
    ines = person()
    ines.opens(served.link())

    ines.answers(WRONG)

    expect(ines.page.locator("main")).to_contain_text("That did not work")
    expect(ines.page.locator("main")).to_contain_text("You can try 2 more times in this visit.")
    expect(ines.page.locator("#passcode")).to_have_value("")
    ines.answers(RIGHT)
    assert ines.title == ACCEPTED


def test_an_empty_answer_is_told_beside_its_field_and_gets_the_focus(
    served: Served, person: People
) -> None:
    ines = person()
    ines.opens(served.link())

    ines.answers("")

    assert ines.page.title().startswith("Error:")
    expect(ines.page.locator("#passcode")).to_have_attribute("aria-invalid", "true")
    expect(ines.page.locator(".summary")).to_be_focused()
    ines.looks()


def test_an_answer_that_comes_late_finds_the_visit_ended(served: Served, person: People) -> None:
    ines = person()
    ines.opens(served.link())

    served.wait(minutes=5)
    ines.answers(RIGHT)

    assert ines.title == ABANDONED
    ines.looks()


def test_back_after_an_answer_shows_the_current_step(served: Served, person: People) -> None:
    ines = person()
    ines.opens(served.link())
    ines.answers(WRONG)

    ines.page.go_back()
    ines.page.reload()

    assert ines.title == ENTER
    ines.answers(RIGHT)
    assert ines.title == ACCEPTED
    ines.page.go_back()
    ines.page.reload()
    assert ines.title == ACCEPTED


def test_refresh_changes_nothing(served: Served, person: People) -> None:
    ines = person()
    ines.opens(served.link())
    ines.answers(WRONG)

    for _ in range(3):
        ines.page.reload()

    expect(ines.page.locator("main")).to_contain_text("You can try 2 more times in this visit.")


def test_a_double_press_on_begin_and_on_the_answer_goes_on(served: Served, person: People) -> None:
    ines = person(script=False)
    ines.page.goto(served.link())

    ines.page.locator("main button.button").dblclick(no_wait_after=True)
    ines.page.locator("#passcode").wait_for()
    ines.page.locator("#passcode").fill(RIGHT)
    ines.page.locator("main .actions button.button").first.dblclick(no_wait_after=True)
    ines.page.locator(".outcome").wait_for()

    assert ines.title == ACCEPTED


def test_two_tabs_of_one_visit_answer_once(served: Served, person: People) -> None:
    ines = person()
    ines.opens(served.link())
    other = ines.context.new_page()
    other.goto(ines.page.url)
    ines.answers(WRONG)

    other.locator("#passcode").fill(WRONG)
    other.locator("main .actions button.button").first.click()
    other.wait_for_load_state()

    expect(other.locator("main")).to_contain_text("You have already answered that step.")
    expect(other.locator("main")).to_contain_text("You can try 2 more times in this visit.")
    other.reload()
    expect(other.locator("main")).not_to_contain_text("You have already answered that step.")


def test_two_links_in_one_browser_are_two_visits(served: Served, person: People) -> None:
    ines = person()
    ines.opens(served.link())
    first = ines.page.url
    second = ines.context.new_page()
    second.goto(served.link())
    second.locator("main button.button").click()
    second.wait_for_load_state()

    ines.answers(RIGHT)

    assert second.url != first
    assert ines.title == ACCEPTED
    second.reload()
    assert second.locator("h1").inner_text() == ENTER


def test_the_final_redirect_is_a_page_of_ours_that_leads_on(served: Served, person: People) -> None:
    ines = person()
    parameters = {"userExternalId": "ines.carvalho", "_redirectUrl": f"{REDIRECT}done"}
    ines.page.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="back in the shop"))

    ines.opens(served.link(parameters=parameters))
    ines.answers(RIGHT)

    assert ines.title == ACCEPTED
    expect(ines.page.locator("main a.button")).to_have_attribute("href", f"{REDIRECT}done")
    ines.looks()
    ines.page.wait_for_url(f"{REDIRECT}done", timeout=8_000)


def test_without_script_the_whole_journey_can_be_walked(served: Served, person: People) -> None:
    ines = person(script=False)
    ines.page.goto(served.link())

    ines.page.locator("main button.button").click()
    ines.answers(WRONG)
    ines.answers(RIGHT)

    assert ines.title == ACCEPTED


def test_a_used_link_leads_back_to_the_visit_in_its_own_browser_and_nowhere_else(
    served: Served, person: People
) -> None:
    ines, other = person(), person()
    link = served.link()
    ines.opens(link)

    ines.page.goto(link)
    other.page.goto(link)

    expect(ines.page.locator("#passcode")).to_be_visible()
    assert other.title == "This link has been used"
    other.looks()


def test_an_unknown_and_an_expired_link_say_what_to_do(served: Served, person: People) -> None:
    ines = person()

    ines.page.goto(f"{served.base}/web/trustweb?pt=pt_nothing")
    ines.looks()
    unknown = ines.title
    link = served.link()
    served.wait(hours=25)
    ines.page.goto(link)
    ines.looks()

    assert unknown == "We do not know this link"
    assert ines.title == "This link is no longer valid"


def test_a_lost_cookie_gets_a_page_that_says_how_to_start_again(
    served: Served, person: People
) -> None:
    ines = person()
    ines.opens(served.link())

    ines.context.clear_cookies()
    ines.page.reload()

    assert ines.title == "Please open your link again"
    ines.looks()


def test_more_time_can_be_asked_for_and_keeps_what_was_typed_out_of_the_page(
    served: Served, person: People
) -> None:
    ines = person()
    ines.opens(served.link())
    served.wait(minutes=4)
    ines.page.reload()
    ines.looks()

    ines.page.get_by_role("button", name="More time").click()
    ines.page.wait_for_load_state()
    served.wait(minutes=3)
    ines.answers(RIGHT)

    assert ines.title == ACCEPTED


def test_show_and_hide_the_passcode(served: Served, person: People) -> None:
    ines = person()
    ines.opens(served.link())
    ines.page.locator("#passcode").fill(RIGHT)

    ines.page.get_by_role("button", name="Show").click()
    shown = ines.page.locator("#passcode").get_attribute("type")
    ines.page.locator("main .actions button.button").first.click()
    ines.page.wait_for_load_state()

    assert shown == "text"
    assert ines.title == ACCEPTED


def test_the_keyboard_alone_is_enough(served: Served, person: People) -> None:
    ines = person()
    ines.page.goto(served.link())

    ines.page.keyboard.press("Tab")
    expect(ines.page.locator(":focus")).to_have_text("Skip to content")
    ines.page.locator("main button.button").focus()
    ines.page.keyboard.press("Enter")
    ines.page.locator("#passcode").focus()
    ines.page.keyboard.type(RIGHT)
    ines.page.keyboard.press("Enter")
    ines.page.locator(".outcome").wait_for()

    assert ines.title == ACCEPTED


def test_the_language_is_changed_on_the_landing_page_and_on_a_step(
    served: Served, person: People
) -> None:
    ines = person(locale="pt-PT")
    ines.page.goto(served.link())
    landing = ines.page.locator("html").get_attribute("lang")
    ines.looks()
    ines.page.locator("main button.button").click()
    ines.looks()
    step = ines.title

    ines.page.get_by_role("button", name="English").click()
    ines.page.wait_for_load_state()

    assert landing == "pt-PT"
    assert step == "Introduza a sua palavra-passe"
    assert ines.title == ENTER
    ines.answers(RIGHT)
    assert ines.title == ACCEPTED


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "pt-PT"])
def test_every_page_state_is_accessible(
    served: Served, person: People, width: int, scheme: str, locale: str
) -> None:
    ines = person(width=width, scheme=scheme, locale=locale)

    ines.opens(served.link())
    for passcode in ("", WRONG, RIGHT):
        ines.answers(passcode)
        ines.looks()

    expect(ines.page.locator(".outcome.good")).to_be_visible()
