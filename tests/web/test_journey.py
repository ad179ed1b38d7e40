"""The person's way through the pages: refresh, back, double click, two tabs, late."""

from __future__ import annotations

import asyncio
import re

import pytest

from engine.model.names import JsonObject
from tests.bench import RIGHT, WRONG
from tests.web.surface import ORIGIN, Answer, Browser, Surface, play, send


async def forms(house: Surface, browser: Browser) -> Answer:
    """Begin the journey of two forms."""
    minted = await house.bench.link("two-forms", {})
    return await browser.begin(minted.secret)


def test_right_passcode_leads_to_accepted() -> None:
    async def story(house: Surface) -> list[Answer]:
        browser = house.browser()
        minted = await house.bench.link()
        landing = await browser.open(minted.secret)
        begun = await browser.press(landing)
        step = await browser.follow(begun)
        taken = await browser.answer(step, passcode=RIGHT)
        return [landing, begun, step, taken, await browser.follow(taken)]

    landing, begun, step, taken, end = play(story)

    assert [a.status for a in (landing, begun, step, taken, end)] == [200, 303, 200, 303, 200]
    assert landing.title == "Sign in with a passcode"
    assert "your passcode" in landing.words
    assert re.fullmatch(r"/web/instances/[A-Z0-9]{26}", begun.location)
    assert step.title == "Enter your passcode"
    assert taken.location == begun.location
    assert end.title == "Thank you, all done"


def test_three_wrong_passcodes_lead_to_declined_and_each_asks_again_in_the_same_words() -> None:
    async def story(house: Surface) -> list[Answer]:
        browser = house.browser()
        pages = [await browser.begin((await house.bench.link()).secret)]
        for _ in range(3):
            pages.append(await browser.follow(await browser.answer(pages[-1], passcode=WRONG)))
        return pages

    _, second, third, end = play(story)

    assert "That did not work. Please enter your passcode again" in second.words
    assert "That did not work. Please enter your passcode again" in third.words
    assert end.title == "We could not confirm it is you"


def test_looking_at_a_link_changes_nothing_however_often_and_by_whom() -> None:
    async def story(house: Surface) -> tuple[list[int], int]:
        minted = await house.bench.link()
        seen = [await house.browser().open(minted.secret) for _ in range(5)]
        heads = [
            await house.browser().get(f"/web/trustweb?pt={minted.secret}", method="HEAD")
            for _ in range(5)
        ]
        begun = await house.browser().begin(minted.secret)
        return [a.status for a in (*seen, *heads)], begun.status

    looked, begun = play(story)

    assert looked == [200] * 10
    assert begun == 200


def test_refresh_shows_the_same_step() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        first = await forms(house, browser)
        return first, await browser.get(first.action)

    first, again = play(story)

    assert again.hidden == first.hidden


def test_answer_to_an_earlier_step_shows_the_current_one_and_says_so_once() -> None:
    async def story(house: Surface) -> list[Answer]:
        browser = house.browser()
        first = await forms(house, browser)
        second = await browser.follow(await browser.answer(first, name="Ana"))
        back = await browser.answer(first, name="Bea")  # the browser's own back button
        noticed = await browser.follow(back)
        return [second, back, noticed, await browser.get(first.action)]

    second, back, noticed, refreshed = play(story)

    assert back.status == 303
    assert noticed.field("_step") == second.field("_step") == "second.1"
    assert "You have already answered that step" in noticed.words
    assert "?" not in back.location
    assert "You have already answered that step" not in refreshed.words


def test_double_submit_moves_once() -> None:
    async def story(house: Surface) -> tuple[list[int], Answer]:
        browser = house.browser()
        first = await forms(house, browser)
        twice = await asyncio.gather(*(browser.answer(first, name="Ana") for _ in range(16)))
        return [a.status for a in twice], await browser.get(first.action)

    statuses, now = play(story)

    assert statuses == [303] * 16
    assert now.field("_step") == "second.1"


def test_two_tabs_share_one_visit() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        left = await forms(house, browser)
        right = await browser.get(left.action)
        await browser.answer(left, name="Ana")
        return await browser.follow(await browser.answer(right, name="Bea")), right

    shown, _ = play(story)

    assert shown.field("_step") == "second.1"
    assert "You have already answered that step" in shown.words


def test_double_click_on_begin_with_the_first_answer_lost_goes_on() -> None:
    async def story(house: Surface) -> list[Answer]:
        browser = house.browser()
        landing = await browser.open((await house.bench.link()).secret)
        first = await browser.press(landing, keeps=False)
        second = await browser.press(landing)
        step = await browser.follow(second)
        return [
            first,
            second,
            step,
            await browser.follow(await browser.answer(step, passcode=RIGHT)),
        ]

    first, second, step, end = play(story)

    assert first.location == second.location
    assert step.status == 200
    assert end.title == "Thank you, all done"


