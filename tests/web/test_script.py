"""Promises of the pages' one script, under the strict policy, and of pages at 320 px."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from engine.model.form import Component, Form, Limits
from engine.model.screen import Progress, TimeLimit
from engine.web import pages, texts
from tests.web.page_samples import (
    CHOOSE,
    EVERY_PROBLEM,
    EVERYTHING,
    NOW,
    current,
    every_page,
    step,
    two,
    wrong,
)

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ORIGIN = "https://id.example"
POLICY = (
    "default-src 'none'; script-src 'nonce-n0nce'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
)
NARROW = {"width": 320, "height": 640}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed; the script runs nowhere else")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@dataclass
class Visit:
    """A page in the browser, what it sent, and what the browser complained of."""

    page: Page
    sent: list[str]
    complaints: list[str]


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Show a page without any network: every answer comes from this process."""
    contexts: list[BrowserContext] = []

    def opened(html: str, *, clock: bool = False, **options: object) -> Visit:
        own = {"viewport": NARROW, "timezone_id": "Europe/Lisbon"} | options
        context = browser.new_context(**own)  # type: ignore[arg-type]  # a browser's own options
        contexts.append(context)
        shown = Visit(context.new_page(), [], [])
        context.route("**/*", lambda route: _answer(route, html, shown))
        shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
        shown.page.on(
            "console",
            lambda said: shown.complaints.append(said.text) if said.type == "error" else None,
        )
        if clock:
            shown.page.clock.install()
        shown.page.goto(f"{ORIGIN}/web/instances/X")
        return shown

    yield opened
    for context in contexts:
        context.close()


def _answer(route: Route, html: str, shown: Visit) -> None:
    files = pages.static_files()
    name = route.request.url.removeprefix(f"{ORIGIN}{pages.STATIC_PATH}")
    if route.request.method == "POST":
        shown.sent.append(route.request.post_data or "")
        route.fulfill(status=204)  # the browser stays where it is
    elif name in files:
        route.fulfill(body=files[name].body, content_type=files[name].content_type)
    elif name.endswith(".png"):
        route.fulfill(body=b"", content_type="image/png")
    else:
        headers = {"Content-Security-Policy": POLICY}
        route.fulfill(body=html, content_type="text/html; charset=utf-8", headers=headers)


def test_script_runs_under_the_strict_policy_without_a_complaint(visit: Open) -> None:
    shown = visit(step(current(EVERYTHING)))

    assert shown.page.locator("[data-show]").is_visible()
    assert shown.complaints == []


def test_typed_passcode_is_shown_and_hidden_and_hidden_again_before_it_is_sent(visit: Open) -> None:
    page = (shown := visit(step(current()))).page
    box, button = page.locator("#passcode"), page.locator("[data-show]")
    box.fill("correct horse")

    button.click()

    assert box.get_attribute("type") == "text"
    assert button.get_attribute("aria-pressed") == "true"
    assert button.inner_text() == "Hide"
    assert page.locator("[data-say]").inner_text() == "Passcode is shown on the screen"
    page.locator("form .actions button").click()
    assert box.get_attribute("type") == "password"
    assert len(shown.sent) == 1


def test_button_that_shows_one_of_two_names_its_field(visit: Open) -> None:
    page = visit(step(current(CHOOSE))).page

    page.get_by_role("button", name="Show New passcode again").click()

    assert page.locator("#confirmPasscode").get_attribute("type") == "text"
    assert page.locator("#newPasscode").get_attribute("type") == "password"
    assert page.get_by_role("button", name="Hide New passcode again").is_visible()


def test_second_press_sends_nothing_and_keeps_the_focus(visit: Open) -> None:
    page = (shown := visit(step(current()))).page
    main = page.locator("form .actions button")

    main.click()
    main.click(force=True)

    assert len(shown.sent) == 1
    assert main.inner_text() == "Sending"
    assert main.get_attribute("aria-disabled") == "true"
    assert page.evaluate("document.activeElement.textContent") == "Sending"
    assert page.locator("[data-say]").inner_text() == "Sending your answers"


