"""The types an expression can have, and what is known of the names it may use.

A type says what a value is at run time: DATE is an ISO 8601 text (`2026-01-31`), an enumeration is
one of its texts, INTEGER has 64 bits, NUMBER is a double. Types are values: frozen, compared by
content.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Literal, TypeAlias, assert_never

from msgspec import Struct

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
"""What a value can be at run time: JSON, as Python reads it. Never changed in place."""

Values: TypeAlias = Mapping[str, JsonValue]
"""What an expression is evaluated over: values by top-level name. Absent means not written."""

ScalarKind = Literal["string", "integer", "number", "boolean", "date", "null", "dynamic"]
LONGEST_LIST = 2_000
"""Characters of a list of names in a message: thousands of problems may name thousands each."""
Presence = Literal["always", "maybe", "never"]


class Scalar(Struct, frozen=True, gc=False):
    """A type without parts; the constants below are all of them."""

    kind: ScalarKind


STRING = Scalar("string")
INTEGER = Scalar("integer")
NUMBER = Scalar("number")
BOOLEAN = Scalar("boolean")
DATE = Scalar("date")
NULL = Scalar("null")
DYNAMIC = Scalar("dynamic")


class ListOf(Struct, frozen=True, gc=False):
    """A list whose items are all of one type."""

    item: "Type"


class EnumOf(Struct, frozen=True, gc=False):
    """One of these texts."""

    values: tuple[str, ...]


class MapOf(Struct, frozen=True, gc=False):
    """Any text to a value of one type. A member of a map is always optional."""

    value: "Type"


class Member(Struct, frozen=True, gc=False):
    """One member of a record; an optional one is readable only behind `has()`."""

    type: "Type"
    optional: bool = False


@dataclass(frozen=True)
class Record:
    """A value with named members and no others; `name` is what messages call it.

    `answers` is the path at which answers filed under the same name are read, for messages alone.
    """

    members: Mapping[str, Member] = field(hash=False)
    name: str
    answers: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Keep a copy of the members that nobody can change; a view is taken as it is."""
        if not isinstance(self.members, MappingProxyType):
            object.__setattr__(self, "members", MappingProxyType(dict(self.members)))

    @cached_property
    def listing(self) -> str:
        """The names of the members, as a message names them."""
        return listed(sorted(self.members))

    @cached_property
    def secret(self) -> "Secret | None":
        """The first secret inside; looked for once, as one record is read by many expressions."""
        found = (hides_secret(member.type) for member in self.members.values())
        return next((secret for secret in found if secret is not None), None)


class Secret(Struct, frozen=True, gc=False):
    """A member that exists and must never be read; `reason` says why, in the message."""

    reason: str


Type: TypeAlias = Scalar | ListOf | EnumOf | MapOf | Record | Secret


class Binding(Struct, frozen=True, gc=False):
    """What is known of one top-level name at the place where the expression stands.

    `presence` says on which paths to this place it was written: "always" on all, "maybe" on some
    (readable only behind `has()`), "never" on none (any mention is a problem).
    """

    type: Type
    presence: Presence = "always"


Environment: TypeAlias = Mapping[str, Binding]
"""Every top-level name an expression may use."""


def describe(type_: Type) -> str:
    """Name a type as a message does, for example `list<string>` or `one of PASS, FAIL`."""
    match type_:
        case Scalar(kind="dynamic"):
            return "a value of any type"
        case Scalar(kind=kind):
            return kind
        case ListOf(item=inner) | MapOf(value=inner):
            return f"{'list' if isinstance(type_, ListOf) else 'map'}<{describe(inner)}>"
        case EnumOf(values=values):
            return "one of " + listed(values)
        case Record(name=name):
            return name
        case Secret():
            return "a secret"
        case _:
            assert_never(type_)


def listed(names: Collection[str]) -> str:
    """Write names with commas, as many as a message can hold."""
    text = ", ".join(names)
    if len(text) <= LONGEST_LIST:
        return text
    shown = text.rfind(", ", 0, LONGEST_LIST)
    left = len(names) - text.count(", ", 0, shown) - 1
    return f"{text[:shown]} and {left} more" if shown > 0 else text[:LONGEST_LIST]


def is_date(text: str) -> bool:
    """Say whether a text is an ISO date, `2026-01-31`."""
    try:
        return len(text) == 10 and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_text(type_: Type) -> bool:
    """Say whether a value of this type is a plain text: a string or one of an enumeration."""
    return type_ == STRING or isinstance(type_, EnumOf)


def assignable(actual: Type, expected: Type) -> bool:
    """Say whether a value of the type `actual` can stand where `expected` is asked for.

    An integer may stand for a number (it is converted); a value of any type may stand anywhere
    (it is looked at when the expression is evaluated).
    """
    if DYNAMIC in (actual, expected) or actual == expected:
        return True
    if (actual, expected) == (INTEGER, NUMBER):
        return True
    match actual, expected:
        case (Scalar(kind="date") | EnumOf(), Scalar(kind="string")):
            return True
        case EnumOf(values=some), EnumOf(values=others):
            return set(some) <= set(others)
        case (ListOf(item=one), ListOf(item=other)) | (MapOf(value=one), MapOf(value=other)):
            return assignable(one, other)
        case _:
            return False


def comparable(left: Type, right: Type) -> bool:
    """Say whether `==` between the two can ever be true; an integer is no number, as in CEL."""
    if DYNAMIC in (left, right):
        return True
    match left, right:
        case EnumOf(values=some), EnumOf(values=others):
            return not set(some).isdisjoint(others)
        case (ListOf(item=one), ListOf(item=other)) | (MapOf(value=one), MapOf(value=other)):
            return comparable(one, other)
        case Record() | Secret(), _:
            return False
        case _:
            return left == right or (is_text(left) and is_text(right))


def join(left: Type, right: Type) -> Type | None:
    """Find the type of a value that is one or the other; None if there is no such type."""
    if left == right:
        return left
    if DYNAMIC in (left, right):
        return DYNAMIC
    match left, right:
        case EnumOf(values=some), EnumOf(values=others):
            return EnumOf(tuple(dict.fromkeys(some + others)))
        case ListOf(item=one), ListOf(item=other):
            item = join(one, other)
            return None if item is None else ListOf(item)
        case _:
            return STRING if is_text(left) and is_text(right) else None


def hides_secret(type_: Type) -> Secret | None:
    """Find the first secret inside a type: whoever reads the whole value would read it too."""
    match type_:
        case Secret():
            return type_
        case ListOf(item=inner) | MapOf(value=inner):
            return hides_secret(inner)
        case Record():
            return type_.secret
        case _:
            return None
