"""What is wrong with a value is said in words: no type of ours, no pattern, and never the value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, get_args

import msgspec
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from engine.web.api.frame.reading import taken, taken_words
from engine.web.api.frame.values import At
from engine.web.api.table import OPERATIONS
from tests.web.program import program
from tests.web.surface import Answer, Surface, play, send

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Word = Annotated[str, Meta(pattern="^[a-z]+$", description="Small letters.")]
HIDDEN = "hunter2HUNTER"


class Sent(Struct, kw_only=True, forbid_unknown_fields=True):
    name: Name = "x"
    word: Word = "x"
    other: Annotated[str, Meta(pattern="^[a-z]$")] = "x"
    choice: Literal["a", "b"] = "a"
    count: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    least: Annotated[int, Meta(ge=1)] = 1
    ratio: float = 0.5
    yes: bool = False
    at: At | None = None
    life: timedelta | None = None
    when: datetime | None = None
    texts: Annotated[dict[Name, Name], Meta(max_length=1)] = {}
    names: dict[Word, str] = {}
    rows: Annotated[list[Name], Meta(max_length=2)] | None = None


TIME = "use a time with its offset from UTC, such as 2026-11-26T16:00:00Z"
LENGTH = "use a length of time in ISO 8601, such as PT15M"


@pytest.mark.parametrize(
    ("field", "value", "place", "said"),
    [
        ("name", 1, "name", "use text of 1 to 64 characters"),
        ("name", "", "name", "use text of 1 to 64 characters"),
        ("name", HIDDEN * 9, "name", "use text of 1 to 64 characters"),
        ("word", HIDDEN, "word", "use small letters"),
        ("word", 1, "word", "use text"),
        ("other", HIDDEN, "other", "use another text"),
        ("choice", HIDDEN, "choice", "use one of a, b"),
        ("count", -1, "count", "use a whole number from 0 to 100"),
        ("count", HIDDEN, "count", "use a whole number from 0 to 100"),
        ("least", 0, "least", "use a whole number of at least 1"),
        ("ratio", HIDDEN, "ratio", "use a number"),
        ("yes", HIDDEN, "yes", "use true or false"),
        ("at", HIDDEN, "at", TIME),
        ("at", "2026-11-26T16:00:00", "at", TIME),
        ("at", [], "at", f"{TIME} or null"),
        ("life", HIDDEN, "life", LENGTH),
        ("texts", {"a": 1}, "texts[...]", "use text"),
        ("texts", {"a": ""}, "texts[...]", "use text of at least 1 character"),
        ("texts", {"": "a"}, "texts", "for each name in it use text of at least 1 character"),
        ("texts", {"a": "a", "b": "b"}, "texts", "use an object of at most 1 entry"),
        ("names", {HIDDEN: "a"}, "names", "for each name in it use small letters"),
        ("rows", ["a", 1], "rows[1]", "use text"),
        ("rows", ["a", "a", "a"], "rows", "use a list of at most 2 entries"),
        ("rows", HIDDEN, "rows", "use a list of at most 2 entries or null"),
    ],
)
def test_a_mistake_is_told_in_words(field: str, value: object, place: str, said: str) -> None:
    found = taken({field: value}, Sent)

    assert isinstance(found, list)
    (problem,) = found
    assert (problem.field, said_of(problem)) == (place, said)


def said_of(problem: Any) -> str:
    return str(problem.text.values["en"])


def test_a_word_behind_the_question_mark_is_never_null() -> None:
    (problem,) = wrong_words([("life", "soon")])

    assert said_of(problem) == LENGTH


def wrong_words(pairs: list[tuple[str, str]]) -> list[Any]:
    found = taken_words(pairs, Sent)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("name", "field", "said"),
    [
        ("nmae", "nmae", "there is no such field; did you mean name?"),
        ("colour", "colour", "there is no such field; those that there are: name, word"),
        ("a b", "", "there is no such field; those that there are: name, word"),
        ("x" * 99, "", "there is no such field; those that there are: name, word"),
    ],
)
def test_an_unknown_field_is_named(name: str, field: str, said: str) -> None:
    for found in (taken({name: HIDDEN}, Sent), taken_words([(name, HIDDEN)], Sent)):
        assert isinstance(found, list)
        assert [problem.field for problem in found] == [field]
        assert said_of(found[0]).startswith(said)
        assert HIDDEN not in said_of(found[0])


class Secretive(Struct, forbid_unknown_fields=True):
    passcode: str = ""


def test_where_a_passcode_is_sent_only_a_slip_is_named() -> None:
    passcode, slip = taken({HIDDEN: 1}, Secretive), taken({"passcde": 1}, Secretive)

    assert isinstance(passcode, list)
    assert isinstance(slip, list)
    assert [one.field for one in (*passcode, *slip)] == ["", "passcde"]


def metas(kind: Any) -> Iterator[Meta]:
    for part in (*get_args(kind), *getattr(kind, "__metadata__", ())):
        yield from [part] if isinstance(part, Meta) else metas(part)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_pattern_is_described_in_words(operation: Any) -> None:
    for struct in (operation.body, operation.query):
        for field in msgspec.structs.fields(struct):
            for meta in metas(field.type):
                assert meta.pattern is None or meta.description, (struct, field.name)


def test_a_call_without_its_key_says_so() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        shop = await program(house)
        return (
            await send(house.app, "POST", "/api/arthr/apiKeys/issue"),
            await send(
                house.app, "POST", "/api/identity-store/stores", body=b'{"name":"shop"',
                headers=[("Authorization", f"Bearer {shop.token}"),
                         ("Content-Type", "application/json")],
            ),
        )  # fmt: skip

    bare, cut = play(story)

    assert (bare.status, bare.json["code"]) == (400, 9400)
    assert bare.json["details"][0]["field"] == "X-API-Key"
    assert (cut.status, cut.json["code"]) == (400, 9400)
    assert "line 1, column 15" in cut.json["details"][0]["message"]