def test_button_is_let_go_when_nothing_comes_back(visit: Open) -> None:
    page = (shown := visit(step(current()))).page
    page.clock.install()
    main = page.locator("form .actions button")
    main.click()

    page.clock.run_for(8_001)

    assert main.inner_text() == "Continue"
    assert main.get_attribute("aria-disabled") is None
    main.click()
    assert len(shown.sent) == 2


def test_enter_presses_the_main_button_and_not_the_language(visit: Open) -> None:
    limit = TimeLimit(due=NOW + timedelta(seconds=50), extendable=True)
    page = (shown := visit(step(current(), limit=limit))).page

    page.locator("#passcode").press("Enter")

    assert shown.sent == ["_step=ask.1&_revision=3&_token=t0ken&passcode="]
    assert page.locator("form .actions button").inner_text() == "Sending"


def test_language_takes_the_answers_along(visit: Open) -> None:
    page = (shown := visit(step(current(EVERYTHING)))).page
    page.locator("#name").fill("Inês")

    page.get_by_role("button", name="Português").click()

    assert "name=In%C3%AAs" in shown.sent[0]
    assert "_language=pt-PT" in shown.sent[0]


def test_time_limit_waits_unseen_and_speaks_twice(visit: Open) -> None:
    limit = TimeLimit(due=NOW + timedelta(minutes=2), extendable=True)
    page = visit(step(current(), limit=limit), clock=True).page
    told, words = page.locator("[data-limit]"), page.locator("[data-limit-left]")
    hidden_at_first = told.is_hidden()

    page.clock.run_for(60_000)
    shown_after, at_one_minute = told.is_visible(), words.inner_text()
    page.clock.run_for(30_000)
    between = words.inner_text()
    page.clock.run_for(12_000)
    later = words.inner_text()

    assert (hidden_at_first, shown_after) == (True, True)
    assert at_one_minute == between == "1 minute left for this step."
    assert re.fullmatch(r"(1\d|20) seconds left for this step.", later)


def test_time_that_is_over_says_so_and_offers_the_way_back(visit: Open) -> None:
    limit = TimeLimit(due=NOW, extendable=True)

    page = visit(step(current(), limit=limit)).page

    assert page.locator("[data-limit-left]").inner_text() == "The time for this step is over"
    assert page.locator("[data-limit-more]").is_hidden()
    assert page.locator("[data-limit-over]").get_attribute("href") == "/web/instances/X"


def test_limit_that_cannot_be_moved_is_shown_from_the_start_in_the_persons_zone(
    visit: Open,
) -> None:
    limit = TimeLimit(due=NOW + timedelta(hours=2), extendable=False)

    page = visit(step(current(), "pt-PT", limit=limit), timezone_id="Asia/Tokyo").page

    assert page.locator("[data-limit-left]").inner_text() == "Responda até às 01:26."


def test_date_of_an_ending_is_the_persons_own(visit: Open) -> None:
    html = every_page("pt-PT")["COMPLETED_ENDED_SUCCESS"]

    page = visit(html, timezone_id="Pacific/Auckland").page

    assert page.locator("dd").first.inner_text() == "22 de novembro de 2026, 03:26"


def test_part_is_hidden_and_not_sent_until_its_answer_is_given(visit: Open) -> None:
    page = (shown := visit(step(current(EVERYTHING)))).page
    street = page.locator("#street")
    hidden_at_first = street.is_hidden()

    page.locator("form .actions button").click()
    page.get_by_text("By letter").click()
    shown_after = street.is_visible()
    page.get_by_text("In the app").click()

    assert (hidden_at_first, shown_after, street.is_hidden()) == (True, True, True)
    assert "street" not in shown.sent[0]