def test_double_click_on_the_right_passcode_with_the_first_answer_lost_goes_on() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, Answer]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link()).secret)
        await browser.answer_in_vain(step, passcode=RIGHT)
        second = await browser.answer(step, passcode=RIGHT)
        end = await browser.follow(second)
        return second, end, await browser.get(step.action)

    second, end, refreshed = play(story)

    assert second.status == 303
    assert end.title == "Thank you, all done"
    assert refreshed.title == "Thank you, all done"


def test_lost_answer_to_the_right_passcode_is_made_good_by_a_refresh() -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        step = await browser.begin((await house.bench.link()).secret)
        await browser.answer_in_vain(step, passcode=RIGHT)
        return await browser.get(step.action)

    assert play(story).title == "Thank you, all done"


@pytest.mark.parametrize("arrives", range(4))
def test_any_one_answer_to_many_clicks_on_begin_is_enough(arrives: int) -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        landing = await browser.open((await house.bench.link()).secret)
        clicks = await asyncio.gather(*(browser.press(landing, keeps=False) for _ in range(4)))
        browser.take(clicks[arrives])
        step = await browser.follow(clicks[arrives])
        return await browser.follow(await browser.answer(step, passcode=RIGHT))

    assert play(story).title == "Thank you, all done"


@pytest.mark.parametrize("arrives", range(4))
def test_any_one_answer_to_many_late_clicks_on_the_passcode_is_enough(arrives: int) -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        step = await browser.begin((await house.bench.link()).secret)
        await browser.answer_in_vain(step, passcode=RIGHT)
        late = (browser.answer_in_vain(step, passcode=RIGHT) for _ in range(4))
        clicks = await asyncio.gather(*late)
        browser.take(clicks[arrives])
        return await browser.follow(clicks[arrives])

    assert play(story).title == "Thank you, all done"


def test_pass_changes_the_session_value_and_the_old_one_is_worth_nothing_afterwards() -> None:
    async def story(house: Surface) -> tuple[str, str, Answer]:
        browser, thief = house.browser(), house.browser()
        step = await browser.begin((await house.bench.link()).secret)
        thief.cookies = dict(browser.cookies)
        (name,) = browser.cookies
        before = browser.cookies[name].value
        await browser.follow(await browser.answer(step, passcode=RIGHT))
        return before, browser.cookies[name].value, await thief.get(step.action)

    before, after, stolen = play(story)

    assert before != after
    assert stolen.status == 401


def test_late_answer_is_not_taken_and_the_page_says_where_the_visit_is() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link()).secret)
        house.bench.wait(minutes=4, seconds=31)
        taken = await browser.answer(step, passcode=RIGHT)
        return taken, await browser.follow(taken)

    taken, end = play(story)

    assert taken.status == 303
    assert end.title == "This visit has ended"


def test_used_link_leads_its_own_browser_to_the_visit_and_tells_others() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, Answer, Answer]:
        browser = house.browser()
        minted = await house.bench.link()
        landing = await browser.open(minted.secret)
        begun = await browser.press(landing)
        other = house.browser()
        return (
            begun,
            await browser.open(minted.secret),
            await other.open(minted.secret),
            await other.press(landing),
        )

    begun, own, other, late = play(story)

    assert (own.status, own.location) == (303, begun.location)
    assert (other.status, other.title) == (410, "This link has been used")
    assert late.location == begun.location  # the same begin key: the double click of one person


def test_used_link_begun_from_another_landing_page_is_refused() -> None:
    async def story(house: Surface) -> Answer:
        minted = await house.bench.link()
        browser, other = house.browser(), house.browser()
        theirs = await other.open(minted.secret)
        await browser.begin(minted.secret)
        return await other.press(theirs)

    refused = play(story)

    assert (refused.status, refused.title) == (410, "This link has been used")


def test_begin_in_a_second_tab_leads_to_the_visit_begun_in_the_first() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        minted = await house.bench.link()
        browser = house.browser()
        left, right = await browser.open(minted.secret), await browser.open(minted.secret)
        return await browser.press(left), await browser.press(right)

    first, second = play(story)

    assert (second.status, second.location) == (303, first.location)


