"""What a webhook says: JSON and texts with `{{processvar.<path>}}` in them (trustx 7.3).

A string that is one placeholder and nothing else becomes the value itself, as JSON; inside a longer
one it becomes text. Only strings are looked at, so that no value can add a member of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from engine.model.names import JsonObject, JsonValue

_PATH: Final = (
    r"""[A-Za-z_]\w*(?:\.\w+|\["[^"\]{}]{1,64}"\]|\['[^'\]{}]{1,64}'\]|\[[0-9]{1,4}\])*"""
)
_PLACEHOLDER: Final = re.compile(rf"\{{\{{\s*processvar\.(?:\$\.)?({_PATH})\s*\}}\}}", re.ASCII)
_STEP: Final = re.compile(r"""\.?(\w+)|\["([^"]+)"\]|\['([^']+)'\]|\[([0-9]+)\]""", re.ASCII)
DEEPEST: Final = 16
HOW: Final = 'write {{processvar.<path>}}, a path such as form1.name, list[0] or object["a name"]'

Step = str | int


def problem(text: str) -> str | None:
    """Say what is wrong with a text's placeholders."""
    left = _PLACEHOLDER.sub("", text)
    return HOW if "{{" in left or "}}" in left else None


def problems(value: JsonValue) -> Iterator[tuple[str, str]]:
    """Give (where, what is wrong) of every text in a JSON value, and of values too deep."""
    yield from _problems(value, (), 0)


def _problems(value: JsonValue, place: tuple[str, ...], depth: int) -> Iterator[tuple[str, str]]:
    where = ".".join(place)
    if depth > DEEPEST:
        yield where, f"nest {DEEPEST} values in each other at most"
        return
    for key, part in _parts(value):
        if "{{" in key:
            yield where, "a name holds no placeholder; put it into the value"
        yield from _problems(part, (*place, key), depth + 1)
    if isinstance(value, str):
        wrong = problem(value)
        if wrong is not None:
            yield where, wrong


def _parts(value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from ((str(number), part) for number, part in enumerate(value))


def filled(value: JsonValue, data: Mapping[str, JsonValue]) -> JsonValue:
    """Put session data into a JSON value; what is not there is null, or nothing inside a text."""
    if isinstance(value, dict):
        return {key: filled(part, data) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, data) for part in value]
    if not isinstance(value, str):
        return value
    whole = _PLACEHOLDER.fullmatch(value)
    return _found(whole[1], data) if whole is not None else filled_text(value, data)


def filled_text(text: str, data: Mapping[str, JsonValue]) -> str:
    """Put session data into a text."""
    return _PLACEHOLDER.sub(lambda found: _as_text(_found(found[1], data)), text)


def _found(path: str, data: Mapping[str, JsonValue]) -> JsonValue:
    value: JsonValue = dict(data)
    for step in _steps(path):
        value = _inside(value, step)
    return value


def _steps(path: str) -> Iterator[Step]:
    for name, double, single, number in _STEP.findall(path):
        yield int(number) if number else (name or double or single)


def _inside(value: JsonValue, step: Step) -> JsonValue:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else None
    return value.get(step) if isinstance(value, dict) else None


def _as_text(value: JsonValue) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def usual_body() -> JsonObject:
    """Give what is sent where a webhook has no body of its own."""
    return {
        "type": "process-instance",
        "timestamp": "{{processvar._processInstance.at}}",
        "data": {
            "processInstanceId": "{{processvar._processInstance.id}}",
            "processDefinition": "{{processvar._processInstance.process}}",
            "processVersion": "{{processvar._processInstance.version}}",
            "overallOutcome": "{{processvar._checks.overallOutcome}}",
        },
    }
