"""Closures that read data: by path, by member, and the question whether something is there.

A value read has the type its declaration promises, or the reading is a fault; so the operators
above may rely on their types. A null where another type was declared counts as missing.
"""

from collections.abc import Callable, Mapping, Set
from typing import Any, TypeAlias, cast

from engine.errors import ExpressionFault
from engine.expressions.evaluation.faults import missing, mistyped
from engine.expressions.syntax.tree import Segments, spell
from engine.expressions.types import (
    DYNAMIC,
    NULL,
    NUMBER,
    EnumOf,
    JsonValue,
    ListOf,
    MapOf,
    Record,
    Scalar,
    Type,
    Values,
    describe,
)

Run: TypeAlias = Callable[[Values], JsonValue]
Condition: TypeAlias = Callable[[Values], bool]

_SCALARS: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "date": str,
    "null": type(None),
}


class _Anything:
    """The class of no value: readers of "any type" never find it, and take the long way."""


def python_class(type_: Type) -> type:
    """Name the Python class that values of a type have, for the quick look at every read."""
    match type_:
        case Scalar(kind=kind):
            return _SCALARS.get(kind, _Anything)
        case EnumOf():
            return str
        case ListOf():
            return list
        case _:
            return dict


def conform(value: JsonValue, type_: Type, segments: Segments) -> JsonValue:
    """Take a second, longer look at a value whose class is not the usual one of its type.

    Raises:
        ExpressionFault: The value is null, or not of the type.
    """
    if type_ == DYNAMIC:
        return value
    if value is None:
        raise missing(segments)
    if type_ == NUMBER and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(type_, MapOf | Record) and isinstance(value, Mapping):
        return value
    raise mistyped(spell(segments), describe(type_))


def conformer(type_: Type, segments: Segments) -> Callable[[JsonValue], JsonValue]:
    """Make the look at a value that was not read by a path; `segments` is what faults name."""
    wanted = python_class(type_)
    return lambda value: value if type(value) is wanted else conform(value, type_, segments)


def step(value: object, segment: str | int, segments: Segments) -> object:
    """Go one step down: to a member by name or an item by position.

    Raises:
        ExpressionFault: There is no such thing; `segments` is the path that the fault names.
    """
    if isinstance(segment, str):
        if isinstance(value, Mapping) and segment in value:
            return value[segment]
    elif isinstance(value, list) and segment < len(value):
        return value[segment]
    raise missing(segments)


def _follow(values: Values, segments: Segments) -> JsonValue:
    value: object = values
    for segment in segments:
        value = step(value, segment, segments)
    return cast("JsonValue", value)


def path_reader(segments: Segments, type_: Type) -> Run:
    """Make the closure that reads a path; the common lengths are written out for speed."""
    names = tuple(segment for segment in segments if isinstance(segment, str))
    if len(names) < len(segments):
        return _any_reader(segments, type_)
    match names:
        case (name,):
            return _name_reader(name, type_)
        case (name, member):
            return _two_reader(name, member, type_)
        case _:
            return _any_reader(segments, type_)


def _name_reader(name: str, type_: Type) -> Run:
    wanted, segments = python_class(type_), (name,)

    def read(values: Values) -> JsonValue:
        try:
            value = values[name]
        except KeyError:
            raise missing(segments) from None
        return value if type(value) is wanted else conform(value, type_, segments)

    return read


def _two_reader(name: str, member: str, type_: Type) -> Run:
    wanted, segments = python_class(type_), (name, member)

    def read(values: Values) -> JsonValue:
        try:
            outer: Any = values[name]
            value: JsonValue = outer[member]
        except (KeyError, TypeError):
            raise missing(segments) from None
        return value if type(value) is wanted else conform(value, type_, segments)

    return read


def _any_reader(segments: Segments, type_: Type) -> Run:
    wanted = python_class(type_)

    def read(values: Values) -> JsonValue:
        value = _follow(values, segments)
        return value if type(value) is wanted else conform(value, type_, segments)

    return read


def asker(segments: Segments, outer: Type, type_: Type) -> Condition:
    """Make the closure of `has(path)`.

    Args:
        segments: The path; the last segment is what is asked for. Anything missing before it is
            a fault, as in CEL; a top-level name alone is only looked up.
        outer: The type of what the last segment is inside of.
        type_: The type of what is asked for: a null counts as missing, if it is not of that type.
    """
    *before, last = segments
    reads_container = path_reader(tuple(before), outer) if before else None
    null_counts = type_ in (DYNAMIC, NULL)

    def has(values: Values) -> bool:
        container = values if reads_container is None else reads_container(values)
        if not isinstance(container, Mapping):
            raise mistyped(spell(tuple(before)), "a value with members")
        return last in container and (null_counts or container[str(last)] is not None)

    return has


def giver(segments: Segments, type_: Type, missable: Set[Segments]) -> Condition:
    """Make the closure that says whether the value of an optional input is there.

    Where something is missing that may not be missing, it says yes: the reading then ends as the
    fault it is.
    """
    null_counts = type_ in (DYNAMIC, NULL)

    def given(values: Values) -> bool:
        value: object = values
        for depth, segment in enumerate(segments, start=1):
            try:
                value = step(value, segment, segments)
            except ExpressionFault:
                return segments[:depth] not in missable
            is_last = depth == len(segments)
            if value is None and not (is_last and null_counts):
                return segments[:depth] not in missable
        return True

    return given
