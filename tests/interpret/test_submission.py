"""What a person may answer: nothing that is fixed, and nothing that is not asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.compile import Source, check_form
from engine.interpret import Read, read
from engine.model.definition import FormRef
from engine.model.form import CompiledForm, Limits
from engine.model.names import JsonObject
from engine.model.problem import Message
from engine.model.screen import FormPanel

FORM = FormRef(name="sample", version=1)
REQUIRED = {"required": True}
# `why` is asked where `other` is ticked, `more` where the answer to `why` says so.
QUESTIONS = (
    {"type": "checkbox", "id": "other"},
    {"type": "text", "id": "why", "validate": REQUIRED, "visibleWhen": "${other}"},
    {
        "type": "text", "id": "more", "validate": REQUIRED,
        "visibleWhen": "${has(why) && why.contains('more')}",
    },
    {"type": "password", "id": "word", "validate": REQUIRED, "visibleWhen": "${has(more)}"},
)  # fmt: skip


def form_of(*components: dict[str, Any]) -> CompiledForm:
    named = [{"label": {"values": {"en": "Label"}}, **component} for component in components]
    text = json.dumps({"version": "1", "components": named})
    report = check_form(Source(path="forms/sample.v1.json", text=text.encode()))
    assert report.form is not None, report.problems
    return report.form


def sent(form: CompiledForm, *panels: FormPanel, **body: str) -> Read | set[str]:
    """Give what was read, or the fields that have a problem."""
    panel = panels[0] if panels else FormPanel(form=FORM, form_data_key="form1")
    found = read(panel, form, {name: [text] for name, text in body.items()})
    return found if isinstance(found, Read) else {problem.field for problem in found}


def values(found: Read | set[str]) -> JsonObject:
    assert isinstance(found, Read), found
    return found.submission.values


def test_a_fixed_answer_is_never_taken_from_the_body() -> None:
    form = form_of({"type": "text", "id": "name", "readOnly": True}, {"type": "text", "id": "town"})
    panel = FormPanel(form=FORM, form_data_key="form1", values={"name": "Ana"})

    found = sent(form, panel, name="Mallory", town="Faro")

    assert values(found) == {"name": "Ana", "town": "Faro"}


def test_a_form_that_is_only_shown_takes_nothing_from_the_body() -> None:
    form = form_of({"type": "text", "id": "name"}, {"type": "text", "id": "town"})
    panel = FormPanel(form=FORM, form_data_key="form1", values={"name": "Ana"}, read_only=True)

    found = sent(form, panel, name="Mallory", town="Faro")

    assert values(found) == {"name": "Ana"}


def test_nothing_is_told_of_a_question_that_may_not_be_asked_at_all() -> None:
    """Whether `street` is asked is not known before `reach` is answered."""
    form = form_of(
        {"type": "radio", "id": "reach", "validate": REQUIRED,
         "options": [{"value": v, "label": {"values": {"en": v}}} for v in ("app", "post")]},
        {"type": "text", "id": "street", "validate": REQUIRED, "visibleWhen": "${reach == 'post'}"},
    )  # fmt: skip

    assert sent(form) == {"reach"}
    assert sent(form, reach="post") == {"street"}
    assert values(sent(form, reach="app", street="Rua Nova")) == {"reach": "app"}


def test_a_required_question_that_is_shown_is_demanded() -> None:
    form = form_of(*QUESTIONS)

    assert sent(form, other="true", why="") == {"why"}
    assert sent(form, other="true", why="for more") == {"more"}


@pytest.mark.parametrize("body", [{}, {"why": ""}, {"why": "", "more": "", "word": ""}])
def test_a_required_question_that_is_hidden_is_not_demanded(body: dict[str, str]) -> None:
    found = sent(form_of(*QUESTIONS), **body)

    assert values(found) == {"other": False}


@pytest.mark.parametrize("more", [{}, {"more": ""}, {"more": "much"}])
def test_a_question_that_hangs_on_a_hidden_one_is_neither_demanded_nor_taken(
    more: dict[str, str],
) -> None:
    found = sent(form_of(*QUESTIONS), why="for more", word="a secret word", **more)

    assert values(found) == {"other": False}
    assert isinstance(found, Read)
    assert (found.submission.secrets, found.bag) == ({}, {})


def test_all_that_is_shown_is_taken_however_deep_it_hangs() -> None:
    found = sent(form_of(*QUESTIONS), other="true", why="for more", more="much", word="a secret")

    assert values(found) == {"other": True, "why": "for more", "more": "much"}
    assert isinstance(found, Read)
    assert [secret.reveal() for secret in found.bag.values()] == ["a secret"]


TWICE = (
    {"type": "password", "id": "new", "validate": REQUIRED},
    {"type": "password", "id": "again", "validate": REQUIRED},
    {"type": "text", "id": "note", "validate": REQUIRED},
)
SAME = FormPanel(
    form=FORM,
    form_data_key="form1",
    same={"again": "new"},
    limits={"new": Limits(min_length=4, characters="NUMERIC")},
)


def told(**body: str) -> list[tuple[str, str]]:
    """Give every problem, field and sentence."""
    found = read(SAME, form_of(*TWICE), {name: [text] for name, text in body.items()})
    assert not isinstance(found, Read)
    return [(p.field, p.text.id) for p in found if isinstance(p.text, Message)]


def test_what_must_be_repeated_is_compared_and_told_in_the_forms_order() -> None:
    taken = sent(form_of(*TWICE), SAME, new="582943", again="582943", note="x")

    assert isinstance(taken, Read)
    assert told(new="582943", again="582944", note="x") == [("again", "passcode.differ")]
    assert told(new="582943", again="582944", note="") == [
        ("again", "passcode.differ"), ("note", "form.missing"),
    ]  # fmt: skip


def test_of_an_answer_that_is_wrong_by_itself_no_repetition_is_asked() -> None:
    assert told(new="582", again="999", note="x") == [("new", "passcode.short")]
    assert told(new="582943", again="", note="x") == [("again", "form.missing")]
    assert told(new="58294a", again="58294a", note="x") == [("new", "passcode.numeric")]
