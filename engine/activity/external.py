"""What an external activity answers with: what is to be done, and that it could not be done yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from engine.model.event import Ended
from engine.model.names import JsonObject

USUAL_DELAYS: Final[Sequence[timedelta]] = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
"""How long is waited after each try that failed: eight tries in 27 h 35 min (H3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """What an external activity wants done once the hop is committed.

    Attributes:
        job: JSON, sealed while it waits to be done: what `run` finds as its call's inputs, the same
            at every try. The activity's own inputs are not told to `run` besides.
        delays: How long is waited after each try that failed; the try behind the last is the last.
    """

    job: JsonObject
    delays: Sequence[timedelta] = field(default=USUAL_DELAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLater:
    """It could not be done this time.

    Attributes:
        reason: Why, in words for the operator; no value, no address with a query, no secret.
        at_last: How the activity ends for an instance that waits, once nothing is tried any more.
        after: How long to wait at least, where the other side says so.
        in_vain: It will never work like this: it is tried no more.
    """

    reason: str
    at_last: Ended
    after: timedelta | None = None
    in_vain: bool = False
