"""Bodies and query words into Structs: strictly, and every mistake told at once, never a value."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Final, TypeVar, Union, cast, get_args, get_origin

import msgspec

from engine.model.problem import FieldProblem, wrong
from engine.nearest import nearest
from engine.web.api.frame.bounds import beyond, unheld
from engine.web.api.frame.sentences import told

T = TypeVar("T")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)


def taken(given: Mapping[str, object], kind: type[T]) -> T | list[FieldProblem]:
    """Make a Struct of an object in JSON, or tell each field that is wrong.

    A field that the Struct does not have is refused (G6).
    """
    unfit = unheld(given)
    if unfit:
        return unfit
    try:
        made = msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        return _mistakes(given, kind)[1] or [_whole(error)]
    return _beyond(made) or made


def taken_words(pairs: Sequence[tuple[str, str]], kind: type[T]) -> T | list[FieldProblem]:
    """Make a Struct of the words behind the question mark: numbers are read out of them.

    A word that stands there twice is refused. `null` is a word as any other.
    """
    given = dict(pairs)
    if len(given) != len(pairs):
        names = [name for name, _ in pairs]
        return [wrong(name, "this stands there twice") for name in given if names.count(name) > 1]
    unfit = unheld(given)
    if unfit:
        return unfit
    values, found = _mistakes(given, kind, as_text=True)
    if found:
        return found
    made = kind(**values)
    return _beyond(made) or made


def _beyond(made: object) -> list[FieldProblem]:
    fields = _fields(cast("Hashable", type(made))).items()
    return [said for name, one in fields for said in beyond(name, getattr(made, one.name))]


def _mistakes(
    given: Mapping[str, object], kind: type[T], *, as_text: bool = False
) -> tuple[dict[str, object], list[FieldProblem]]:
    """Read each field by itself: the values that could be, by property, and what is wrong."""
    known = _fields(cast("Hashable", kind))
    values: dict[str, object] = {}
    found: list[FieldProblem] = []
    found.extend(_unknown(name, list(known)) for name in given if name not in known)
    for name, one in known.items():
        if name in given:
            type_ = _present(one.type) if as_text else one.type
            try:
                strict = not (as_text and _is_read_out(type_))
                values[one.name] = msgspec.convert(given[name], type_, strict=strict)
            except msgspec.ValidationError as error:
                found.append(told(name, error, type_))
        elif one.required:
            found.append(wrong(name, "this is needed"))
    return values, found


@lru_cache(maxsize=256)
def _present(type_: Any) -> Any:
    """Give a type without None: what stands there is there."""
    parts = [part for part in get_args(type_) if part is not type(None)]
    is_union = get_origin(type_) in (Union, UnionType)
    return Union[tuple(parts)] if is_union else type_  # noqa: UP007 - made at run time


def _is_read_out(type_: Any) -> bool:
    """Say whether a word is read as a number or a truth; a moment written as one is none."""
    return (get_args(type_)[0] if get_origin(type_) is Annotated else type_) in (bool, int)


@lru_cache(maxsize=256)
def _fields(kind: Hashable) -> dict[str, msgspec.structs.FieldInfo]:
    return {
        one.encode_name: one for one in msgspec.structs.fields(cast("type[msgspec.Struct]", kind))
    }


def _unknown(name: str, known: Sequence[str]) -> FieldProblem:
    """Name a field that there is not, if it is a slip of one there is, or surely no passcode."""
    meant = nearest(name, known)
    if meant is not None:
        return wrong(name, f"there is no such field; did you mean {meant}?")
    holds_secret = any("passcode" in one.lower() for one in known)
    is_told = _WORD.fullmatch(name) is not None and not holds_secret
    names = ", ".join(known) or "none"
    return wrong(name if is_told else "", f"there is no such field; those that there are: {names}")


def _whole(error: msgspec.ValidationError) -> FieldProblem:
    return told("", error, object)
