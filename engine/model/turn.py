"""The instance after one event, and its effects; or that nothing waits for the event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.model.effect import Effect
from engine.model.instance import ProcessInstance


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one event leads to.

    `effects` in the order in which they must be tried (at most one inside a hop).
    """

    instance: ProcessInstance
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAwaited:
    """Nothing waits for this event: it is late, a double, or for another step.

    A value, not a mistake.
    """

    reason: Literal["over", "another step", "late", "not offered", "no more time"]
