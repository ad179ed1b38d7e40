"""A tenant's failed tries of all sources together: many make every answer slower, none refused.

The circuit of security C4: it slows and never opens. Knows times, neither accounts nor addresses.
"""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime, timedelta
from typing import Final

from engine.model.names import TenantId
from engine.ports.outside import Clock

SHORTEST: Final = timedelta(milliseconds=250)
LONGEST: Final = timedelta(seconds=2)
"""An answer waits between these, the longest from twice the limit on.

Longer would spoil nobody's guessing more and make those who wait hold every connection.
"""
MINUTE: Final = timedelta(minutes=1)

log = logging.getLogger("trustflow.web")


class Circuit:
    """Counts the last minute's failures and makes answers wait while there are too many.

    It begins above the limit and ends at half of it, so that it does not flicker; both are told.
    What waits holds no place in the hash pool and no lock, and waits whoever is meant and whatever
    was typed: it is decided before either is looked at (B1, B2).
    """

    def __init__(self, tenant: TenantId, per_minute: int, clock: Clock) -> None:
        self._tenant = tenant
        self._limit = per_minute
        self._clock = clock
        self._failures: deque[datetime] = deque(maxlen=2 * per_minute)
        self._since: datetime | None = None

    @property
    def is_slow(self) -> bool:
        """Whether answers wait now."""
        return self._since is not None

    def fail(self) -> None:
        """Count one failure now."""
        self._failures.append(self._clock.now())
        self._look()

    async def slow_down(self) -> None:
        """Wait as long as an answer must wait now; not at all in quiet times."""
        if self._failures:
            self._look()
        if self._since is not None:
            await self._clock.sleep(self._delay())

    def _delay(self) -> timedelta:
        beyond = max(0, len(self._failures) - self._limit) / self._limit
        return SHORTEST + (LONGEST - SHORTEST) * beyond

    def _look(self) -> None:
        """Forget what is older than a minute; begin, or end."""
        now, kept = self._clock.now(), self._failures
        # What a clock that stepped back has dated ahead slows nobody for longer (C5).
        while kept and not now - MINUTE < kept[0] <= now + MINUTE:
            kept.popleft()
        if self._since is None and len(kept) > self._limit:
            self._since = now
            self._tell("begins")
        elif self._since is not None and len(kept) <= self._limit // 2:
            self._tell("ends", seconds=round((now - self._since).total_seconds()))
            self._since = None

    def _tell(self, state: str, **more: int) -> None:
        """Write the security event (C6)."""
        facts = {"tenant": self._tenant, "state": state, "failures": len(self._failures)}
        log.warning("tenant-slow", extra={"facts": facts | {"perMinute": self._limit} | more})