def test_expired_and_unknown_links_say_so() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, Answer]:
        browser = house.browser()
        minted = await house.bench.link()
        house.bench.wait(hours=25)
        nothing = await browser.get("/web/trustweb")
        return await browser.open(minted.secret), await browser.open("pt_" + "x" * 43), nothing

    expired, unknown, nothing = play(story)

    assert (expired.status, expired.title) == (410, "This link is no longer valid")
    assert (unknown.status, unknown.title) == (404, "We do not know this link")
    assert (nothing.status, nothing.title) == (404, "We do not know this link")


def test_link_that_does_not_work_yet_says_from_when() -> None:
    async def story(house: Surface) -> Answer:
        clock = house.bench.clock
        start = clock.now().replace(hour=17, minute=45)
        minted = await house.bench.link(not_before=start)
        return await house.browser().open(minted.secret)

    early = play(story)

    assert early.title == "This link does not work yet"
    assert "17:45" in early.words


def test_landing_that_lay_open_too_long_is_shown_anew_and_the_link_still_works() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        landing = await browser.open((await house.bench.link()).secret)
        house.bench.wait(minutes=16)
        anew = await browser.press(landing)
        return anew, await browser.follow(await browser.press(anew))

    anew, step = play(story)

    assert anew.status == 409
    assert "This page was out of date" in anew.words
    assert step.title == "Enter your passcode"


def test_two_links_in_one_browser_are_two_visits() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, Answer]:
        browser = house.browser()
        one = await forms(house, browser)
        two = await forms(house, browser)
        await browser.answer(one, name="Ana")
        return await browser.get(one.action), await browser.get(two.action), two

    one, two, before = play(story)

    assert one.field("_step") == "second.1"
    assert two.hidden == before.hidden


def test_lost_cookie_gets_a_page_that_says_how_to_start_again() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        step = await forms(house, browser)
        browser.cookies.clear()
        return await browser.get(step.action), await browser.answer(step, name="Ana")

    seen, sent = play(story)

    assert (seen.status, seen.title) == (401, "Please open your link again")
    assert "Open the link once more" in seen.words
    assert sent.status == 401


def test_browser_without_cookies_is_told_to_allow_them() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        secret = (await house.bench.link()).secret
        landing = await browser.open(secret)
        begun = await browser.press(landing, keeps=False)
        came = [
            ("Referer", f"{ORIGIN}/web/trustweb?pt={secret}"),
            ("Sec-Fetch-Site", "same-origin"),
        ]
        told = await send(house.app, "GET", begun.location, headers=came)
        return told, await browser.follow(await browser.press(landing))

    told, step = play(story)

    assert told.status == 401
    assert "Allow cookies for this page, then press Begin again." in told.words
    assert "pt_" not in told.text
    assert step.status == 200


def test_problems_keep_what_was_typed_and_empty_the_secrets() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        step = await forms(house, browser)
        wrong = {"word": "hush-hush", "born-day": "31", "born-month": "2", "born-year": "2001"}
        problems = await browser.answer(step, name="Ana Luísa", **wrong)
        return problems, await browser.follow(await browser.answer(problems, name="Ana"))

    problems, then = play(story)

    assert problems.status == 422
    assert 'value="Ana Luísa"' in problems.text
    assert 'value="31"' in problems.text
    assert "hush-hush" not in problems.text
    assert "Enter a date that exists" in problems.words
    assert then.field("_step") == "second.1"


def test_change_of_language_keeps_what_was_typed_and_empties_the_secrets() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, Answer]:
        browser = house.browser()
        step = await forms(house, browser)
        changed = await browser.answer(step, name="Ana", word="hush-hush", _language="pt-PT")
        after = await browser.get(step.action)
        return changed, after, await browser.answer(changed, name="Ana")

    changed, after, taken = play(story)

    assert (changed.status, changed.title) == (200, "Sobre si")
    assert 'value="Ana"' in changed.text
    assert "hush-hush" not in changed.text
    assert after.title == "Sobre si"
    assert taken.status == 303


def test_more_time_keeps_what_was_typed_and_moves_the_due_time() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        step = await forms(house, browser)
        house.bench.wait(minutes=4)
        longer = await browser.answer(step, name="Ana", word="hush-hush", _more="1")
        house.bench.wait(minutes=4)
        return longer, await browser.answer(longer, name="Ana")

    longer, taken = play(story)

    assert longer.status == 200
    assert 'value="Ana"' in longer.text
    assert "hush-hush" not in longer.text
    assert "You have more time now: until 12:10" in longer.words
    assert taken.status == 303


def test_more_time_is_not_given_for_ever() -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        step = await forms(house, browser)
        for _ in range(11):
            step = await browser.answer(step, name="Ana", _more="1")
        return step

    last = play(story)

    assert "This step cannot be made longer" in last.words
    assert 'value="Ana"' in last.text


