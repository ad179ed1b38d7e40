"""The document as a page that people read: each way in, what it takes, what it answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from engine.web.openapi.document import JSON, document
from engine.web.openapi.schemas import Schema

LONGEST_WORDS: Final = 12
"""Choices that are written out in a table; of more the first ones stand for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One line of a table: a value that is sent or answered."""

    name: str
    kind: str
    needed: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way in."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    opened_by: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    example: str
    status: str
    result: tuple[Field, ...]
    errors: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The ways in of one service."""

    id: str
    words: str
    ways: tuple[Way, ...]


_OPENERS: Final = {
    "apiKey": "an API key, in X-API-Key",
    "bearer": "a bearer token",
    "application": "the token of an application server's login",
    "session": "the session token of the instance",
}


@cache
def families() -> tuple[Family, ...]:
    """Give all ways in, by family, in the document's order."""
    told = document()
    found: dict[str, list[Way]] = {tag["name"]: [] for tag in told["tags"]}
    for path, methods in told["paths"].items():
        for method, row in methods.items():
            found[row["tags"][0]].append(_way(told, path, method, row))
    return tuple(
        Family(id=tag["name"], words=tag["description"], ways=tuple(found[tag["name"]]))
        for tag in told["tags"]
    )


def _way(told: Schema, path: str, method: str, row: Schema) -> Way:
    content = row.get("requestBody", {}).get("content", {}).get(JSON, {})
    status, answer = next(
        (status, one) for status, one in row["responses"].items() if status < "400"
    )
    result = answer.get("content", {}).get(JSON, {}).get("schema", {})
    openers = [_OPENERS[name] for part in row["security"] for name in part]
    return Way(
        id=row["operationId"],
        method=method.upper(),
        path=path,
        summary=row["summary"],
        description=row["description"].partition("Permission:")[0].strip(),
        opened_by=_opened(openers, row.get("x-permission")),
        parameters=tuple(_parameter(told, one) for one in row.get("parameters", [])),
        body=_fields(told, content.get("schema", {})),
        example=_example(content.get("example")),
        status=status,
        result=_fields(told, result),
        errors=tuple(_errors(told, row["responses"])),
    )


def _opened(openers: list[str], permission: str | None) -> str:
    who = " or ".join(openers) or "the address itself"
    return who if permission is None else f"{who} with the permission {permission}"


def _errors(told: Schema, responses: Mapping[str, Schema]) -> list[tuple[str, str]]:
    return [
        (status, one.get("description") or _resolved(told, one)["description"])
        for status, one in responses.items()
        if status >= "400"
    ]


def _example(value: Any) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)


def _resolved(told: Schema, schema: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Any = told
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found if isinstance(found, dict) else {}


def _parameter(told: Schema, parameter: Schema) -> Field:
    return Field(
        name=parameter["name"],
        kind=f"{_kind(told, parameter['schema'])}, {parameter['in']}",
        needed=parameter["required"],
        words=parameter.get("description", ""),
    )


def _fields(told: Schema, schema: Schema) -> tuple[Field, ...]:
    shown = _resolved(told, schema)
    needed = shown.get("required", [])
    return tuple(
        Field(
            name=name,
            kind=_kind(told, part),
            needed=name in needed,
            words=part.get("description", ""),
        )
        for name, part in shown.get("properties", {}).items()
    )


def _kind(told: Schema, schema: Schema) -> str:
    """Say of what kind a value is, in a few words."""
    if "$ref" in schema:
        return str(_resolved(told, schema).get("title", "object"))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(told, part) for part in schema["anyOf"]))
    if "enum" in schema:
        words = [str(word) for word in schema["enum"] if word is not None]
        more = " ..." if len(words) > LONGEST_WORDS else ""
        return " | ".join(words[:LONGEST_WORDS]) + more
    if "const" in schema:
        return str(schema["const"]).lower()
    if schema.get("type") == "array":
        return f"list of {_kind(told, schema.get('items', {}))}"
    named = schema.get("format") or schema.get("type") or "any"
    return " or ".join(named) if isinstance(named, list) else str(named)
