"""Components of a form as the page shows them: words, attributes and values, ready for a template.

What depends on form and language alone is a `Part`, made once and kept; a `Field` is a part with
the value, the problem and the bounds of this request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Literal

from markupsafe import Markup

from engine.model.definition import FormRef
from engine.model.form import INPUT_TYPES, SECRET_TYPES, Component, Form, Limits, Option
from engine.model.names import JsonObject, JsonValue
from engine.model.screen import FormPanel
from engine.web.pages.conditions import script_condition
from engine.web.pages.frame import drawn
from engine.web.texts import Said, Speech, speakable

Kind = Literal[
    "line", "secret", "date", "select", "radio", "check", "fixed",
    "paragraph", "image", "notification",
]  # fmt: skip
DATE_PARTS = {"D": "day", "M": "month", "Y": "year"}
_EXAMPLE_DATE = {"D": "27", "M": "3", "Y": "1985"}
_EXAMPLE_PHONES = {"GB": "+1 202 555 0123"}
_EXAMPLE_PHONE = "+44 7700 900123"
_LONGEST_PASSCODE = 256
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A part on this page, now.

    Attributes:
        values: What its boxes hold: three for a date, else one. Never of a secret.
        problem: How to make it right.
        limit: Longest value in its box, None for any.
    """

    part: Part
    values: tuple[str, ...] = ("",)
    problem: Markup | None = None
    hints: tuple[Markup | str, ...] = ()
    answers: tuple[Answer, ...] = ()
    limit: int | None = None
    enter: str = "next"

    @property
    def value(self) -> str:
        """What its one box holds."""
        return self.values[0]

    @property
    def described(self) -> str:
        """Ids of what describes the input: the problem, then the hint."""
        told = ((self.problem, "problem"), (self.hints, "hint"))
        return " ".join(f"{self.part.id}-{name}" for there, name in told if there)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    """A form on a page: its fields in order, and what the page around it must know."""

    fields: tuple[Field, ...]
    has_secret: bool
    asks_passcode: bool
    says_required: bool

    def named(self, id_: str) -> Field | None:
        """Find a field that a person fills in."""
        found = (field for field in self.fields if field.part.id == id_)
        return next((field for field in found if field.part.component.type in INPUT_TYPES), None)


# ---- parts: once per form and language


@dataclass(frozen=True, slots=True)
class _Written:
    """A form in one language: equal when bundle, form and speaker are."""

    digest: str
    ref: FormRef
    speech: Speech
    form: Form = field(compare=False)


def parts_of(digest: str, ref: FormRef, form: Form, speech: Speech) -> tuple[Part, ...]:
    """Give the parts of a form of a bundle; a bundle never changes, so they are kept."""
    return _parts(_Written(digest, ref, speech, form))


@lru_cache(maxsize=256)
def _parts(written: _Written) -> tuple[Part, ...]:
    secrets = sum(component.type == "password" for component in written.form.components)
    return tuple(
        _part(component, written.speech, alone=secrets == 1)
        for component in written.form.components
    )


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
            return (speech("form.date.hint", example=example_date(component)),)
        case "code" if component.max_length and component.max_length == component.min_length:
            return (speech("code.hint", count=component.max_length),)
        case "text" if component.max_length and component.max_length >= 100:
            # A bound that people may meet is worth a line; that a name may have 60 letters is not.
            return (speech("form.max", count=component.max_length),)
        case _:
            return ()


def example_date(component: Component) -> str:
    """Write 27 March 1985 in the order of the boxes."""
    return " ".join(_EXAMPLE_DATE[letter] for letter in component.date_order)


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


