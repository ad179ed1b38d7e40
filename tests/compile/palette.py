"""Activities for the compiler's tests: the shipped ones, a stranger's, and both relabelled."""

from dataclasses import replace
from typing import cast

import activities
from engine.activity import (
    BOOLEAN,
    INTEGER,
    STRING,
    Activity,
    Bound,
    Call,
    CheckUse,
    Ended,
    ErrorEvent,
    Input,
    KeyUse,
    ListOf,
    Member,
    Outcome,
    Output,
    Woken,
    activity,
    done,
)
from engine.expressions import Secret as SecretType
from engine.model.signature import Signature


@activity(
    "Counter",
    version=1,
    kind="pure",
    inputs=[Input(name="counterName", type=STRING, required=True, literal=True, refers="counter")],
)
def counter(call: Call) -> Ended:
    """Count a variable up."""
    return done()


@activity(
    "Clear Variables",
    version=1,
    kind="pure",
    inputs=[
        Input(name="variables", type=ListOf(STRING), required=True, literal=True, refers="cleared")
    ],
)
def clear(call: Call) -> Ended:
    """Un-write variables."""
    return done()


@activity("Set Variables", version=1, kind="pure")
def set_variables(call: Call) -> Ended:
    """Carry `outputs:`."""
    return done()


@activity("Page", version=1, kind="interactive")
class Page:
    """Show a page with a button to go on."""

    @staticmethod
    def enter(call: Call) -> Outcome:
        return done()

    @staticmethod
    def resume(call: Call, woken: Woken) -> Outcome:
        return done()


@activity(
    "Ask Thrice",
    version=1,
    kind="interactive",
    inputs=[Input(name="maxAttempts", type=INTEGER, at_least=1, at_most=9)],
    bounded_by=Bound(input="maxAttempts", code="Exceeded"),
    errors=[ErrorEvent(code="Exceeded", on_loop_only=True, fails=False)],
)
class AskThrice:
    """Ask, as often as it is told."""

    @staticmethod
    def enter(call: Call) -> Outcome:
        return done()

    @staticmethod
    def resume(call: Call, woken: Woken) -> Outcome:
        return done()


@activity(
    "Find Device",
    version=1,
    kind="local",
    inputs=[Input(name="strict", type=BOOLEAN), Input(name="model", type=STRING)],
    keys=[
        KeyUse(
            input="userKey",
            type="User",
            default="user1",
            reads=frozenset({"User"}),
        ),
        KeyUse(
            input="deviceKey",
            type="Device",
            default="device1",
            after="found",
            on={"NoDevice": ""},
            members={"name": Member(STRING), "model": Member(STRING, optional=True)},
        ),
    ],
    outputs=[
        Output(name="devices", variable="_devices", type=INTEGER),
        Output(name="lastSeen", variable="_lastSeen", type=STRING, always=False),
    ],
    errors=[
        ErrorEvent(code="NoDevice", demanded=True, fails=False),
        ErrorEvent(code="Unreachable"),
    ],
    opens=CheckUse(name="device", key="deviceKey"),
)
def find_device(call: Call) -> Ended:
    """Look for a device of a user."""
    return done()


@activity(
    "Leak",
    version=1,
    kind="local",
    outputs=[Output(name="code", variable="_code", type=SecretType("it opens the door"))],
)
def leak(call: Call) -> Ended:
    """Hand a secret to a variable."""
    return done()


@activity(
    "Try It",
    version=1,
    kind="pure",
    errors=[ErrorEvent(code="Broken"), ErrorEvent(code="Shrugged", fails=False)],
)
def try_it(call: Call) -> Ended:
    """Fail in one of two ways; one of them is a failed check."""
    return done()


STRANGERS = (counter, clear, set_variables, Page, AskThrice, find_device, leak, try_it)
KNOWN: tuple[Signature, ...] = tuple(
    # A class that describes an interactive activity is one, once it was decorated.
    cast("Activity", described).signature
    for described in (*activities.ALL, *STRANGERS)
)


def relabelled(signatures: tuple[Signature, ...]) -> tuple[Signature, ...]:
    """Give the same signatures under labels nobody has heard of."""
    return tuple(replace(s, label=f"Strange {s.label}", aliases=()) for s in signatures)


def renamed(text: str) -> str:
    """Write a definition with the labels that `relabelled` gives."""
    return text.replace("activity: ", "activity: Strange ")
