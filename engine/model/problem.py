"""Mistakes as data: of a definition or form (with place and rule), of a submission (per field)."""

from __future__ import annotations

from typing import Literal

from engine.model.names import Localised
from engine.model.value import Tagged, Value

Severity = Literal["error", "warning"]


class Place(Value, frozen=True, kw_only=True):
    """Where in a file: line and column, from 1, in characters; a byte order mark is none."""

    file: str
    line: int
    column: int


class Problem(Value, frozen=True, kw_only=True):
    """One mistake of an author: what is wrong, where, what would be right.

    Attributes:
        rule: Stable code, a letter for the stage and three digits (`Y` reading, `S` shape,
            `L` links, `C` calls of parts, `X` expressions, `P` proofs, `F` forms, `D` deploying).
        key: Path of the value in the document, `flow.ask.timeout.to`.
        nearest: The name that was probably meant, if one is near.
        also: Further places that take part (the first of two equal keys, the path to a read, the
            calls that lead to a part).
    """

    rule: str
    place: Place
    severity: Severity = "error"
    message: str
    remedy: str
    key: str = ""
    nearest: str | None = None
    also: tuple[Place, ...] = ()


class Words(Tagged, frozen=True, kw_only=True):
    """An author's own words, by language."""

    values: Localised


class Message(Tagged, frozen=True, kw_only=True):
    """A sentence of the message catalogue: its id and whole values for its braces.

    `count` chooses between ids ending `.one` and `.other` (CLDR categories) and is given as
    `{count}`.
    """

    id: str
    values: dict[str, str] = {}
    count: int | None = None


Text = Words | Message


class FieldProblem(Value, frozen=True, kw_only=True):
    """One mistake of a person: the component (`""`: the whole form) and how to make it right.

    Never holds what was typed.
    """

    field: str
    text: Text


Problems = tuple[FieldProblem, ...]
"""What is wrong with what somebody sent; empty: nothing."""


def wrong(field: str, sentence: str) -> FieldProblem:
    """Tell an operator what is wrong with a field and what would be right, in English alone."""
    return FieldProblem(field=field, text=Words(values={"en": sentence}))
