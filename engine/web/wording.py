"""Which words a person gets, on a page and in JSON alike: an author's own, else ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.definition import FormRef
from engine.model.form import Component, Form
from engine.model.names import Localised
from engine.model.problem import Message, Text, Words
from engine.model.screen import Action
from engine.web.texts import Speech

_EXAMPLE_DATE = {"D": "27", "M": "3", "Y": "1985"}
_RUNS = {"ltr": "", "rtl": "\u200f"}
"""Direction -> a sign before numbers alone, which would else run from left to right."""


@dataclass(frozen=True, slots=True)
class WordedForm:
    """A form of a bundle in one language: equal when bundle, form and speaker are.

    None of them ever changes, so what is made of them alone may be kept.
    """

    digest: str
    ref: FormRef
    speech: Speech
    form: Form = field(compare=False)


def example_date(component: Component, say: Speech) -> str:
    """Write 27 March 1985 in the order of the boxes, which run as the page does."""
    order = " ".join(_EXAMPLE_DATE[letter] for letter in component.date_order)
    return f"{_RUNS[say.direction]}{order}"


def named_in(component: Component, say: Speech) -> Mapping[str, str]:
    """Give what a problem's sentence may name of its field: `label` and `example`."""
    example = example_date(component, say) if component.type == "date" else component.example or ""
    return {"label": say.pick(component.label), "example": example}


def submit_text(form: Form | None, say: Speech) -> Text:
    """Word the main button: the form's words, else ours."""
    return _own(form.submit if form is not None else {}, say) or Message(id="form.submit")


def action_text(action: Action, form: Form | None, say: Speech) -> Text:
    """Word another way out: the screen's label, the form's, else ours."""
    own = form.actions.get(action.name, {}) if form is not None else {}
    return action.label or _own(own, say) or Message(id=f"action.{action.name}")


def _own(words: Localised, say: Speech) -> Words | None:
    return Words(values=words) if say.pick(words) else None
