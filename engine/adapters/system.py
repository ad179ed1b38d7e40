"""Time and chance as the system gives them: the one place that asks for either."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base 32 in ascending order without the letters that look like others (after Crockford)."""

ID_LENGTH: Final = 26
_PAIRS: Final = [first + second for first in ALPHABET for second in ALPHABET]
"""Ten bits at a time: every request makes ids."""
_RANDOM_BITS: Final = 80


def id_text(bits: int) -> str:
    """Write 128 bits as 26 upper-case letters and digits that sort as the numbers do."""
    return "".join([_PAIRS[bits >> shift & 1023] for shift in range(5 * (ID_LENGTH - 2), -1, -10)])


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

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
