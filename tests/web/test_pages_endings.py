"""Promises of the pages that end or stop: nothing told that may not be told, never a dead end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from engine.errors import TextMissing
from engine.model.instance import Incident
from engine.model.names import NodeId
from engine.model.screen import RedirectPanel, Screen
from engine.web import pages
from engine.web.answers import API_ERRORS
from tests.web.page_samples import (
    NOW,
    Page,
    current,
    frame,
)

BACK = RedirectPanel(url="https://farol.example/back?a=1&b=2")
HOSTILE = '<script>alert("1")</script>'


@pytest.mark.parametrize(
    ("status", "type_", "title"),
    [
        ("COMPLETED_ENDED_SUCCESS", "authentication", "Thank you, all done"),
        ("COMPLETED_ENDED_ERROR", "authentication", "We could not confirm it is you"),
        ("COMPLETED_ENDED_ERROR", "identity-verification", "We could not complete this"),
        ("COMPLETED_TERMINATED", "authentication", "This visit has ended"),
        ("COMPLETED_PROCESS_ERROR", "authentication", "We could not finish this"),
        ("REVIEW", "authentication", "Thank you, we are looking at it"),
        ("PAUSED", "authentication", "We go on later"),
    ],
)
def test_ending_says_how_it_went_with_time_and_reference(
    status: str, type_: str, title: str
) -> None:
    now = current(None, status=status, type_=type_)  # type: ignore[arg-type]  # names of the table

    page = Page(pages.ending(frame(), now))

    assert page.one("h1").text == title
    assert page.one("span", class_="reference").text == "TF-7K2M-94QX"
    assert "21 November 2026, 14:26 UTC" in page.one("dl").text
    assert "You can close this page." in page.html
    assert page.all("a", class_="button") == []


def test_held_visit_says_that_the_fault_is_ours() -> None:
    now = current(None)
    held = Incident(code="activity", node=NodeId("ask"), reason="KeyError at line 3", at=NOW)

    html = pages.ending(frame(), replace(now, instance=changed(now.instance, incident=held)))

    assert "The fault is ours." in html
    assert "KeyError" not in html


def test_ending_that_leads_on_says_so_and_has_the_way() -> None:
    now = current(None, status="COMPLETED_ENDED_SUCCESS")
    ending = Screen(step_id="e", screen_id="e", panels=(BACK,))
    now = replace(now, instance=changed(now.instance, ending=ending))

    page = Page(pages.ending(frame(), now, redirect=pages.redirect_of(now)))

    (button,) = page.all("a", class_="button")
    assert button.attributes["href"] == BACK.url
    assert button.text == "Go there now"
    assert "We take you back to" in page.html
    assert "You can close this page." not in page.html


def test_ending_does_not_lead_on_unless_the_caller_says_so() -> None:
    """F4: the address counts only after it was held against the allow-list."""
    now = current(None, status="COMPLETED_ENDED_SUCCESS")
    ending = Screen(step_id="e", screen_id="e", panels=(BACK,))

    html = pages.ending(frame(), replace(now, instance=changed(now.instance, ending=ending)))

    assert "farol.example/back" not in html


def test_declined_never_says_why() -> None:
    now = current(None, status="COMPLETED_ENDED_ERROR")
    failed = changed(now.instance, decision="FAIL", variables={"errorCode": "2615"})

    html = pages.ending(frame(), replace(now, instance=failed))

    assert html == pages.ending(frame(), now)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("expired", 410), ("used", 410), ("unknown", 404), ("lost", 401),
        ("busy", 503), ("slow", 429), ("error", 500), ("missing", 404),
    ],
)  # fmt: skip
def test_stop_has_the_status_that_was_agreed(kind: pages.StopKind, status: int) -> None:
    assert API_ERRORS[kind].status == status


def test_busy_counts_in_the_language() -> None:
    assert "in about 1 second." in pages.stop(frame(), "busy", retry_after=1)
    assert "cerca de 20 segundos" in pages.stop(frame("pt-PT"), "busy", retry_after=20)


def test_error_gives_the_reference_and_nothing_else() -> None:
    page = Page(pages.stop(frame(), "error", again="/web/instances/X", reference="0HNQ4V8T2C6RJ"))

    assert page.one("span", class_="reference").text == "0HNQ4V8T2C6RJ"
    assert page.one("title").text.startswith("Error: ")
    assert page.one("a", class_="button").attributes["href"] == "/web/instances/X"


def test_stop_without_a_way_on_has_no_button() -> None:
    assert Page(pages.stop(frame(), "error", reference="x")).all("a", class_="button") == []


def test_stop_that_must_tell_a_time_refuses_to_leave_it_out() -> None:
    with pytest.raises(TextMissing):
        pages.stop(frame(), "slow")


def test_unknown_link_looks_the_same_for_everybody() -> None:
    assert pages.stop(frame(), "unknown") == pages.stop(frame(), "unknown", reference=None)