def test_part_with_a_problem_stays_until_an_answer_changes(visit: Open) -> None:
    html = step(current(EVERYTHING), problems=[wrong("street", "form.missing")], values={})

    page = visit(html).page

    assert page.locator("#street").is_visible()
    page.get_by_text("In the app").click()
    assert page.locator("#street").is_hidden()


@pytest.mark.parametrize(
    ("condition", "answers", "visible"),
    [
        ("has(a)", {}, False),
        ("has(a)", {"a": "x"}, True),
        ("!has(a)", {}, True),
        ("a == 'x' || n > 1.5", {"n": "1,6"}, True),
        ("a == 'x' && n > 1.5", {"n": "2"}, False),
        ("n + 1 <= 3 ? a == 'x' : a == 'y'", {"n": "2", "a": "x"}, True),
        ("a in ['x', 'y']", {"a": "y"}, True),
        ("size(a) == 2", {"a": "\U0001f600b"}, True),
        ("a.startsWith('ab') && a.endsWith('yz') && a.contains('m')", {"a": "abmyz"}, True),
        ("a != 'x'", {}, False),
        ("d < '2000-01-01'", {"d-day": "31", "d-month": "1", "d-year": "1999"}, True),
        ("-n < 0", {"n": "1"}, True),
    ],
)
def test_conditions_mean_in_the_page_what_they_mean_at_the_server(
    visit: Open, condition: str, answers: Mapping[str, str], *, visible: bool
) -> None:
    label = two("Q", "P")
    form = Form(
        name="conditional",
        version=1,
        components=(
            Component(id="a", type="text", label=label),
            Component(id="n", type="number", label=label),
            Component(id="d", type="date", label=label),
            Component(id="z", type="text", label=label, visible_when="${" + condition + "}"),
        ),
    )
    page = visit(step(current(form))).page

    for id, answer in answers.items():
        page.locator(f"#{id}").fill(answer)

    assert page.locator("#z").is_visible() is visible


def test_what_hangs_on_a_hidden_part_is_hidden_with_it(visit: Open) -> None:
    label = two("Q", "P")
    parts = {
        "first": ("text", None),
        "word": ("text", "${has(first)}"),
        "day": ("date", "${has(word)}"),
        "last": ("text", "${has(day)}"),
    }
    form = Form(
        name="chain",
        version=1,
        components=tuple(
            Component(id=id, type=type_, label=label, visible_when=when)  # type: ignore[arg-type]  # a type of ours
            for id, (type_, when) in parts.items()
        ),
    )
    page = visit(step(current(form))).page
    answers = {"first": "a", "word": "b", "day-day": "3", "day-month": "4", "day-year": "2000"}
    for id, answer in answers.items():
        page.locator(f"#{id}").fill(answer)
    shown = page.locator("#last").is_visible()

    page.locator("#first").fill("")

    assert shown
    assert [page.locator(f"#{id}").is_hidden() for id in ("word", "day-day", "last")] == [True] * 3


@pytest.mark.parametrize("text", ["27.3.1985", "27/03/1985", "1985-03-27", " 27 3 1985 "])
def test_whole_date_may_be_pasted(visit: Open, text: str) -> None:
    page = visit(step(current(EVERYTHING))).page

    page.evaluate(
        """text => {
             const data = new DataTransfer();
             data.setData("text", text);
             const pasted = { clipboardData: data, bubbles: true, cancelable: true };
             document.getElementById("born-day").dispatchEvent(new ClipboardEvent("paste", pasted));
           }""",
        text,
    )

    boxes = [page.locator(f"#born-{part}").input_value() for part in ("day", "month", "year")]
    assert [int(box) for box in boxes] == [27, 3, 1985]


def test_new_passcode_is_counted_as_the_server_counts(visit: Open) -> None:
    limits = {"newPasscode": Limits(min_length=15, max_length=256)}
    page = visit(step(current(CHOOSE, limits=limits))).page
    counter = page.locator("[data-count=newPasscode]")
    hidden_at_first = counter.is_hidden()

    page.locator("#newPasscode").fill("e\u0301\U0001f600")

    assert hidden_at_first
    assert counter.inner_text() == "2 characters so far"


