"""A document against a published schema: every problem with its place, in our own words.

The judge is jsonschema with RE2 for `pattern` and no way to fetch anything; its messages hold the
value and are never shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

import re2
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend
from referencing import Registry

from engine.compile.acceptor import Accepts, acceptor, is_duration
from engine.compile.reading.document import Document, Spot, Step
from engine.model.names import JsonValue
from engine.model.problem import Problem
from engine.nearest import nearest

Schema = Mapping[str, Any]
_TYPES = {
    "object": "a mapping", "array": "a list", "string": "a text", "integer": "a whole number",
    "number": "a number", "boolean": "true or false",
}  # fmt: skip
_OURS: Mapping[str, str] = {
    "remind": "reminders are not built yet",
    "guarantees": "guarantees are not built yet",
}
"""Keys that the language keeps for itself."""
_FORMAT = "Version of the format"
"""What the schema of forms calls its `version`."""


def shape_problems(document: Document, schema: str) -> tuple[Problem, ...]:
    """Judge a document by `schemas/<schema>.schema.json`; problems in the order of the text."""
    value = document.root.value
    if _acceptor(schema)(value):
        return ()
    found: list[Problem] = []
    for error in judge(schema).iter_errors(value):
        found.extend(_problems(document, _finding(error)))
    meant = {_sibling(p.key, p.nearest) for p in found if p.rule == "S101" and p.nearest}
    kept = [p for p in found if p.rule != "S102" or p.key not in meant]
    return tuple(
        sorted(dict.fromkeys(kept), key=lambda problem: (problem.place.line, problem.place.column))
    )


def spoilt_nodes(document: Document, wrong: Sequence[Problem]) -> frozenset[str] | None:
    """Give the nodes whose shape is wrong; None if a definition is wrong elsewhere.

    A title that is not there hides nothing else: no name, path or type hangs on it.
    """
    inside = [
        problem for problem in wrong
        if problem.rule not in ("S101", "S108") and (problem.rule, problem.key) != ("S102", "title")
    ]  # fmt: skip
    paths = [problem.key.split(".") for problem in [*inside, *wrong] if problem.key.count(".")]
    has_head = document.root.entries.keys() >= {"process", "version", "flow"}
    if not has_head or any(not problem.key.startswith("flow.") for problem in inside):
        return None
    dotted = (name for name in document.root.entries["flow"].entries if "." in name)
    return frozenset(path[1] for path in paths if path[0] == "flow").union(dotted)


def _sibling(path: str, name: str) -> str:
    """Name the key beside the one at `path`: a slip of a key is not a missing key as well."""
    return ".".join([*path.split(".")[:-1], name])


def schema_text(schema: str) -> str:
    """Give the published text of a schema."""
    return (files("engine.compile") / "schemas" / f"{schema}.schema.json").read_text("utf-8")


@cache
def resolved_schema(schema: str) -> dict[str, Any]:
    """Read a schema once, with its references put in place so that none is looked up later."""
    written: dict[str, Any] = json.loads(schema_text(schema))
    resolved: dict[str, Any] = _resolved(written, written["$defs"])
    return resolved


@cache
def _acceptor(schema: str) -> Accepts:
    return acceptor(resolved_schema(schema))


@cache
def judge(schema: str) -> Draft202012Validator:
    """Make the thorough judge of a schema, once."""
    formats = FormatChecker(())
    formats.checks("duration")(_is_duration)
    make: Any = extend  # its stubs leave the types out
    made = make(Draft202012Validator, {"pattern": _by_re2, "uniqueItems": _unique})
    validator: Draft202012Validator = made(
        resolved_schema(schema), registry=Registry(), format_checker=formats
    )
    return validator


def _resolved(schema: Any, definitions: Schema) -> Any:
    if isinstance(schema, list):
        return [_resolved(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    own = {key: _resolved(part, definitions) for key, part in schema.items() if key not in _META}
    if reference is None:
        return own
    return {**_resolved(definitions[reference.rpartition("/")[2]], definitions), **own}


_META = frozenset({"$ref", "$defs", "$id"})


def _is_duration(value: object) -> bool:
    return not isinstance(value, str) or is_duration(value)


@cache
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern)


def _by_re2(
    validator: Any, pattern: str, instance: object, schema: Schema
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and _compiled(pattern).search(instance) is None:
        yield ValidationError("pattern")


# words ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the judge found: where, by which keyword, and never in its own words.

    Attributes:
        wanted: The keyword's value in the schema.
        is_name: It is about a key, not about a value.
    """

    steps: Sequence[Step]
    keyword: str
    wanted: Any
    instance: Any
    schema: Schema
    is_name: bool


