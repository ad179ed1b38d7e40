"""Promises of the landing page and of a step: where a person stands, and every way on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec.structs import replace as changed

from engine.errors import ProcessFault
from engine.model.names import InstanceId
from engine.model.problem import Message, Words
from engine.model.screen import Action, Progress, Screen, TextPanel
from engine.web import pages
from engine.web.pages.step import MOST_NODES
from tests.web.page_samples import (
    DUE,
    EVERYTHING,
    PASSCODE,
    Page,
    current,
    definition,
    frame,
    landing,
    step,
    two,
)


def test_landing_begins_by_post_with_its_key_and_language() -> None:
    html = pages.landing(
        frame("pt-PT"), landing(), action="/web/trustweb?pt=x", ready=("landing.ready.passcode",)
    )

    page = Page(html)
    form = page.by_id("_form")
    sent = {e.attributes["name"]: e.attributes["value"] for e in form.inside if e.tag == "input"}
    assert form.attributes["method"] == "post"
    assert form.attributes["action"] == "/web/trustweb?pt=x"
    assert sent == {"begin": "bk", "lang": "pt-PT"}
    assert [e.text for e in page.all("button")] == ["Começar"]
    assert "a sua palavra-passe" in html


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ({}, "This link works once, until 14:26 UTC on 22 November 2026."),
        ({"max_count": 3}, "This link works until 14:26 UTC on 22 November 2026."),
        ({"max_count": 3, "counter": 2}, "This link works once, until 14:26 UTC"),
        ({"type": "MULTI_USE_TIME_LIMITED", "max_count": None}, "This link works until 14:26 UTC"),
        ({"type": "UNLIMITED", "not_after": None}, "You can use this link more than once."),
        ({"max_process_duration": timedelta(minutes=20)}, "You will have 20 minutes in all."),
    ],
)
def test_landing_tells_how_long_the_link_lives(token: dict[str, object], told: str) -> None:
    page = Page(pages.landing(frame(), landing(**token), action="/"))

    (facts,) = page.all("p", class_="small")

    assert told in facts.text
    assert "Nothing happens before you press Begin." in facts.text


def test_landing_of_a_visit_begun_leads_back_to_it() -> None:
    begun = replace(landing(), resume=InstanceId("V" * 26))

    page = Page(pages.landing(frame(), begun, action="/"))

    (on,) = page.all("a", class_="button")
    assert on.attributes["href"] == f"/web/instances/{'V' * 26}"
    assert [e.text for e in page.all("button", class_="button second")] == ["Begin"]


@pytest.mark.parametrize(
    ("type_", "told"),
    [("authentication", "confirm that it is you"), ("identity-verification", "some details")],
)
def test_landing_asks_as_the_journey_is_meant(type_: str, told: str) -> None:
    given = replace(landing(), definition=changed(definition(), type=type_))

    assert told in pages.landing(frame(), given, action="/")


def test_landing_says_a_notice() -> None:
    html = pages.landing(frame(), landing(), action="/", notice=Message(id="again.changed"))

    assert "This page was out of date." in html


def test_step_sends_where_it_stands() -> None:
    page = Page(step(current()))

    sent = {e.attributes["name"]: e.attributes["value"] for e in page.all("input", type="hidden")}

    assert sent == {"_step": "ask.1", "_revision": "3", "_token": "t0ken"}
    assert page.by_id("_form").attributes["action"] == "/web/instances/X"


def test_title_and_thread_say_how_far_the_person_is() -> None:
    page = Page(step(current(progress=Progress(step=2, total=4))))

    nodes = [e.attributes.get("class") for e in page.all("li")]

    assert page.one("title").text == "Step 2 of 4 – Enter your passcode – Farol Mutual"  # noqa: RUF001 - as titles are written
    assert page.one("p", class_="step").text == "Step 2 of 4"
    assert nodes[:4] == ["done", "now", None, None]


def test_unknown_number_of_steps_goes_on_in_dots() -> None:
    page = Page(step(current(progress=Progress(step=2))))

    (thread,) = page.all("ol", class_="thread open")

    assert [e.attributes["class"] for e in thread.inside] == ["done", "now"]
    assert page.one("p", class_="step").text == "Step 2"


def test_long_thread_is_left_to_the_words() -> None:
    page = Page(step(current(progress=Progress(step=2, total=MOST_NODES + 1))))

    assert page.all("ol") == []
    assert page.one("p", class_="step").text == "Step 2 of 9"


def test_button_besides_the_main_one_is_a_submit_without_checks() -> None:
    form = changed(PASSCODE, actions={"call": two("Call me", "Telefonem-me")})
    actions = (
        Action(name="back"),
        Action(name="call"),
        Action(name="x", label=Words(values={"en": "X"})),
    )

    page = Page(step(current(form, actions=actions)))

    pressed = page.all("button", name="_action")
    assert [(e.attributes["value"], e.text) for e in pressed] == [
        ("back", "Back"), ("call", "Call me"), ("x", "X"),
    ]  # fmt: skip
    assert all("formnovalidate" in e.attributes for e in pressed)


@pytest.mark.parametrize("name", ["back", "resend", "skip", "other", "forgot", "cancel", "decline"])
def test_named_buttons_have_words_in_both_languages(name: str) -> None:
    told = {
        Page(step(current(actions=(Action(name=name),)), language))
        .one("button", name="_action")
        .text
        for language in ("en", "pt-PT")
    }

    assert len(told) == 2


def test_screen_that_hides_its_buttons_has_none_and_enter_sends_nothing() -> None:
    page = Page(step(current(hide_buttons=True, actions=(Action(name="back"),))))

    (first, _language, _show) = page.all("button")

    assert "disabled" in first.attributes
    assert page.all("button", name="_action") == []


def test_time_limit_is_told_by_the_clock_and_can_be_moved() -> None:
    page = Page(step(current(), limit=DUE))

    limit = page.one("section", class_="limit")
    more = page.one("button", name="_more")

    assert "Please answer by 14:30 UTC." in limit.text
    assert limit.attributes["data-due"] == "2026-11-21T14:30:30.000+00:00"
    assert limit.attributes["data-now"] == "2026-11-21T14:26:00.000+00:00"
    assert more.attributes["form"] == "_form"
    assert page.words()["limit.soon.minute"] == "1 minute left for this step."


def test_time_limit_that_cannot_be_moved_offers_nothing() -> None:
    page = Page(step(current(), limit=changed(DUE, extendable=False)))

    assert page.all("button", name="_more") == []
    assert "You can ask for more time." not in page.html


@pytest.mark.parametrize(
    ("late", "checking", "told"),
    [
        (True, False, "You have already answered that step."),
        (False, True, "We are still working on your last answer."),
        (True, True, "We are still working on your last answer."),
    ],
)
def test_late_answer_is_told_above_the_title(*, late: bool, checking: bool, told: str) -> None:
    now = replace(current(), already_answered=late, still_checking=checking)

    html = step(now)

    assert html.index(told) < html.index("<h1>")


def test_words_of_a_failed_try_stand_above_the_title_which_says_error() -> None:
    panels = (
        TextPanel(kind="error", text=Message(id="passcode.failed")),
        TextPanel(kind="info", text=Message(id="passcode.left", count=2)),
    )

    page = Page(step(current(panels=panels)))

    (failed,) = page.all("div", class_="notice bad")
    (left,) = page.all("div", class_="notice")
    assert (
        failed.text.strip() == "Please check: That did not work. Please enter your passcode again"
    )
    assert failed.attributes["role"] == "alert"
    assert left.text.strip() == "Note: You can try 2 more times in this visit."
    assert page.one("title").text.startswith("Error: ")


def test_forgotten_passcode_has_a_way_out_unless_a_button_is_one() -> None:
    assert len(Page(step(current())).all("details")) == 1
    assert Page(step(current(actions=(Action(name="forgot"),)))).all("details") == []
    assert Page(step(current(EVERYTHING, read_only=True))).all("details") == []


def test_screen_without_a_form_has_its_title_and_continue() -> None:
    now = current()
    wait = now.instance.wait
    assert wait is not None
    bare = changed(
        wait, screen=Screen(step_id="s", screen_id="s", title=Words(values={"en": "Read"}))
    )

    page = Page(step(replace(now, instance=changed(now.instance, wait=bare))))

    assert page.one("h1").text == "Read"
    assert page.all("button", class_="button")[0].text == "Continue"


def test_instance_that_waits_nowhere_has_no_step() -> None:
    with pytest.raises(ProcessFault):
        step(current(None))


def test_form_that_the_graph_does_not_have_is_a_fault() -> None:
    now = current()

    with pytest.raises(ProcessFault):
        step(replace(now, graph=replace(now.graph, forms={})))
