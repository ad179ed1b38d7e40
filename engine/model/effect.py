"""What the world must do for an instance; the result comes back as a `Finished` event."""

from __future__ import annotations

from engine.model.event import Submission
from engine.model.names import JsonObject, NodeId
from engine.model.value import Tagged


class Answered(Tagged, frozen=True, kw_only=True):
    """The wait ended by a person's answer."""

    submission: Submission


class Expired(Tagged, frozen=True, kw_only=True):
    """The wait ended by the activity's own expiry."""


class Returned(Tagged, frozen=True, kw_only=True):
    """The wait ended because the person came back by the resume link."""


class Decided(Tagged, frozen=True, kw_only=True):
    """The wait ended by an operator's decision (`by`: who)."""

    accepted: bool
    comment: str
    by: str


class Heard(Tagged, frozen=True, kw_only=True):
    """The wait ended because what it waited for has happened elsewhere; the activity looks."""


Woken = Answered | Expired | Returned | Decided | Heard


class Run(Tagged, frozen=True, kw_only=True):
    """Call a pure or local activity. `inputs` are evaluated; key inputs hold slot names."""

    node: NodeId
    visit: int
    inputs: JsonObject


class Enter(Tagged, frozen=True, kw_only=True):
    """Let an interactive activity build its screen."""

    node: NodeId
    visit: int
    inputs: JsonObject


class Resume(Tagged, frozen=True, kw_only=True):
    """Give an interactive activity what ended its wait."""

    node: NodeId
    visit: int
    inputs: JsonObject
    woken: Woken


class Prepare(Tagged, frozen=True, kw_only=True):
    """Let an external activity say what is to be done once the hop is committed."""

    node: NodeId
    visit: int
    inputs: JsonObject


Effect = Run | Enter | Resume | Prepare
