"""Time that passes faster: what waits ten seconds in earnest waits half a one."""

from __future__ import annotations

import asyncio
import selectors
from typing import Final

FASTER: Final = 20
"""How many times."""


class _Selector(selectors.DefaultSelector):
    """Waits so many times shorter."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait until something can be read or written, or the time has passed."""
        return super().select(None if timeout is None else timeout / FASTER)


class _Loop(asyncio.SelectorEventLoop):
    """A loop whose seconds pass so many times faster, for all that it does and measures."""

    def time(self) -> float:
        """Give its seconds."""
        return super().time() * FASTER


def hasty_loop() -> asyncio.AbstractEventLoop:
    """Make a loop for those who hurry."""
    return _Loop(_Selector())
