"""Capabilities of external activities: what is to be said to programs elsewhere, and saying it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from engine.model.names import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookMessage:
    """What a webhook says of a journey.

    Attributes:
        message: What `Deliveries` sends.
        delays: How long to wait after each try that failed; None: as is usual.
    """

    message: JsonObject
    delays: Sequence[timedelta] | None


class Webhooks(Protocol):
    """Capability, inside a hop: what an operator's webhooks say."""

    async def message(self, name: str, version: int | None) -> WebhookMessage:
        """Write what a webhook says of this journey, as it is now; None: its newest version.

        Raises `ActivityFault` where there is no such webhook, or the message is too long.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A program elsewhere has taken a message; `status`: 200 to 299."""

    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """It has not, this time.

    Attributes:
        reason: In words for the operator.
        after: How long it asks to be left alone.
        in_vain: It never will.
        status: What it has answered; None where there was no answer.
    """

    reason: str
    after: timedelta | None = None
    in_vain: bool = False
    status: int | None = None


class Deliveries(Protocol):
    """Capability, outside a hop: sending messages of webhooks, signed."""

    async def send(self, message: JsonObject, effect_key: str) -> Delivered | Undelivered:
        """Try once. Whoever receives it twice knows it by its id, which the effect key gives."""
        ...
