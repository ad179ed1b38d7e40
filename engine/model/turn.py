"""The instance after one event, and its effects; or that nothing waits for the event."""

from __future__ import annotations

from typing import Literal

from engine.model.effect import Effect
from engine.model.instance import ProcessInstance
from engine.model.value import Passing


class Turn(Passing, frozen=True, kw_only=True):
    """What one event leads to.

    `effects` in the order in which they must be tried (at most one inside a hop).
    """

    instance: ProcessInstance
    effects: tuple[Effect, ...] = ()


class NotAwaited(Passing, frozen=True, kw_only=True):
    """Nothing waits for this event: it is late, a double, or for another step.

    A value, not a mistake.
    """

    reason: Literal[
        "over", "another step", "late", "not offered", "no more time", "no review", "not held"
    ]
