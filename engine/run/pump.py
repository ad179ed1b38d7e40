"""Background work: fires timers, deadlines and signals that nobody's request has fired yet."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from engine.access.tenants import tenants
from engine.errors import ActivityMissing, UnknownInstance
from engine.identity.attempts import UNKNOWN
from engine.ports.outside import Clock
from engine.ports.paging import every
from engine.ports.store import Store
from engine.records.work import Signal
from engine.run.current import InstanceRef
from engine.run.erasure import Eraser
from engine.run.loop import Loop
from engine.run.unit import Unit

EVERY: Final = timedelta(seconds=1)
AT_ONCE: Final = 64
REST: Final = timedelta(minutes=1)
"""How long an instance that could not be fired is left alone."""
UNHEARD: Final = timedelta(minutes=1)
"""How long a signal is kept that nobody waits for: longer than any hop takes to be committed."""
TIDY_EVERY: Final = timedelta(hours=1)
UNKNOWN_KEPT: Final = timedelta(days=30)
"""How long the tries at an account that nobody has are remembered (B3)."""
AUDIT_KEPT: Final = timedelta(days=365)
"""How long audit rows are kept, unless a setting says otherwise."""
log = logging.getLogger("trustflow.pump")


@dataclass(slots=True)
class Pump:
    """Sweeps the store's due work. A lost sweep costs latency, never correctness: readers fire too.

    What cannot be fired (its activity is not installed, say) is left alone for a while, so that it
    does not stand in the way of what can.
    """

    store: Store
    loop: Loop
    clock: Clock
    eraser: Eraser | None = None
    audit_kept: timedelta = AUDIT_KEPT
    _stuck: dict[InstanceRef, datetime] = field(default_factory=dict)
    _tidied: datetime | None = None
    _purged: date | None = None

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            if await self.sweep() < AT_ONCE:
                await self.clock.sleep(EVERY)

    async def sweep(self) -> int:
        """Fire what is due now; give how many instances were fired."""
        fired = 0
        now = self.clock.now()
        self._stuck = {ref: until for ref, until in self._stuck.items() if until > now}

        async def fire() -> None:
            nonlocal fired
            for work in await self.store.due(AT_ONCE + len(self._stuck)):
                ref = InstanceRef(tenant=work.tenant, id=work.instance)
                if ref in self._stuck:
                    continue
                if await guarded("timer", self.loop.current(ref), instance=ref.id):
                    fired += 1
                else:
                    self._stuck[ref] = now + REST

        await guarded("sweep", fire())
        await guarded("signals", self._signals())
        await self._tidy(now)
        return fired

    async def _signals(self) -> None:
        """Let journeys go on whose page nobody looks at, and forget what nobody waits for.

        What was committed while its wait was on its way is waited for a moment later.
        """
        now = await self.store.now()
        for tenant in await tenants(self.store):
            for signal in [row async for row in every(self.store, tenant, Signal)]:
                ref = InstanceRef(tenant=tenant, id=signal.instance)
                if now >= signal.at + UNHEARD:
                    await guarded("signal", self._forgotten(ref, signal), instance=ref.id)
                elif ref not in self._stuck:
                    await guarded("signal", self._heard(ref), instance=ref.id)

    async def _heard(self, ref: InstanceRef) -> None:
        with suppress(UnknownInstance):
            await self.loop.current(ref)

    async def _forgotten(self, ref: InstanceRef, signal: Signal) -> None:
        """Take a signal away; whoever waits for it still looks when its own time is over."""
        unit = Unit(self.store, ref.tenant)
        unit.delete(signal)
        await self.store.write(ref.tenant, unit.staged())

    async def _tidy(self, now: datetime) -> None:
        """Forget, once an hour, who was never there; a user's tries end with a success alone (C1).

        Anybody can name people nobody knows: without this their table would grow for ever.
        """
        if self._tidied is None or now >= self._tidied + TIDY_EVERY:
            self._tidied = now
            await guarded("tidy", self.store.forget_accounts(UNKNOWN, now - UNKNOWN_KEPT))
        if self.eraser is not None and self._purged != now.date():
            self._purged = now.date()
            await guarded("purge", self._purge(self.eraser))

    async def _purge(self, eraser: Eraser) -> None:
        """Erase, once a day (UTC) and at the start, what is kept no longer (J3)."""
        erased = await eraser.sweep(await tenants(self.store), audit_kept=self.audit_kept)
        if erased:
            log.info("purged", extra={"facts": {"instances": erased}})


async def guarded(what: str, work: Awaitable[object], **facts: str) -> bool:
    """Do one unit of background work; its trouble is logged and is nobody else's.

    Gives whether it went well. `facts`: what the log says besides.
    """
    try:
        await work
    except ActivityMissing as missing:  # an incident of this instance, for as long as it lasts
        told = facts | {"code": missing.code, "reason": str(missing)}
        log.error("incident", extra={"facts": told})
        return False
    except Exception as error:  # noqa: BLE001 - one of the three: the pump must live
        told = facts | {"work": what, "type": type(error).__name__}
        log.warning("background work failed", extra={"facts": told})
        return False
    return True
