"""Components of a form in one language: words, attributes and classes, made once and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from markupsafe import Markup

from engine.model.form import INPUT_TYPES, Component, Option
from engine.web.pages.conditions import script_condition
from engine.web.texts import Speech
from engine.web.wording import WordedForm, example_date

Kind = Literal[
    "line", "secret", "date", "select", "radio", "check", "fixed",
    "paragraph", "image", "notification",
]  # fmt: skip
DATE_PARTS = {"D": "day", "M": "month", "Y": "year"}
_EXAMPLE_PHONES = {"GB": "+1 202 555 0123"}
_EXAMPLE_PHONE = "+44 7700 900123"
_TONES = {"default": "info", "success": "good", "error": "bad", "warning": "warn"}
_PLAIN_LINE = {"autocapitalize": "none", "spellcheck": "false"}
_LINES: dict[str, tuple[str, dict[str, str]]] = {
    "text": ("", {"type": "text", "dir": "auto"}),
    "email": ("ltr", {"type": "email", "inputmode": "email", "autocomplete": "email",
                      **_PLAIN_LINE}),
    "phone": ("half ltr", {"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    "number": ("half ltr", {"type": "text", "inputmode": "decimal", "autocomplete": "off",
                            "data-number": ""}),
    "code": ("code ltr", {"type": "text", "inputmode": "numeric", "autocomplete": "one-time-code",
                          **_PLAIN_LINE}),
    "password": ("", {"type": "password", "autocomplete": "current-password", **_PLAIN_LINE}),
}  # fmt: skip
"""Component type -> (classes besides `input`, attributes), before the component's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One tile of a choice or one line of a list. The first has the component's own id."""

    id: str
    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatePart:
    """One of the three boxes of a date."""

    id: str
    label: Markup
    css: str
    length: int
    autocomplete: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A component in one language.

    Attributes:
        kind: The macro that draws it.
        target: Id of its first input, where the summary's link leads.
        attributes: Of its input, all that never changes.
        when: `visibleWhen` for the script, JSON.
        show: Words of the button that shows a secret: (word, name, word pressed, name pressed).
        tone: Of a notification.
    """

    component: Component
    kind: Kind
    target: str
    label: str
    text: str = ""
    alt: str = ""
    hints: tuple[Markup | str, ...] = ()
    css: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()
    dates: tuple[DatePart, ...] = ()
    when: str | None = None
    show: tuple[str, str, str, str] = ("", "", "", "")
    tone: str = "info"

    @property
    def id(self) -> str:
        """The component's id."""
        return self.component.id

    @property
    def optional(self) -> bool:
        """Whether its label says so: required is the rule and is not marked."""
        return self.component.type in INPUT_TYPES and not self.component.required


@lru_cache(maxsize=256)
def parts_of(worded: WordedForm) -> tuple[Part, ...]:
    """Give the parts of a form in its language; neither ever changes, so they are kept."""
    components, speech = worded.form.components, worded.speech
    secrets = sum(component.type == "password" for component in components)
    return tuple(_part(component, speech, alone=secrets == 1) for component in components)


def _part(component: Component, speech: Speech, *, alone: bool) -> Part:
    part = Part(
        component=component,
        kind=_kind(component),
        target=component.id,
        label=speech.pick(component.label),
        text=speech.pick(component.text),
        alt=speech.pick(component.alt),
        hints=_hints(component, speech),
        when=script_condition(component.visible_when) if component.visible_when else None,
    )
    match part.kind:
        case "line" | "secret":
            part = replace(part, css=_css(component), attributes=_attributes(component))
            return replace(part, show=_show(part.label, speech, alone=alone))
        case "date":
            dates = _dates(component, speech)
            return replace(part, dates=dates, target=dates[0].id)
        case "select" | "radio":
            return replace(part, answers=answers_of(component.id, component.options, speech))
        case "notification":
            return replace(part, tone=_TONES[component.subtype])
        case _:
            return part


def _kind(component: Component) -> Kind:
    match component.type:
        case "text" | "email" | "phone" | "number" | "code":
            return "line"
        case "password":
            return "secret"
        case "checkbox":
            return "check"
        case shown:
            return shown


def _hints(component: Component, speech: Speech) -> tuple[Markup | str, ...]:
    own = speech.pick(component.hint)
    if own:
        return (own,)
    match component.type:
        case "phone" if component.default_country:
            example = _EXAMPLE_PHONES.get(component.default_country, _EXAMPLE_PHONE)
            return (speech("form.phone.hint", example=example),)
        case "date":
            return (speech("form.date.hint", example=example_date(component, speech)),)
        case "code" if component.max_length and component.max_length == component.min_length:
            return (speech("code.hint", count=component.max_length),)
        case "text" if component.max_length and component.max_length >= 100:
            # A bound that people may meet is worth a line; that a name may have 60 letters is not.
            return (speech("form.max", count=component.max_length),)
        case _:
            return ()


def _css(component: Component) -> str:
    """Choose the classes besides `input`: a box is about as wide as what goes into it."""
    css = _LINES[component.type][0].split()
    widest = component.max_length or (len(component.max) if component.max else 0)
    if component.type in ("text", "number") and widest:
        css = [name for name in css if name != "half"]
        css += ["w4"] if widest <= 4 else ["half"] if widest <= 20 else []
    return "".join(f" {name}" for name in css)


def _attributes(component: Component) -> dict[str, str]:
    attributes = dict(_LINES[component.type][1])
    if component.autocomplete:
        attributes["autocomplete"] = component.autocomplete
    if component.autocomplete == "username":
        attributes |= _PLAIN_LINE  # a phone would begin it with a capital letter
    if component.type == "number" and component.whole:
        attributes["inputmode"] = "numeric"
    if component.type == "number" and (component.min or "").startswith("-"):
        del attributes["inputmode"]  # a phone's pad of digits may have no minus
    return attributes


def _show(label: str, speech: Speech, *, alone: bool) -> tuple[str, str, str, str]:
    """Word the button: where there are two secrets its name holds the field."""
    show, hide = speech.plain("passcode.show"), speech.plain("passcode.hide")
    if alone:
        return show, "", hide, ""
    named = (
        speech.plain(id_, label=label) for id_ in ("passcode.show.label", "passcode.hide.label")
    )
    return show, next(named), hide, next(named)


def _dates(component: Component, speech: Speech) -> tuple[DatePart, ...]:
    born = component.autocomplete == "bday"
    return tuple(
        DatePart(
            id=f"{component.id}-{name}",
            label=speech(f"form.date.{name}"),
            css="w4" if name == "year" else "w2",
            length=4 if name == "year" else 2,
            autocomplete=f"bday-{name}" if born else "off",
        )
        for name in (DATE_PARTS[letter] for letter in component.date_order)
    )


def answers_of(id_: str, options: Sequence[Option], speech: Speech) -> tuple[Answer, ...]:
    """Word the answers of a choice."""
    return tuple(
        Answer(
            id=id_ if place == 1 else f"{id_}-{place}",
            value=option.value,
            label=speech.pick(option.label) or option.value,
        )
        for place, option in enumerate(options, 1)
    )
