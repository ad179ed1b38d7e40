"""Whether a value has a type as declared, through and through; what is read is looked at later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import isfinite
from typing import Final, TypeAlias, assert_never

from engine.expressions.evaluation.values import BIGGEST, SMALLEST
from engine.expressions.types import (
    EnumOf,
    JsonValue,
    ListOf,
    MapOf,
    Member,
    Record,
    Scalar,
    Secret,
    Type,
    is_date,
)

Test: TypeAlias = Callable[[JsonValue], bool]


def has_type(value: JsonValue, type_: Type) -> bool:
    """Say whether a value has a type: nothing is converted, but an integer may be a number.

    A value of any type is any plain JSON, and so is what a link is made for.
    """
    return _test(type_)(value)


@lru_cache(maxsize=1_024)
def _test(type_: Type) -> Test:
    """Make the test of a type once: it is asked at every answer of every activity."""
    match type_:
        case Scalar(kind=kind):
            return _SCALARS[kind]
        case EnumOf(values=values):
            return _one_of(frozenset(values))
        case ListOf(item=item):
            return _all_items(_test(item))
        case MapOf(value=item):
            return _all_members(_test(item))
        case Record(members=members):
            return _these_members(members)
        case Secret():
            return _anything
    assert_never(type_)


def _anything(_: JsonValue) -> bool:
    return True


def _is_integer(value: JsonValue) -> bool:
    return type(value) is int and SMALLEST <= value <= BIGGEST


def _is_number(value: JsonValue) -> bool:
    return isfinite(value) if type(value) is float else _is_integer(value)


_SCALARS: Final[Mapping[str, Test]] = {
    "string": lambda value: type(value) is str,
    "integer": _is_integer,
    "number": _is_number,
    "boolean": lambda value: type(value) is bool,
    "date": lambda value: type(value) is str and is_date(value),
    "null": lambda value: value is None,
    "dynamic": _anything,
}


def _one_of(texts: frozenset[str]) -> Test:
    return lambda value: type(value) is str and value in texts


def _all_items(test: Test) -> Test:
    return lambda value: type(value) is list and all(map(test, value))


def _all_members(test: Test) -> Test:
    return lambda value: type(value) is dict and all(map(test, value.values()))


def _these_members(members: Mapping[str, Member]) -> Test:
    tests = {name: _test(member.type) for name, member in members.items()}
    needed = frozenset(name for name, member in members.items() if not member.optional)

    def test(value: JsonValue) -> bool:
        if type(value) is not dict or not needed <= value.keys():
            return False
        return all(name in tests and tests[name](part) for name, part in value.items())

    return test
