"""Values that are written out, against the types they must have."""

from __future__ import annotations

import math
from collections.abc import Mapping

from engine.compile.reading.document import LARGEST_INTEGER
from engine.expressions import (
    BOOLEAN,
    DATE,
    DYNAMIC,
    INTEGER,
    NUMBER,
    STRING,
    EnumOf,
    ListOf,
    MapOf,
    Type,
    describe,
    is_date,
)
from engine.model.definition import Parameter
from engine.model.names import JsonValue

_PARAMETERS: Mapping[str, Type] = {
    "string": STRING,
    "integer": INTEGER,
    "number": NUMBER,
    "boolean": BOOLEAN,
    "date": DATE,
    "list<string>": ListOf(STRING),
    "key": STRING,
}


def parameter_type(parameter: Parameter) -> Type:
    """Give the type of a start parameter's value."""
    if parameter.type == "enum":
        return EnumOf(parameter.values)
    return _PARAMETERS[parameter.type]


def fits(value: JsonValue, type_: Type) -> bool:
    """Say whether a value written out has a type; nothing is converted but whole numbers."""
    match type_:
        case EnumOf(values=values):
            return value in values
        case ListOf(item=item):
            return isinstance(value, list) and all(fits(part, item) for part in value)
        case MapOf(value=item):
            return isinstance(value, dict) and all(fits(part, item) for part in value.values())
        case _:
            return _fits_scalar(value, type_)


def _fits_scalar(value: JsonValue, type_: Type) -> bool:
    if type_ == DYNAMIC:
        return value is not None
    if type_ == BOOLEAN:
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return type_ in (INTEGER, NUMBER) and abs(value) <= LARGEST_INTEGER
    if isinstance(value, float):
        return type_ == NUMBER and math.isfinite(value)
    return isinstance(value, str) and (type_ == STRING or (type_ == DATE and is_date(value)))


def type_of(value: JsonValue) -> Type:
    """Give the type of a value that is written out where any may stand."""
    match value:
        case bool():
            return BOOLEAN
        case int():
            return INTEGER
        case float():
            return NUMBER
        case str():
            return STRING
        case list() if value and all(isinstance(item, str) for item in value):
            return ListOf(STRING)
        case _:
            return DYNAMIC


def wanted(type_: Type) -> str:
    """Say what to write for a value of a type."""
    match type_:
        case EnumOf(values=values):
            return "one of " + ", ".join(values)
        case ListOf():
            return "a list: [one, two]"
        case MapOf():
            return "a mapping: {name: value}"
        case _:
            return _WRITE.get(describe(type_), describe(type_))


_WRITE: Mapping[str, str] = {
    "string": "a text; digits, true, false and null need quotation marks",
    "integer": "a whole number without quotation marks",
    "number": "a number without quotation marks",
    "boolean": "true or false without quotation marks",
    "date": 'a date: "2026-01-31"',
}