def test_button_leads_on_without_reading_the_answers() -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        step = await forms(house, browser)
        return await browser.follow(await browser.answer(step, name="", _action="skip"))

    assert play(story).field("_step") == "second.1"


def test_button_that_is_not_offered_changes_nothing() -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        step = await forms(house, browser)
        return await browser.follow(await browser.answer(step, _action="approve"))

    shown = play(story)

    assert shown.field("_step") == "first.1"
    assert "This page was out of date" in shown.words


def test_answer_while_another_is_being_checked_says_so_and_changes_nothing() -> None:
    async def story(house: Surface) -> list[str]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link()).secret)
        seconds = await asyncio.gather(*(browser.answer(step, passcode=WRONG) for _ in range(8)))
        assert {a.status for a in seconds} == {303}
        return [call for call in house.bench.pool.calls if call == "verify"]

    assert play(story) == ["verify"]


def test_full_hash_pool_is_busy_for_everybody_and_the_step_stays() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, Answer]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link()).secret)
        house.bench.pool.free = 0
        busy = await browser.answer(step, passcode=RIGHT)
        house.bench.pool.free = 8
        again = await browser.get(step.action)
        return busy, again, await browser.follow(await browser.answer(again, passcode=RIGHT))

    busy, again, end = play(story)

    assert (busy.status, busy.title) == (503, "Many people are here right now")
    assert busy.header("retry-after") == "1"
    assert again.title == "Enter your passcode"
    assert end.title == "Thank you, all done"


def test_end_leads_on_by_a_page_of_ours() -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        back: JsonObject = {
            "userExternalId": "ines.carvalho",
            "_redirectUrl": "https://shop.example/back",
        }
        step = await browser.begin((await house.bench.link(parameters=back)).secret)
        return await browser.follow(await browser.answer(step, passcode=RIGHT))

    end = play(story)

    assert end.status == 200
    assert end.header("refresh") == "3;url=https://shop.example/back"
    assert 'href="https://shop.example/back"' in end.text


def test_end_leads_to_an_address_with_its_escapes_as_they_are() -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser()
        away = "https://shop.example/devolta/caf%C3%A9/%E9%8D%B5?id={PROCESS_INSTANCE_ID}&x=%2F"
        back: JsonObject = {"userExternalId": "ines.carvalho", "_redirectUrl": away}
        step = await browser.begin((await house.bench.link(parameters=back)).secret)
        return await browser.follow(await browser.answer(step, passcode=RIGHT))

    end = play(story, redirects=("https://shop.example/",))

    assert end.status == 200
    assert end.header("refresh").startswith(
        "3;url=https://shop.example/devolta/caf%C3%A9/%E9%8D%B5"
    )
    assert end.header("refresh").endswith("&x=%2F")


def test_end_speaks_the_language_that_is_asked_for_and_keeps_nothing() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        step = await browser.begin((await house.bench.link()).secret)
        await browser.answer(step, passcode=RIGHT)
        other = await browser.get(f"{step.action}?lang=pt-PT")
        return other, await browser.get(step.action)

    other, again = play(story)

    assert other.title == "Obrigado, está tudo feito"
    assert again.title == "Thank you, all done"


@pytest.mark.parametrize(
    ("wanted", "accepted", "title"),
    [
        ("", "pt-BR,pt;q=0.9", "Introduza a sua palavra-passe"),
        ("", "de, en;q=0.5, pt;q=0.9", "Introduza a sua palavra-passe"),
        ("&lang=en", "pt-PT", "Enter your passcode"),
        ("&lang=xx", "", "Enter your passcode"),
    ],
)
def test_landing_chooses_the_language_of_the_visit(wanted: str, accepted: str, title: str) -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser(language=accepted)
        minted = await house.bench.link()
        landing = await browser.get(f"/web/trustweb?pt={minted.secret}{wanted}")
        return await browser.follow(await browser.press(landing))

    assert play(story).title == title


def test_link_of_trustx_with_a_slash_works() -> None:
    async def story(house: Surface) -> Answer:
        minted = await house.bench.link()
        return await house.browser().get(f"/web/trustweb/?pt={minted.secret}")

    assert play(story).status == 200


def test_ninth_visit_of_a_browser_clears_the_oldest_cookie() -> None:
    async def story(house: Surface) -> tuple[list[int], int]:
        browser = house.browser()
        steps = [await forms(house, browser) for _ in range(10)]
        seen = [(await browser.get(step.action)).status for step in steps]
        return seen, len(browser.cookies)

    seen, kept = play(story)

    assert seen == [401, 401, *[200] * 8]
    assert kept == 8
