"""How an activity ends: in the ordinary way, with a check settled, or by an error event."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.event import Ended, Submission
from engine.model.names import JsonObject
from engine.model.problem import Text


def done(
    *,
    outputs: JsonObject | None = None,
    keys: Mapping[str, JsonObject] | None = None,
    submission: Submission | None = None,
) -> Ended:
    """End in the ordinary way. `keys`: key input -> the slot's new value."""
    return Ended(outputs=outputs or {}, keys=dict(keys or {}), submission=submission)


def passed(
    *,
    keys: Mapping[str, JsonObject] | None = None,
    promoted: JsonObject | None = None,
    told: Text | None = None,
) -> Ended:
    """End in the ordinary way and settle the check at PASS.

    `promoted`: what the slot that the signature promotes holds from now on.
    `told`: good news that stands above the next form, should one follow.
    """
    return Ended(keys=dict(keys or {}), result="PASS", promoted=promoted, told=told)


def failed(code: str, *, message: str = "", keys: Mapping[str, JsonObject] | None = None) -> Ended:
    """End with an error event and settle the check at FAIL."""
    return Ended(keys=dict(keys or {}), error=code, message=message, result="FAIL")


def raised(code: str, *, message: str = "", told: Text | None = None) -> Ended:
    """End with an error event.

    `told`: what the next form says above it, instead of the words that the signature has for it.
    """
    return Ended(error=code, message=message, told=told)
