"""A form on a page, now: its parts with values, problems and bounds of one request, and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from markupsafe import Markup

from engine.model.form import INPUT_TYPES, SECRET_TYPES, Component, Limits
from engine.model.names import JsonObject, JsonValue
from engine.model.screen import FormPanel
from engine.web.pages.frame import drawn
from engine.web.pages.parts import DATE_PARTS, Answer, Part, answers_of
from engine.web.texts import Said, Speech, speakable

_LONGEST_PASSCODE = 256
_GAP = "\0"
"""Stands for a value in a drawing that is kept; no field takes one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A part on this page, now.

    Attributes:
        values: What its boxes hold: three for a date, else one. Never of a secret. Of one that
            cannot be changed its words, and the answer itself.
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
    # Conditions of other parts ask for the answer itself and not for its words.
    asked = "" if component.type in SECRET_TYPES else speakable(value)
    return Field(part=fixed, values=(shown, asked), hints=hints)


def _in_words(component: Component, value: JsonValue, panel: FormPanel, speech: Speech) -> str:
    text = speakable(value)
    match component.type:
        case "select" | "radio":
            options = panel.options.get(component.id, component.options)
            chosen = (speech.pick(option.label) for option in options if option.value == text)
            return next(chosen, text)
        case "date":
            return speech.written_day(text)
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
    rules = {
        "ANY": ("passcode.rule.words",),
        "ALPHANUMERIC": ("passcode.rule.alphanumeric",),
        "NUMERIC": ("passcode.rule.numeric",),
    }[limits.characters]
    return speech("passcode.rule.length", **bounds), *(speech(rule) for rule in rules)


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


def drawn_field(shown: Field, speech: Speech) -> Markup:
    """Draw a field. What looks the same to everybody is kept; no answer ever is."""
    if shown.problem or shown.answers is not shown.part.answers:
        return _draw(shown, speech)
    if not any(shown.values):
        return kept_drawings(shown, speech)
    return _filled(shown, speech) if shown.part.kind == "line" else _draw(shown, speech)


def _filled(shown: Field, speech: Speech) -> Markup:
    """Put the value of a line into its drawing, which is kept with a gap in its place."""
    around = kept_drawings(replace(shown, values=(_GAP,)), speech).split(_GAP)
    if len(around) != 2:  # an author's words hold the sign, too
        return _draw(shown, speech)
    return around[0] + shown.value + around[1]


def _draw(shown: Field, speech: Speech) -> Markup:
    return drawn("fields.html", "drawn", shown, speech)


kept_drawings = lru_cache(maxsize=2048)(_draw)
