"""A custom data form: what was written, and what it compiles to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, assert_never

from engine.model.names import JsonValue, Localised
from engine.model.problem import Text
from engine.model.value import Passing, Value

ComponentType = Literal[
    "text", "password", "email", "phone", "number", "date", "paragraph", "image", "notification",
    "checkbox", "select", "radio", "code",
]  # fmt: skip
INPUT_TYPES: frozenset[str] = frozenset(
    {"text", "password", "email", "phone", "number", "date", "checkbox", "select", "radio", "code"}
)
SECRET_TYPES: frozenset[str] = frozenset({"password", "code"})
PUT_IN = re.compile(r"\{\{processvar\.([A-Za-z0-9_.]{1,128})\}\}")
"""What a default puts in: the path into process variables is its group 1."""


class Option(Value, frozen=True, kw_only=True):
    """One answer of a `select` or `radio`.

    The value that is stored and the words that are shown.
    """

    value: str
    label: Localised


CharacterSet = Literal["ANY", "ALPHANUMERIC", "NUMERIC"]


class Limits(Value, frozen=True, kw_only=True):
    """Bounds that are known only at run time (a passcode policy's).

    Lengths in Unicode code points after NFKC. `characters` bounds a password alone.
    """

    min_length: int | None = None
    max_length: int | None = None
    characters: CharacterSet = "ANY"

    def lets(self, text: str) -> bool:
        """Whether every character of a text (after NFKC) is one of those allowed."""
        match self.characters:
            case "NUMERIC":
                return text.isascii() and text.isdecimal()
            case "ALPHANUMERIC":
                return text.isalnum()
            case "ANY":
                return True
        assert_never(self.characters)


class Component(Value, frozen=True, kw_only=True):
    """One part of a form, as `trustx-orchestration.md` 5 describes it, with our extensions.

    Attributes:
        label: Caption; empty for a paragraph without one.
        text: What a paragraph, notification or image caption says.
        min: Lowest number (as written) or earliest date (ISO) that is taken.
        pattern: RE2, the whole value must match; `example` is shown when it does not.
        visible_when: Source of an expression over the ids of the other components.
        date_order: `DMY`, `MDY` or `YMD`, the order of the three boxes.
        width: Of an image, in pixels.
    """

    id: str
    type: ComponentType
    label: Localised = {}
    hint: Localised = {}
    default: str = ""
    read_only: bool = False
    transient: bool = False
    required: bool = False
    min_length: int | None = None
    max_length: int | None = None
    min: str | None = None
    max: str | None = None
    whole: bool = False
    pattern: str | None = None
    example: str | None = None
    missing: Localised = {}
    invalid: Localised = {}
    invalid_length: Localised = {}
    autocomplete: str | None = None
    options: tuple[Option, ...] = ()
    visible_when: str | None = None
    default_country: str | None = None
    date_order: Literal["DMY", "MDY", "YMD"] = "DMY"
    text: Localised = {}
    source: str | None = None
    alt: Localised = {}
    width: int | None = None
    subtype: Literal["default", "success", "error", "warning"] = "default"
    close_button: bool = False
    set_timer: bool = False


class Form(Value, frozen=True, kw_only=True):
    """A form as written: one page, parts in order.

    `actions`: words for buttons that have none of ours.
    """

    name: str
    version: int
    title: Localised = {}
    subtitle: Localised = {}
    components: tuple[Component, ...]
    submit: Localised = {}
    actions: dict[str, Localised] = {}


class Accepted(Passing, frozen=True, kw_only=True):
    """What one field gave.

    Its value as plain JSON, or None where an optional field was left empty.
    """

    value: JsonValue


class Refused(Passing, frozen=True, kw_only=True):
    """Why a field was not taken, in words for the person; never with what was typed."""

    text: Text


FieldCheck = Callable[[list[str], Limits | None, tuple[Option, ...]], "Accepted | Refused"]
"""(strings sent under the field's name or names, limits, answers allowed now) -> result.

For a date the strings are `<id>-day`, `<id>-month`, `<id>-year`, or one ISO date under the id
itself. No answers allowed now: the form's own options are.
"""
Visibility = Callable[[Mapping[str, JsonValue]], bool | None]
"""Answers so far -> whether a part is shown; None while one that decides it is missing."""


DATE_PARTS = ("day", "month", "year")
"""What a date is sent as: `<id>-day`, `<id>-month`, `<id>-year`."""


@dataclass(frozen=True, kw_only=True)
class CompiledForm:
    """A form and what it compiles to: one check per input, one visibility per `visibleWhen`.

    It has no slots: what every answer asks of its parts is found once, and kept beside its fields.
    """

    form: Form
    checks: Mapping[str, FieldCheck]
    visible: Mapping[str, Visibility]

    @cached_property
    def inputs(self) -> tuple[Component, ...]:
        """The parts that take an answer."""
        return tuple(part for part in self.form.components if part.type in INPUT_TYPES)

    @cached_property
    def shown(self) -> tuple[Component, ...]:
        """The inputs whose answers may be shown again: all but secrets."""
        return tuple(part for part in self.inputs if part.type not in SECRET_TYPES)

    @cached_property
    def fixed(self) -> tuple[Component, ...]:
        """The inputs that are shown and never answered."""
        return tuple(part for part in self.inputs if part.read_only)

    @cached_property
    def transient(self) -> frozenset[str]:
        """The ids of the answers that are not kept once the instance is over."""
        return frozenset(
            part.id
            for part in self.form.components
            if part.transient and part.type not in SECRET_TYPES
        )

    @cached_property
    def names(self) -> frozenset[str]:
        """All names under which a body may send something."""
        dates = (part.id for part in self.inputs if part.type == "date")
        pieces = {f"{id}-{piece}" for id in dates for piece in DATE_PARTS}
        return frozenset(pieces.union(part.id for part in self.inputs))
