"""Transient answers that outlast a wait are warned of, by the forms that a node may show."""

from __future__ import annotations

import pytest

from tests.compile.test_chosen_forms import KIND, asks, form, found, report

PASSING = form(asks("name", transient=True), asks("age"))
PAGE = """\
    next: page
  page:
    activity: Page
    next: use
"""
CLEARED = """\
    next: clear
  clear:
    activity: Clear Variables
    inputs: {variables: [about]}
    next: page
  page:
    activity: Page
    next: use
"""


def rules(more: str, chosen: str = KIND, **forms: str) -> list[str]:
    made = report(
        chosen, told="done", forms={n.replace("_", "."): f for n, f in forms.items()},
        behind=more,
    )  # fmt: skip
    return [rule for rule, _ in found(made)]


def test_a_wait_behind_transient_answers_is_warned_of() -> None:
    assert rules(PAGE, company_v1=PASSING) == ["P122"]
    assert rules(PAGE, person_v1=PASSING) == ["P122"]


def test_what_was_cleared_or_cannot_be_shown_is_not() -> None:
    assert rules(CLEARED, company_v1=PASSING) == []
    assert rules(PAGE, "person", company_v1=PASSING) == []
    assert rules("    next: use\n", company_v1=PASSING) == []


def test_a_form_that_is_asked_again_holds_only_its_own() -> None:
    again = (
        "    errors: {ExceededCustomDataFormRetake: end}\n    next:\n"
        "      - when: \"${_customFormData.about.name == 'x'}\"\n        to: ask\n      - to: use\n"
    )

    assert rules(again, person_v1=PASSING, company_v1=PASSING) == []


@pytest.mark.parametrize("reads", ["name", "age"])
def test_what_was_cleared_is_read_no_more(reads: str) -> None:
    behind = CLEARED.partition("  page:")[0].replace("next: page", "next: use")

    made = report(told=f'"${{_customFormData.about.{reads}}}"', behind=behind)

    assert len(made.problems) == 1
    assert made.problems[0].rule.startswith("X")
