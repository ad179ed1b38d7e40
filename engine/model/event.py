"""What happened to an instance.

Every event carries its UTC time and encodes to JSON and back to an equal one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from engine.model.names import JsonObject, NodeId, StepKey
from engine.model.problem import Text
from engine.model.screen import Screen
from engine.model.value import Tagged, Value
from engine.secret import SecretRef


class Submission(Value, frozen=True, kw_only=True):
    """What a person sent for a form: plain values, and a reference for each secret field."""

    values: JsonObject = {}
    secrets: dict[str, SecretRef] = {}


class Started(Tagged, frozen=True, kw_only=True):
    """The instance begins.

    `parameters` are checked and complete; `_redirectUrl` may be among them.
    """

    at: datetime
    deadline: datetime
    parameters: JsonObject = {}
    language: str


class Submitted(Tagged, frozen=True, kw_only=True):
    """A person answered the form of a step."""

    at: datetime
    step: StepKey
    submission: Submission


class Pressed(Tagged, frozen=True, kw_only=True):
    """A person pressed a button besides the main one: answers nothing, calls no activity."""

    at: datetime
    step: StepKey
    action: str


class Extended(Tagged, frozen=True, kw_only=True):
    """A person asked for more time (WCAG 2.2.1)."""

    at: datetime
    step: StepKey


class LanguageChosen(Tagged, frozen=True, kw_only=True):
    """A person chose another of the definition's languages."""

    at: datetime
    language: str


class TimerFired(Tagged, frozen=True, kw_only=True):
    """A boundary timer or an activity's own expiry came due."""

    at: datetime
    node: NodeId
    visit: int


class DeadlinePassed(Tagged, frozen=True, kw_only=True):
    """The instance's own deadline passed."""

    at: datetime


class Ended(Tagged, frozen=True, kw_only=True):
    """An activity is through.

    Attributes:
        outputs: Declared output -> value.
        keys: Key input -> the slot's new plain value (absent: unchanged).
        error: Code of the error event, None for the ordinary ending.
        told: What stands above the next form: good news of the ordinary ending, or what an error
            event says instead of its usual words.
        result: What a settling activity found; None opens or leaves the check.
        submission: Of a form: what was answered.
        promoted: New value of the slot that the signature's `promotes` turns into another type.
    """

    outputs: JsonObject = {}
    keys: dict[str, JsonObject] = {}
    error: str | None = None
    message: str = ""
    told: Text | None = None
    result: Literal["PASS", "FAIL"] | None = None
    submission: Submission | None = None
    promoted: JsonObject | None = None


class Shown(Tagged, frozen=True, kw_only=True):
    """An interactive activity shows a screen and waits.

    Attributes:
        wait_key: What a link that wakes it was made for (of one that awaits `resume`), or what a
            signal names (of one that awaits `signal`).
        asks: Of one that awaits a signal: on this page it is the person who answers.
    """

    screen: Screen
    expires: Annotated[datetime, Meta(tz=True)] | None = None
    keys: dict[str, JsonObject] = {}
    wait_key: str | None = None
    asks: bool = False


class Broken(Tagged, frozen=True, kw_only=True):
    """An activity broke: the instance becomes an incident. `reason` never holds a value."""

    code: str
    reason: str


class Handed(Tagged, frozen=True, kw_only=True):
    """An external activity has handed over what is to be done once this is committed.

    `waits`: the instance stands still until the result is there.
    """

    waits: bool


Outcome = Ended | Shown | Broken | Handed


class Finished(Tagged, frozen=True, kw_only=True):
    """The result of an effect."""

    at: datetime
    node: NodeId
    visit: int
    outcome: Outcome


class Resumed(Tagged, frozen=True, kw_only=True):
    """A person came back to a paused instance by its resume link, made for `key`."""

    at: datetime
    key: str


class Signalled(Tagged, frozen=True, kw_only=True):
    """What a wait has named as its key has happened elsewhere."""

    at: datetime
    key: str


class Reviewed(Tagged, frozen=True, kw_only=True):
    """An operator has decided what a review was asked for (`by`: who)."""

    at: datetime
    accepted: bool
    comment: str = ""
    by: str


class Retried(Tagged, frozen=True, kw_only=True):
    """An operator lets an instance that is held go on from where it last waited."""

    at: datetime
    by: str


class GivenUp(Tagged, frozen=True, kw_only=True):
    """An operator ends an instance that is held: nothing will mend it."""

    at: datetime
    by: str


class Cancelled(Tagged, frozen=True, kw_only=True):
    """An operator ended the instance (`by`: who)."""

    at: datetime
    by: str


Moving = (
    Started | Submitted | Pressed | Extended | LanguageChosen | Resumed
    | Signalled | TimerFired | DeadlinePassed | Finished
)  # fmt: skip
"""What moves an instance that stands nowhere and is not held: a person, time, an effect's end."""
ByOperator = Reviewed | Retried | GivenUp | Cancelled
"""What an operator does; also to an instance that is held, or over and in review."""
Event = Moving | ByOperator
