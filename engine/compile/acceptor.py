"""A schema turned into one quick yes or no: most texts are right, and pay only for this.

It knows exactly the keywords that our schemas use; `shape` asks jsonschema for the reasons of a
no, and a test holds the two judges against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from typing import Any, TypeAlias

from engine.compile.durations import duration

Accepts: TypeAlias = Callable[[Any], bool]
Schema: TypeAlias = Mapping[str, Any]

_REMARKS = frozenset({"$schema", "title", "description", "default"})
_STOP = re.compile(r"\$$")
"""The end of the text in RE2's writing; Python's `$` would let a line feed stand behind it."""
_CLASSES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,),
    "integer": (int,), "number": (int, float),
}  # fmt: skip


def acceptor(schema: Schema) -> Accepts:
    """Compile a schema without references.

    Raises:
        KeyError: It uses a keyword that is not known here.
    """
    tests = [
        _KEYWORDS[keyword](value, schema)
        for keyword, value in schema.items()
        if keyword not in _REMARKS
    ]
    if len(tests) == 1:
        return tests[0]

    def accepts(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 - `all` over a generator takes twice as long
            if not test(value):
                return False
        return True

    return accepts


def _type(names: str | list[str], schema: Schema) -> Accepts:
    wanted = [names] if isinstance(names, str) else names
    classes = tuple(kind for name in wanted for kind in _CLASSES[name])
    if "boolean" in wanted or int not in classes:
        return lambda value: isinstance(value, classes)
    is_whole = "number" not in wanted
    return lambda value: (
        (isinstance(value, classes) and not isinstance(value, bool))
        or (is_whole and isinstance(value, float) and value.is_integer())
    )


def _enum(values: list[Any], schema: Schema) -> Accepts:
    texts = frozenset(values)
    return lambda value: isinstance(value, str) and value in texts


def _pattern(pattern: str, schema: Schema) -> Accepts:
    """Search by Python's own `re`, a tenth of RE2's cost; our few patterns run in linear time."""
    search = re.compile(_STOP.sub(r"\\Z", pattern), re.ASCII).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _format(name: str, schema: Schema) -> Accepts:
    return lambda value: not isinstance(value, str) or is_duration(value)


def is_duration(text: str) -> bool:
    """Say whether a text is a duration above zero."""
    try:
        return duration(text).total_seconds() > 0
    except ValueError:
        return False


def _required(names: list[str], schema: Schema) -> Accepts:
    def accepts(value: Any) -> bool:
        if isinstance(value, dict):
            for name in names:
                if name not in value:
                    return False
        return True

    return accepts


def _one_of(choices: list[Schema], schema: Schema) -> Accepts:
    tests = [acceptor(choice) for choice in choices]
    return lambda value: [test(value) for test in tests].count(True) == 1


def _properties(properties: Schema, schema: Schema) -> Accepts:
    tests = {name: acceptor(part) for name, part in properties.items()}
    closed = schema.get("additionalProperties") is False

    def accepts(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        for name, part in value.items():
            test = tests.get(name)
            if (closed and test is None) or (test is not None and not test(part)):
                return False
        return True

    return accepts


def _additional(part: bool | Schema, schema: Schema) -> Accepts:
    if isinstance(part, bool):
        return lambda value: (
            True
        )  # True takes all; False is kept by `_properties`, which knows the names
    test = acceptor(part)
    return lambda value: not isinstance(value, dict) or all(map(test, value.values()))


def _property_names(part: Schema, schema: Schema) -> Accepts:
    test = acceptor(part)
    return lambda value: not isinstance(value, dict) or all(map(test, value))


def _items(part: Schema, schema: Schema) -> Accepts:
    test = acceptor(part)
    return lambda value: not isinstance(value, list) or all(map(test, value))


def _unique(wanted: bool, schema: Schema) -> Accepts:
    return lambda value: not isinstance(value, list) or _distinct(value)


def _distinct(values: list[Any]) -> bool:
    """Compare texts by their set; other values fail their own test, and only have to be let by."""
    texts = [value for value in values if isinstance(value, str)]
    return len(set(texts)) == len(texts)


def _sized(kind: type[Sized], smallest: bool) -> Callable[[int, Schema], Accepts]:
    def keyword(bound: int, schema: Schema) -> Accepts:
        if smallest:
            return lambda value: not isinstance(value, kind) or len(value) >= bound
        return lambda value: not isinstance(value, kind) or len(value) <= bound

    return keyword


def _minimum(bound: float, schema: Schema) -> Accepts:
    return lambda value: (
        isinstance(value, bool) or not isinstance(value, int | float) or value >= bound
    )


def _maximum(bound: float, schema: Schema) -> Accepts:
    return lambda value: (
        isinstance(value, bool) or not isinstance(value, int | float) or value <= bound
    )


_KEYWORDS: Mapping[str, Callable[[Any, Schema], Accepts]] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "format": _format,
    "required": _required,
    "oneOf": _one_of,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _property_names,
    "items": _items,
    "uniqueItems": _unique,
    "minimum": _minimum,
    "maximum": _maximum,
    "minLength": _sized(str, smallest=True),
    "maxLength": _sized(str, smallest=False),
    "minItems": _sized(list, smallest=True),
    "maxItems": _sized(list, smallest=False),
    "minProperties": _sized(dict, smallest=True),
    "maxProperties": _sized(dict, smallest=False),
}