def _finding(error: ValidationError) -> Finding:
    return Finding(
        steps=tuple(error.absolute_path),
        keyword=str(error.validator),
        wanted=error.validator_value,
        instance=error.instance,
        schema=cast("Schema", error.schema),
        is_name="propertyNames" in error.absolute_schema_path,
    )


_Words = Callable[[Document, Finding], Iterator[Problem]]


def _problems(document: Document, error: Finding) -> Iterator[Problem]:
    """Say one of the judge's findings in our words."""
    return _WORDS[error.keyword](document, error)


def _right(error: Finding) -> str:
    return f"expected: {error.schema.get('description', 'a value as the schema says')}"


def _say(
    document: Document, error: Finding, rule: str, words: tuple[str, str],
    *, spot: Spot | None = None, key: Step | None = None, near: str | None = None,
) -> Iterator[Problem]:  # fmt: skip
    path = ".".join(map(str, [*error.steps, *([] if key is None else [key])]))
    place = document.place(spot or document.find(error.steps).spot)
    yield Problem(rule=rule, place=place, message=words[0], remedy=words[1], key=path, nearest=near)


def _unknown_keys(document: Document, error: Finding) -> Iterator[Problem]:
    known = error.schema["properties"]
    written = document.find(error.steps)
    for name in written.keys:
        if name in known:
            continue
        near = nearest(name, known)
        remedy = f"did you mean `{near}`?" if near else "known here: " + ", ".join(sorted(known))
        rule, words = "S101", (f"there is no key `{name[:80]}` here", remedy)
        if name in _OURS:
            rule, words, near = "S108", (f"`{name}` is reserved: {_OURS[name]}", "remove it"), None
        yield from _say(document, error, rule, words, spot=written.keys[name], key=name, near=near)


def _missing(document: Document, error: Finding) -> Iterator[Problem]:
    """Say which keys are missing; jsonschema finds each by itself, the doubles are dropped."""
    spot = _key_spot(document, error.steps)
    for name in error.wanted:
        if name not in error.instance:
            write = f'write `"{name}": ...`' if document.is_json else f"write `{name}:`"
            words = (f"`{name}` is missing here", write)
            yield from _say(document, error, "S102", words, spot=spot, key=name)


def _key_spot(document: Document, steps: Sequence[Step]) -> Spot:
    """Give the place of the key under which a value stands, else of the value."""
    if steps and isinstance(steps[-1], str):
        return document.find(steps[:-1]).keys[steps[-1]]
    return document.find(steps).spot


def _wrong_type(document: Document, error: Finding) -> Iterator[Problem]:
    wanted = error.wanted
    names = [wanted] if isinstance(wanted, str) else wanted
    types = {**_TYPES, "object": "an object"} if document.is_json else _TYPES
    words = (f"this must be {' or '.join(types[name] for name in names)}", _right(error))
    word = error.instance.casefold() if isinstance(error.instance, str) else ""
    if names == ["boolean"] and word in _ANSWERS:
        words = (f"`{word}` is a text here", f"write {_ANSWERS[word]}")
    if not error.steps and error.instance is None and not document.is_json:
        words = ("the file is empty", f"begin with `{error.schema['required'][0]}:`")
    yield from _say(document, error, "S103", words)


_ANSWERS: Mapping[str, str] = {
    **dict.fromkeys(("yes", "on", "true", "y"), "true"),
    **dict.fromkeys(("no", "off", "false", "n"), "false"),
}
"""Texts by which people mean yes or no."""


def _not_among(document: Document, error: Finding) -> Iterator[Problem]:
    if error.schema.get("title") == _FORMAT:
        words = (
            "this is the format's version, not the form's; it stays \"1\"",
            'write `"1"`, with quotation marks; the form\'s own version is in its file name',
        )
        yield from _say(document, error, "S104", words)
        return
    choices = [str(choice) for choice in error.wanted]
    near = nearest(str(error.instance), choices)
    remedy = f"did you mean `{near}`?" if near else "one of: " + ", ".join(choices)
    words = ("this is none of the values that are possible here", remedy)
    yield from _say(document, error, "S104", words, near=near)


