"""Background work: fires timers and deadlines that nobody's request has fired yet."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from engine.ports.outside import Clock
from engine.ports.store import Due, Store
from engine.run.current import InstanceRef
from engine.run.loop import Loop

EVERY: Final = timedelta(seconds=1)
AT_ONCE: Final = 64
log = logging.getLogger("trustflow.pump")


@dataclass(slots=True)
class Pump:
    """Sweeps the store's due work.

    A lost sweep costs latency, never correctness: readers fire too.
    """

    store: Store
    loop: Loop
    clock: Clock

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            if await self.sweep() < AT_ONCE:
                await self.clock.sleep(EVERY)

    async def sweep(self) -> int:
        """Fire what is due now; give how many instances were looked at."""
        looked_at = 0

        async def fire() -> None:
            nonlocal looked_at
            for work in await self.store.due(AT_ONCE):
                looked_at += 1
                await guarded("timer", self._fire(work))

        await guarded("sweep", fire())
        return looked_at

    async def _fire(self, work: Due) -> None:
        await self.loop.current(InstanceRef(tenant=work.tenant, id=work.instance))


async def guarded(what: str, work: Awaitable[None]) -> None:
    """Do one unit of background work; its trouble is logged and is nobody else's."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 - one of the three: the pump must live
        facts = {"work": what, "type": type(error).__name__}
        log.warning("background work failed", extra={"facts": facts})