# ---- fields: for every request


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What this request brings to a form.

    Attributes:
        panel: The form in its place.
        typed: What the person had typed before, None on a fresh page; then the panel's values show.
        problems: Component id -> how to make it right.
    """

    panel: FormPanel
    typed: Mapping[str, JsonValue] | None
    problems: Mapping[str, Markup]


def view(parts: Sequence[Part], filling: Filling, speech: Speech) -> FormView:
    """Put values, problems and bounds to the parts."""
    fields = tuple(_field(part, filling, speech) for part in parts)
    last = max(
        (n for n, each in enumerate(fields) if each.part.kind in ("line", "secret")), default=-1
    )
    fields = tuple(replace(f, enter="go") if n == last else f for n, f in enumerate(fields))
    kinds = {
        each.part.component.autocomplete or "current-password"
        for each in fields
        if _is_secret(each)
    }
    return FormView(
        fields=fields,
        has_secret=bool(kinds),
        asks_passcode=kinds == {"current-password"},
        says_required=any(each.part.optional and each.part.kind != "fixed" for each in fields),
    )


def _is_secret(shown: Field) -> bool:
    return shown.part.kind == "secret"


def _field(part: Part, filling: Filling, speech: Speech) -> Field:
    component, panel = part.component, filling.panel
    if component.type not in INPUT_TYPES:
        return Field(part=part)
    if component.read_only or panel.read_only:
        return _fixed(part, panel, speech)
    limits = panel.limits.get(component.id, Limits())
    given = panel.options.get(component.id)
    return Field(
        part=part,
        values=_values(component, filling, speech),
        problem=filling.problems.get(component.id),
        hints=_rules(component, limits, speech) + part.hints,
        answers=part.answers if given is None else answers_of(component.id, given, speech),
        limit=_longest(component, limits),
    )


def _fixed(part: Part, panel: FormPanel, speech: Speech) -> Field:
    """Show an answer that cannot be changed here; it is not sent, and a secret is not shown."""
    component = part.component
    value = panel.values.get(component.id)
    shown = "" if component.type in SECRET_TYPES else _in_words(component, value, panel, speech)
    fixed = replace(part, kind="fixed", target=component.id)
    # On a page that is read as a whole, saying it at every field would be noise.
    hints = () if panel.read_only else (speech("form.readonly"),)
    return Field(part=fixed, values=(shown,), hints=hints)


def _in_words(component: Component, value: JsonValue, panel: FormPanel, speech: Speech) -> str:
    text = speakable(value)
    match component.type:
        case "select" | "radio":
            options = panel.options.get(component.id, component.options)
            chosen = (speech.pick(option.label) for option in options if option.value == text)
            return next(chosen, text)
        case "date":
            return speech.canonical("date", text)
        case "number":
            return speech.number(text)
        case _:
            return text


def _rules(component: Component, limits: Limits, speech: Speech) -> tuple[Markup, ...]:
    """Say what a new passcode must be before it is typed; of one that exists say nothing."""
    if component.autocomplete != "new-password" or limits.min_length is None:
        return ()
    longest = limits.max_length or _LONGEST_PASSCODE
    bounds: dict[str, Said] = {"min": limits.min_length, "max": longest}
    return speech("passcode.rule.length", **bounds), speech("passcode.rule.words")


def _longest(component: Component, limits: Limits) -> int | None:
    bounds = [n for n in (limits.max_length, component.max_length) if n]
    longest = min(bounds, default=None)
    match component.type:
        case "password":
            return longest or _LONGEST_PASSCODE
        case "code":
            return (
                longest * 2 if longest else None
            )  # room for the spaces and dashes of a pasted one
        case "text" | "email" | "phone":
            return longest
        case _:
            return None


def _values(component: Component, filling: Filling, speech: Speech) -> tuple[str, ...]:
    if component.type in SECRET_TYPES:
        return ("",)  # always typed again (B1, D)
    values: Mapping[str, JsonValue] = (
        filling.panel.values if filling.typed is None else filling.typed
    )
    value = values.get(component.id)
    if component.type == "date":
        return _date_values(component, value)
    if isinstance(value, list):
        value = value[0] if value else None
    told = speakable(value)
    return (
        (speech.number(told),) if component.type == "number" and filling.typed is None else (told,)
    )


def _date_values(component: Component, value: JsonValue) -> tuple[str, ...]:
    """Give day, month, year in the order of the boxes, from an ISO date or three texts as typed."""
    pieces: JsonObject = {}
    if isinstance(value, list) and len(value) == len(DATE_PARTS):
        pieces = dict(zip("DMY", value, strict=True))
    else:
        text = value[0] if isinstance(value, list) and value else value
        try:
            day = date.fromisoformat(speakable(text))
            pieces = {"D": day.day, "M": day.month, "Y": day.year}
        except ValueError:
            pieces = {}
    return tuple(speakable(pieces.get(letter)) for letter in component.date_order)


# ---- drawing


def drawn_field(shown: Field, speech: Speech) -> Markup:
    """Draw a field. An empty one looks the same to everybody and is kept; no answer ever is."""
    own = any(shown.values) or shown.problem or shown.answers is not shown.part.answers
    draw = _draw if own else kept_drawings
    return draw(shown, speech)


def _draw(shown: Field, speech: Speech) -> Markup:
    return drawn("fields.html", "drawn", shown, speech)


kept_drawings = lru_cache(maxsize=2048)(_draw)
