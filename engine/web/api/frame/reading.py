"""Bodies and query words into Structs: strictly, and every mistake told at once, never a value."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, TypeVar, cast, get_args, get_origin

import msgspec

from engine.model.names import JsonObject
from engine.model.problem import FieldProblem, wrong

T = TypeVar("T")

LONGEST_NAME: Final = 64
"""Of a name that we did not write: no more of it is told."""


def taken(
    given: Mapping[str, object], kind: type[T], *, as_text: bool = False
) -> T | list[FieldProblem]:
    """Make a Struct of an object, or tell each field that is wrong.

    Args:
        given: What was sent, by the names in the documents.
        kind: The Struct; a field that it does not have is refused (G6).
        as_text: Everything was sent as text: numbers and truths are read out of it.
    """
    try:
        return msgspec.convert(given, kind, strict=not as_text)
    except msgspec.ValidationError as error:
        return _mistakes(given, kind, as_text=as_text) or [_whole(error)]


def _mistakes(given: Mapping[str, object], kind: type[T], *, as_text: bool) -> list[FieldProblem]:
    known = _fields(cast("Hashable", kind))
    found = [
        wrong(name[:LONGEST_NAME], "there is no such field") for name in given if name not in known
    ]
    for name, one in known.items():
        if name in given:
            try:
                msgspec.convert(given[name], one.type, strict=not as_text)
            except msgspec.ValidationError as error:
                found.append(_said(name, error, one.type))
        elif one.required:
            found.append(wrong(name, "this is needed"))
    return found


@lru_cache(maxsize=256)
def _fields(kind: Hashable) -> dict[str, msgspec.structs.FieldInfo]:
    return {
        one.encode_name: one for one in msgspec.structs.fields(cast("type[msgspec.Struct]", kind))
    }


def _said(name: str, error: msgspec.ValidationError, kind: Any) -> FieldProblem:
    """Take the library's sentence apart: `Expected ... - at `$.a[0]``."""
    sentence, _, place = str(error).partition(" - at `")
    if sentence.startswith("Invalid enum value"):  # which it shows
        sentence = f"use one of {', '.join(_choices(kind))}"
    return wrong(name + place.rstrip("`").removeprefix("$"), sentence)


def _choices(kind: Any) -> list[str]:
    """Give the words of every Literal in a type."""
    if get_origin(kind) is Literal:
        return [str(word) for word in get_args(kind)]
    return [word for part in get_args(kind) for word in _choices(part)]


def _whole(error: msgspec.ValidationError) -> FieldProblem:
    return wrong("", str(error).partition(" - at ")[0])


def query_words(pairs: list[tuple[str, str]]) -> JsonObject | list[FieldProblem]:
    """Give what stands behind the question mark; a word that stands there twice is refused."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        return [wrong(name, "this stands there twice") for name in found if names.count(name) > 1]
    return cast("JsonObject", found)
