"""Which words a person gets, on a page and in JSON alike: an author's own, else ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.definition import FormRef
from engine.model.form import Component, Form
from engine.model.screen import Action
from engine.web.texts import Speech

_EXAMPLE_DATE = {"D": "27", "M": "3", "Y": "1985"}


@dataclass(frozen=True, slots=True)
class WordedForm:
    """A form of a bundle in one language: equal when bundle, form and speaker are.

    None of them ever changes, so what is made of them alone may be kept.
    """

    digest: str
    ref: FormRef
    speech: Speech
    form: Form = field(compare=False)


def example_date(component: Component) -> str:
    """Write 27 March 1985 in the order of the boxes."""
    return " ".join(_EXAMPLE_DATE[letter] for letter in component.date_order)


def named_in(component: Component, say: Speech) -> Mapping[str, str]:
    """Give what a problem's sentence may name of its field: `label` and `example`."""
    example = example_date(component) if component.type == "date" else component.example or ""
    return {"label": say.pick(component.label), "example": example}


def submit_words(form: Form | None, say: Speech) -> str:
    """Word the main button."""
    return (say.pick(form.submit) if form is not None else "") or say.plain("form.submit")


def action_words(action: Action, form: Form | None, say: Speech) -> str:
    """Word another way out: the screen's label, the form's, else ours."""
    if action.label is not None:
        return say.plain_text(action.label)
    own = say.pick(form.actions.get(action.name, {})) if form is not None else ""
    return own or say.plain(f"action.{action.name}")
