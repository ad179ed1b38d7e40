"""Durations, and what a process token carries."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.compile import check_definition, check_parameters, duration, duration_text
from engine.model.definition import Definition
from engine.model.names import JsonObject, JsonValue
from engine.model.problem import Words
from tests.compile.corpus import Case
from tests.compile.palette import KNOWN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT4M30S", timedelta(minutes=4, seconds=30)),
        ("P1W", timedelta(weeks=1)),
        ("P1W2DT3H", timedelta(weeks=1, days=2, hours=3)),
        ("P5D", timedelta(days=5)),
        ("PT0S", timedelta()),
        ("PT90M", timedelta(minutes=90)),
    ],
)
def test_durations_of_one_length_are_read(text: str, expected: timedelta) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1", "1H", "P1H", "PT1D", "P1Y", "P1M", "P-1D", "PT1.5S", "P1DT", "pt1s", "P"
     + "9" * 40 + "D", "PT1H ", "P\u0661D", "P99999D"],
)  # fmt: skip
def test_everything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"length|duration|longer"):
        duration(text)


def test_years_and_months_are_told_apart_from_nonsense() -> None:
    with pytest.raises(ValueError, match="years and months"):
        duration("P1Y2M")


@pytest.mark.parametrize(
    "text", ["P99999D", "P99999999999D", "P" + "9" * 40 + "D", f"PT{'9' * 10_000}S"], ids=len
)
def test_what_is_too_long_is_told_apart_from_nonsense(text: str) -> None:
    with pytest.raises(ValueError, match="longer than 100 years"):
        duration(text)


def test_zeros_before_a_count_are_none() -> None:
    assert duration(f"P{'0' * 40}5DT{'0' * 5_000}1S") == timedelta(days=5, seconds=1)


@given(st.integers(0, 36_525 * 86_400))
def test_a_duration_is_read_as_it_was_written(seconds: int) -> None:
    length = timedelta(seconds=seconds)

    assert duration(duration_text(length)) == length


def definition() -> Definition:
    source = Case("L118", "good").source()
    graph = check_definition(source, KNOWN, Case("L118", "good").forms()).graph
    assert graph is not None
    return graph.definition


GIVEN: JsonObject = {"userExternalId": "ana", "channel": "web"}


def test_parameters_are_completed_with_defaults() -> None:
    assert check_parameters(definition(), GIVEN) == {**GIVEN, "age": 18}
    assert check_parameters(definition(), {**GIVEN, "age": 30}) == {**GIVEN, "age": 30}


def test_texts_every_token_may_carry_are_taken() -> None:
    more: JsonObject = {"_redirectUrl": "https://faro.example/", "firstName": "Ana"}

    assert check_parameters(definition(), {**GIVEN, **more}) == {**GIVEN, **more, "age": 18}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("userExternalId", None, "text"),
        ("userExternalId", 7, "text"),
        ("userExternalId", "x" * 2_001, "at most"),
        ("channel", "kiosc", "one of kiosk, web"),
        ("age", "18", "whole number"),
        ("age", True, "whole number"),
        ("age", 2**53 + 1, "whole number"),
        ("firstName", 7, "text"),
        ("lastName", "x" * 2_001, "at most"),
        ("chanel", "web", "did you mean channel?"),
        ("zzz", "web", "no such parameter"),
    ],
)
def test_a_wrong_parameter_is_told_without_its_value(
    name: str, value: JsonValue, said: str
) -> None:
    problems = check_parameters(definition(), {**GIVEN, name: value})

    assert isinstance(problems, tuple)
    assert [problem.field for problem in problems] == [name]
    assert isinstance(problems[0].text, Words)
    assert said in problems[0].text.values["en"]
    assert "kiosc" not in problems[0].text.values["en"]


def test_a_required_parameter_is_missed() -> None:
    problems = check_parameters(definition(), {"channel": "web"})

    assert isinstance(problems, tuple)
    assert [problem.field for problem in problems] == ["userExternalId"]


@pytest.mark.parametrize(
    ("declared", "good", "bad"),
    [
        ("number", [1, 1.5], ["1", True, math.nan, math.inf, -math.inf, 10**400]),
        ("boolean", [True], ["true", 1]),
        ("date", ["2026-01-31"], ["2026-1-31", "31.1.2026", "2026-02-30"]),
        ('"list<string>"', [["a", "b"], []], ["a", [1], ["x" * 2_001], ["x"] * 1_001]),
    ],
)
def test_every_type_takes_its_own(
    declared: str, good: list[JsonValue], bad: list[JsonValue]
) -> None:
    case = Case("L118", "good")
    text = case.source().text.replace(
        b"{type: integer, default: 18}", b"{type: %s}" % declared.encode()
    )
    source = type(case.source())(path="t.yaml", text=text)
    graph = check_definition(source, KNOWN, case.forms()).graph
    assert graph is not None

    for value in good:
        taken = check_parameters(graph.definition, {**GIVEN, "age": value})
        assert isinstance(taken, dict)
        assert taken["age"] == value
        assert declared != "number" or isinstance(taken["age"], float)
    for value in bad:
        assert isinstance(check_parameters(graph.definition, {**GIVEN, "age": value}), tuple)
