"""What an input is given when it is evaluated is held to what was declared, or an incident."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

import pytest

from engine.activity import (
    DYNAMIC,
    INTEGER,
    NUMBER,
    STRING,
    Activity,
    Call,
    Ended,
    EnumOf,
    Input,
    ListOf,
    MapOf,
    Output,
    activity,
    done,
)
from engine.adapters.memory import MemoryStore
from engine.model.instance import ProcessInstance
from engine.model.names import JsonObject, JsonValue
from engine.run.catalogue import Catalogue
from engine.testing import FrozenClock
from tests.bench import bench
from tests.run.flows import NAME_FORM

HEAD: Final = """\
process: visit
version: 1
title: A visit
languages: [en, pt-PT]
maxDuration: P10D
"""
TRIES: Final = (
    HEAD
    + """\
parameters:
  tries: {type: integer, required: true}
flow:
  start:
    activity: Start
    next: ask
  ask:
    activity: Custom Data Form
    inputs: {dataFormName: name, maxAttempts: "${_initVars.tries}"}
    errors: {ExceededCustomDataFormRetake: end}
    next: ask
  end:
    activity: End
    result: REVIEW
"""
)
MADE: Final = (
    HEAD
    + """\
flow:
  start:
    activity: Start
    next: make
  make:
    activity: Make
    next: take
  take:
    activity: Take
    inputs: {given: "${_made}"}
    next: end
  end:
    activity: End
    result: REVIEW
"""
)


def stands(
    flow: str, parameters: JsonObject | None = None, *strangers: Activity
) -> ProcessInstance:
    async def story() -> ProcessInstance:
        clock = FrozenClock()
        known = Catalogue.of((*Catalogue.installed().activities, *strangers))
        house = bench(MemoryStore(clock), clock, catalogue=known)
        await house.deploy(flow, {"name.v1": NAME_FORM})
        begun = await house.begin((await house.link("visit", parameters or {})).secret)
        return (await house.at(begun)).instance

    return asyncio.run(story())


@pytest.mark.parametrize("tries", [0, -5, 10_001, 1_000_000_000])
def test_attempts_that_are_none_or_too_many_are_an_incident(tries: int) -> None:
    instance = stands(TRIES, {"tries": tries})

    assert instance.incident is not None
    assert (instance.incident.code, instance.incident.node) == ("input", "start")
    assert "maxAttempts" in instance.incident.reason
    assert str(tries) not in instance.incident.reason


@pytest.mark.parametrize("tries", [1, 10_000])
def test_attempts_within_their_bounds_are_taken(tries: int) -> None:
    instance = stands(TRIES, {"tries": tries})

    assert instance.incident is None
    assert instance.step == "ask.1"


GIVEN: Final = Input(name="given", type=DYNAMIC, required=True)
NAMES: Final = EnumOf(("a", "b"))


@activity("Take", version=1, kind="pure", inputs=[GIVEN])
def take(call: Call) -> Ended:
    """Take what is given."""
    return done()


def given(value: JsonValue, declared: Input) -> ProcessInstance:
    """Give an input, by an expression of no known type, a value that an activity has made."""

    @activity(
        "Make",
        version=1,
        kind="pure",
        outputs=[Output(name="made", variable="_made", type=DYNAMIC)],
    )
    def make(call: Call) -> Ended:
        """Make what the test says."""
        return done(outputs={"made": value})

    taker = replace(take, signature=replace(take.signature, inputs=(declared,)))
    return stands(MADE, None, make, taker)


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        ("c", replace(GIVEN, type=NAMES)),
        ("c", replace(GIVEN, type=STRING, choices=("a", "b"))),
        (["a", "c"], replace(GIVEN, type=ListOf(NAMES))),
        ({"x": 7}, replace(GIVEN, type=MapOf(STRING))),
        (True, replace(GIVEN, type=INTEGER)),
        (1.5, replace(GIVEN, type=NUMBER, at_most=1)),
        (0, replace(GIVEN, type=INTEGER, at_least=1)),
    ],
)
def test_a_value_that_was_not_declared_is_an_incident(value: JsonValue, declared: Input) -> None:
    instance = given(value, declared)

    assert instance.incident is not None
    assert instance.incident.code in ("input", "expression")
    assert not instance.is_over


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        ("a", replace(GIVEN, type=NAMES)),
        ("b", replace(GIVEN, type=STRING, choices=("a", "b"))),
        (["a", "b"], replace(GIVEN, type=ListOf(NAMES))),
        ({"x": "7"}, replace(GIVEN, type=MapOf(STRING))),
        (1, replace(GIVEN, type=NUMBER, at_most=1)),
        (None, GIVEN),
    ],
)
def test_a_value_that_was_declared_is_taken(value: JsonValue, declared: Input) -> None:
    instance = given(value, declared)

    assert (instance.incident, instance.status) == (None, "REVIEW")