def test_notice_can_be_put_away_and_goes_by_itself_unless_pointed_at(visit: Open) -> None:
    page = visit(step(current(EVERYTHING))).page
    page.clock.install()
    notice = page.locator("[data-timer]")
    notice.hover()

    page.clock.run_for(6_000)
    kept = notice.is_visible()
    page.mouse.move(1, 1)
    page.clock.run_for(6_000)

    assert kept
    assert notice.is_hidden()
    page = visit(step(current(EVERYTHING))).page
    page.get_by_role("button", name="Close this message").click()
    assert page.locator("[data-timer]").is_hidden()
    assert page.evaluate("document.activeElement.id") == "_main"


def test_summary_has_the_focus_and_leads_to_the_field(visit: Open) -> None:
    page = visit(step(current(EVERYTHING), problems=EVERY_PROBLEM, values={})).page
    focused = page.evaluate("document.activeElement.className")

    page.locator(".summary a").nth(3).click()

    assert focused == "summary"
    assert page.evaluate("document.activeElement.id") == "born-day"


def test_without_script_nothing_is_missing(visit: Open) -> None:
    limit = TimeLimit(due=NOW + timedelta(minutes=5), extendable=True)

    page = visit(step(current(EVERYTHING), limit=limit), java_script_enabled=False).page

    assert page.locator("#street").is_visible()
    assert page.get_by_text("Please answer by 14:31 UTC.").is_visible()
    assert page.get_by_role("button", name="More time").is_visible()
    assert page.locator("[data-show]").is_hidden()
    assert page.locator("[data-close]").is_hidden()


LOOKS = ("landing", "passcode", "choose", "everything", "problems", "read only", "busy",
         "COMPLETED_ENDED_SUCCESS", "COMPLETED_ENDED_ERROR")  # fmt: skip
"""One page of every look: the other endings and stops differ from these in their words alone."""


@pytest.mark.parametrize(
    ("language", "width", "scheme"),
    [("en", 1280, "light"), ("pt-PT", 320, "dark"), ("ar", 320, "light")],
)
def test_every_look_passes_axe_and_never_scrolls_sideways(
    visit: Open, language: str, width: int, scheme: str
) -> None:
    """WCAG 2.2 AA; `ar` mirrors the page although its words fall back."""
    found = {}
    shown = every_page(language)

    for name in LOOKS:
        seen = visit(shown[name], viewport={"width": width, "height": 640}, color_scheme=scheme)
        told = Axe().run(seen.page, options={"runOnly": TAGS}).response["violations"]
        if told or _is_wide(seen.page) or seen.complaints:
            found[name] = ([rule["id"] for rule in told], seen.complaints)
        seen.page.close()

    assert found == {}


def test_words_forty_per_cent_longer_still_fit_at_320(visit: Open) -> None:
    """A pseudo-locale: every sentence of ours is stretched, in words and in one long word."""
    shown = every_page("en")
    seen = {name: visit(_stretched(shown[name])).page for name in LOOKS}

    wide = [name for name, page in seen.items() if _is_wide(page)]

    assert wide == []


def _is_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def _stretched(html: str) -> str:
    catalogue = texts.catalogues()["en"].values()
    said = {told.parts[0] for told in catalogue if len(told.parts) == 1}
    for words in sorted(said, key=len, reverse=True):
        longer = words + " " + "ẽ" * max(4, int(len(words.split(" ")[-1]) * 1.4))
        html = html.replace(f">{words}<", f">{longer}<")
    return html


def test_thread_of_a_long_journey_fits_at_320(visit: Open) -> None:
    page = visit(step(current(progress=Progress(step=3, total=8)))).page

    assert not _is_wide(page)
    assert page.locator(".thread li").count() == 8
