"""Whether a value has the type that was declared for it."""

from __future__ import annotations

import pytest

from engine.expressions import (
    BOOLEAN,
    DATE,
    DYNAMIC,
    INTEGER,
    NULL,
    NUMBER,
    STRING,
    EnumOf,
    JsonValue,
    ListOf,
    MapOf,
    Member,
    Record,
    Secret,
    Type,
    has_type,
)

COLOUR = EnumOf(("red", "blue"))
USER = Record({"id": Member(STRING), "age": Member(INTEGER, optional=True)}, "a user")


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        ("", STRING), (0, INTEGER), (-(2**63), INTEGER), (1.5, NUMBER), (1, NUMBER),
        (True, BOOLEAN), ("2026-02-28", DATE), (None, NULL), (None, DYNAMIC), ({"a": [1]}, DYNAMIC),
        ("red", COLOUR), ([], ListOf(COLOUR)), (["red", "blue"], ListOf(COLOUR)),
        ({"a": 1}, MapOf(INTEGER)), ({"id": "x"}, USER), ({"id": "x", "age": 9}, USER),
        ({"resume": "x"}, Secret("a link")),
    ],
)  # fmt: skip
def test_it_has(value: JsonValue, type_: Type) -> None:
    assert has_type(value, type_)


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (1, STRING), (None, STRING), ("1", INTEGER), (True, INTEGER), (1.0, INTEGER),
        (2**63, INTEGER), (float("nan"), NUMBER), (float("inf"), NUMBER), (False, NUMBER),
        (1, BOOLEAN), ("2026-02-30", DATE), ("20260228", DATE), (20_260_228, DATE), ("", NULL),
        ("green", COLOUR), (["green"], COLOUR), (["red", "green"], ListOf(COLOUR)),
        ("red", ListOf(COLOUR)), ({"a": "1"}, MapOf(INTEGER)), ([1], MapOf(INTEGER)),
        ({}, USER), ({"id": 1}, USER), ({"id": "x", "age": None}, USER),
        ({"id": "x", "more": 1}, USER), ("x", USER),
    ],
)  # fmt: skip
def test_it_has_not(value: JsonValue, type_: Type) -> None:
    assert not has_type(value, type_)
