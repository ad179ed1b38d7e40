"""Time and chance as the system gives them: the one place that asks for either."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from engine.model.names import id_text

log = logging.getLogger("trustflow.clock")
SLOWER: Final = 1_500
"""A set clock is followed by this part of what passes: 58 s a day, the usual life of a link."""
STEP: Final = 60.0
"""Seconds between the two clocks that are worth telling an operator."""
_RANDOM_BITS: Final = 80
since_boot: Final[Callable[[], float]] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic
)
"""Gives seconds that no setting of the clock moves; on Linux they count while asleep, too."""


class SystemClock:
    """The machine's clock, steadied: whoever sets it neither ends nor lengthens a wait (C5).

    Time goes on from where the clock stood at the start. Where the clock is found elsewhere it is
    followed by a 1,500th of the time that passes: no lock, timer, session or link of up to a day is
    a minute off. A quartz that drifts is slower than that by far.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = since_boot,
    ) -> None:
        """Begin now. `wall` and `steady` give seconds, the first since 1970."""
        self._wall, self._steady = wall, steady
        self._last, self._now = steady(), wall()
        self._told = False
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Aware UTC. Any thread may ask."""
        with self._lock:
            passed = self._steady() - self._last
            self._last += passed
            self._now += passed
            step = self._wall() - self._now
            self._now += min(max(step, -passed / SLOWER), passed / SLOWER)
            is_far = abs(step) > STEP
            tell, self._told = is_far and not self._told, is_far
            now = self._now
        if tell:
            facts = {"seconds": round(step)}
            log.warning("the clock was set; restart to follow at once", extra={"facts": facts})
        return datetime.fromtimestamp(now, UTC)

    async def sleep(self, length: timedelta) -> None:
        """Wait; not at all for a negative length."""
        await asyncio.sleep(max(length.total_seconds(), 0))


class SystemChance:
    """The system's generator (E5)."""

    def __init__(self) -> None:
        self._last = 0

    def id(self) -> str:
        """48 bits of milliseconds, 80 of chance. Later ones sort later, also when time jumps."""
        fresh = time.time_ns() // 1_000_000 << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        if fresh <= self._last:
            fresh = self._last + 1 + secrets.randbits(_RANDOM_BITS // 2)
        self._last = fresh
        return id_text(fresh)

    def token(self) -> str:
        """256 bits, base64url without padding."""
        return secrets.token_urlsafe(32)

    def bytes(self, count: int) -> bytes:
        """Random bytes."""
        return secrets.token_bytes(count)

    def pick(self, below: int) -> int:
        """Uniform integer from 0 to `below` - 1."""
        return secrets.randbelow(below)