def _ill_written(document: Document, error: Finding) -> Iterator[Problem]:
    title = str(error.schema.get("title", "value")).lower()
    words = (f"this {title} is not written as it must be", _right(error))
    key = str(error.instance) if error.is_name else None
    yield from _say(document, error, "S105", words, spot=_name_spot(document, error), key=key)


def _name_spot(document: Document, error: Finding) -> Spot | None:
    """Give the place of a key that `propertyNames` refuses."""
    if not error.is_name:
        return None
    return document.find(error.steps).keys[error.instance]


def _out_of_range(document: Document, error: Finding) -> Iterator[Problem]:
    words = ("this number is out of range", _right(error))
    yield from _say(document, error, "S106", words)


def _wrong_count(document: Document, error: Finding) -> Iterator[Problem]:
    few = error.keyword.startswith("min")
    words = ("there is too little here" if few else "there is too much here", _right(error))
    yield from _say(document, error, "S107", words)


def _doubled(document: Document, error: Finding) -> Iterator[Problem]:
    written = document.find(error.steps)
    values = [_frozen(item.value) for item in written.items]
    firsts = {value: place for place, value in reversed([*enumerate(values)])}
    again = next(place for place, value in enumerate(values) if firsts[value] != place)
    words = ("the same value stands twice in this list", "keep it once")
    yield from _say(document, error, "S107", words, spot=written.items[again].spot)


def _frozen(value: JsonValue) -> Hashable:
    """Give a value that is equal where this one is, and can be looked up."""
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    if isinstance(value, dict):
        return frozenset((key, _frozen(part)) for key, part in value.items())
    return (type(value), value) if isinstance(value, bool) else value


def _unique(
    validator: Any, wanted: bool, instance: object, schema: Schema
) -> Iterator[ValidationError]:
    """Judge as jsonschema does, which compares each value with all others."""
    if isinstance(instance, list) and len(set(map(_frozen, instance))) < len(instance):
        yield ValidationError("uniqueItems")


def _bad_duration(document: Document, error: Finding) -> Iterator[Problem]:
    found = _LENGTH.fullmatch(str(error.instance).strip().casefold())
    words = ("this is not a duration with one length above zero", _right(error))
    if found and int(found[1]):
        words = (words[0], f"write `{_UNITS[found[2]].format(int(found[1]))}`")
    yield from _say(document, error, "S109", words)


_LENGTH = re.compile(r"([0-9]{1,4}) *(second|minute|hour|day|week|s|min|m|h|d|w)s?")
_UNITS: Mapping[str, str] = {
    **dict.fromkeys(("second", "s"), "PT{}S"),
    **dict.fromkeys(("minute", "min", "m"), "PT{}M"),
    **dict.fromkeys(("hour", "h"), "PT{}H"),
    **dict.fromkeys(("day", "d"), "P{}D"),
    **dict.fromkeys(("week", "w"), "P{}W"),
}
"""How people write the unit of a duration -> how ISO 8601 does."""


def _either(document: Document, error: Finding) -> Iterator[Problem]:
    if not isinstance(error.instance, dict):  # its type is told already
        return
    choices = [one["required"][0] for one in error.wanted]
    there = [f"`{name}`" for name in choices if name in error.instance]
    names = _listed([f"`{name}`" for name in choices])
    said = f"{' and '.join(there)} exclude each other" if there else f"{names} is missing"
    spot = _key_spot(document, error.steps)
    words = (said, f"write {'one of' if len(choices) > 2 else 'either'} {names}")
    key = None if there else choices[0]
    yield from _say(document, error, "S102", words, spot=spot, key=key)


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


_WORDS: Mapping[str, _Words] = {
    "additionalProperties": _unknown_keys,
    "required": _missing,
    "type": _wrong_type,
    "enum": _not_among,
    "pattern": _ill_written,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "minLength": _wrong_count,
    "maxLength": _wrong_count,
    "minItems": _wrong_count,
    "maxItems": _wrong_count,
    "minProperties": _wrong_count,
    "maxProperties": _wrong_count,
    "uniqueItems": _doubled,
    "format": _bad_duration,
    "oneOf": _either,
}
"""Schema keyword -> our words for it: for every keyword by which the schemas judge."""
