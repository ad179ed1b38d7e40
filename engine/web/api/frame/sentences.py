"""What is wrong with a value that was sent, in words for any caller: never the value, nor a type.

Source: the sentences of msgspec's ValidationError, of version 0.22.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from msgspec import Meta, ValidationError

from engine.model.problem import FieldProblem, wrong

_TIME: Final = "a time with its offset from UTC, such as 2026-11-26T16:00:00Z"
_LENGTH: Final = "a length of time in ISO 8601, such as PT15M"
_KINDS: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "datetime": _TIME,
    "duration": _LENGTH,
    "null": "null",
}
_COUNTED: Final = {"str": " characters", "array": " entries", "object": " entries", "int": ""}
_PLACE: Final = re.compile(r" - at (?P<key>`key` in )?`\$(?P<inside>.*)`\Z")
_EXPECTED: Final = re.compile(r"Expected `(?P<kinds>[a-z| ]+)`(?P<more>.*)", re.DOTALL)
_LIMIT: Final = re.compile(r" (?:of length )?(?P<way>[<>]=) (?P<number>-?\d+)\Z")
_BEGUN: Final = {"Invalid RFC3339": _TIME, "Invalid ISO8601": _LENGTH}
Limits = tuple[int | None, int | None]
"""The least and the most, of a number or of a length."""


def told(name: str, error: ValidationError, kind: Any) -> FieldProblem:
    """Tell what is wrong with a field.

    Args:
        name: The field's, as it is sent.
        error: What the library says of its value.
        kind: The field's type.
    """
    whole = str(error)
    found = _PLACE.search(whole)
    inside = found["inside"] if found is not None else ""
    is_key = found is not None and found["key"] is not None
    sentence = whole if found is None else whole[: found.start()]
    limits = (None, None) if inside or is_key else _limits(kind)
    wanted = f"use {_wanted(sentence, kind, limits)}"
    return wrong(name + inside, f"for each name in it {wanted}" if is_key else wanted)


def _wanted(sentence: str, kind: Any, limits: Limits) -> str:
    if sentence.startswith("Invalid enum value"):  # which it shows
        return f"one of {', '.join(_choices(kind))}"
    found = _EXPECTED.match(sentence)
    if found is None:
        return next(
            (said for begun, said in _BEGUN.items() if sentence.startswith(begun)), "another value"
        )
    kinds, more = found["kinds"].split(" | "), found["more"]
    if more.startswith(" matching regex "):
        return _written(kind, more)
    limit = _LIMIT.fullmatch(more)
    if limit is not None and limits == (None, None):
        number = int(limit["number"])
        limits = (number, None) if limit["way"] == ">=" else (None, number)
    return " or ".join(_limited(one, limits) for one in kinds)


def _limited(kind: str, limits: Limits) -> str:
    said, counted = _KINDS.get(kind, "another value"), _COUNTED.get(kind)
    least, most = limits
    if counted is None or limits == (None, None):
        return said
    if 1 in (least, most) and None in (least, most):
        counted = {" characters": " character", " entries": " entry"}.get(counted, counted)
    of = "from" if kind == "int" and least is not None and most is not None else "of"
    if least is None:
        return f"{said} {of} at most {most:,}{counted}"
    if most is None:
        return f"{said} {of} at least {least:,}{counted}"
    return f"{said} {of} {least:,} to {most:,}{counted}"


def _limits(kind: Any) -> Limits:
    least: int | None = None
    most: int | None = None
    for meta in _metas(kind, at_top=True):
        least = _first(least, meta.min_length, meta.ge)
        most = _first(most, meta.max_length, meta.le)
    return least, most


def _first(*numbers: float | None) -> int | None:
    return next((int(number) for number in numbers if number is not None), None)


def _written(kind: Any, more: str) -> str:
    """Say what a pattern wants, as its description does."""
    for meta in _metas(kind):
        if meta.pattern is not None and repr(meta.pattern) in more and meta.description:
            return meta.description[:1].lower() + meta.description[1:].rstrip(".")
    return "another text"


def _metas(kind: Any, *, at_top: bool = False) -> Iterator[Meta]:
    """Give what is noted on a type; also inside of lists and objects, unless only `at_top`."""
    parts: tuple[Any, ...] = get_args(kind)
    if get_origin(kind) is Annotated:
        yield from (part for part in parts[1:] if isinstance(part, Meta))
        parts = parts[:1]
    elif at_top and get_origin(kind) not in (Union, UnionType):
        return
    for part in parts:
        yield from _metas(part, at_top=at_top)


def _choices(kind: Any) -> list[str]:
    """Give the words of every Literal in a type."""
    if get_origin(kind) is Literal:
        return [str(word) for word in get_args(kind)]
    return [word for part in get_args(kind) for word in _choices(part)]
