"""Background work: does outside what was committed, and tells the instances that wait for it.

At least once, and each time under the same name. A row is taken by writing it: of several programs
one has it, and if that one dies it is due again after a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from engine.activity import Activity, Call, Ended, TryLater
from engine.errors import ActivityMissing, UnknownInstance, VaultRefused
from engine.model.event import Broken
from engine.model.instance import ProcessInstance
from engine.model.names import JsonObject, TenantId
from engine.ports.actor import Actor
from engine.ports.http import Http
from engine.ports.outside import Clock
from engine.ports.store import Committed, DueJob
from engine.records.record import Version
from engine.records.work import Job
from engine.run.current import InstanceRef
from engine.run.delivering import lent_outside
from engine.run.hop.making import Outside
from engine.run.hop.perform import LONGEST_OUTSIDE_SECONDS, attempt, effect_key
from engine.run.jobs import Sealing, facts_of
from engine.run.loop import Loop
from engine.run.pump import EVERY, REST, guarded
from engine.run.unit import Unit

AT_ONCE: Final = 128
"""Tries at a time: they wait for others, and cost little."""
LEASE: Final = timedelta(seconds=2 * LONGEST_OUTSIDE_SECONDS)
"""How long whoever took a row has it to themselves: longer than any try takes."""
LONGEST_PAUSE: Final = timedelta(days=1)
"""How long the other side may ask to be left alone."""
JITTER_PERMILLE: Final = 100
GRACE_SECONDS: Final = 12.0
"""How long the end of the program waits for what is being tried."""
Errand = Callable[[TenantId, JsonObject, str], Awaitable[Ended | Broken | TryLater]]
"""What is done for no journey: tenant, what was handed over, and the row's id, at each try."""
log = logging.getLogger("trustflow.outbox")


@dataclass(slots=True, kw_only=True)
class Outbox:
    """Does what is due in the outbox. A sweep that is lost costs latency, never correctness.

    Attributes:
        http: By which activities reach programs elsewhere.
        errands: Label -> what does rows that no activity has handed over.
    """

    outside: Outside
    loop: Loop
    clock: Clock
    http: Http
    errands: Mapping[str, Errand] = field(default_factory=dict)
    _at_work: set[tuple[TenantId, str]] = field(default_factory=set)

    async def run(self) -> None:
        """Do what comes due until cancelled; who is slow to answer keeps nobody else waiting.

        What is being tried then is still brought to its end, so that it is known how it went.
        """
        tasks: set[asyncio.Task[None]] = set()
        try:
            while True:
                for due in await self._free():
                    task = asyncio.create_task(self._do(due))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                await self.clock.sleep(EVERY)
        finally:
            await _ended(set(tasks))

    async def sweep(self) -> int:
        """Do all that is due now, and wait for it; give how many rows that were."""
        found = await self._free()
        await asyncio.gather(*map(self._do, found))
        return len(found)

    async def _free(self) -> Sequence[DueJob]:
        """Give what is due and not at work here, and take it as far as this program goes."""
        found: list[DueJob] = []

        async def look() -> None:
            for due in await self.outside.store.jobs(4 * AT_ONCE + len(self._at_work)):
                if self._has_room(due):
                    self._at_work.add((due.tenant, due.job.id))
                    found.append(due)

        await guarded("outbox", look())
        return found

    def _has_room(self, due: DueJob) -> bool:
        """Whether a row can be taken up: no tenant has all places."""
        key, of_tenant = (due.tenant, due.job.id), Counter(tenant for tenant, _ in self._at_work)
        is_new = key not in self._at_work and len(self._at_work) < AT_ONCE
        return is_new and of_tenant[due.tenant] < AT_ONCE // 2

    async def _do(self, due: DueJob) -> None:
        work = self._try(due) if due.job.status == "WAITING" else self._tell(due.tenant, due.job)
        try:
            if not await guarded("job", work, job=due.job.id):
                await guarded("job", self._rested(due), job=due.job.id)
        finally:
            self._at_work.discard((due.tenant, due.job.id))

    async def _rested(self, due: DueJob) -> None:
        """Leave a row alone for a while that made trouble, so that it is in nobody's way."""
        row = await self.outside.store.get(due.tenant, Job, due.job.id)
        later = await self.outside.store.now() + REST
        if row is not None and row.due_at is not None and row.due_at < later:
            await self._written(due.tenant, row, replace(row, due_at=later))

    async def _try(self, due: DueJob) -> None:
        """Take the row, try it, and write down how it went."""
        tenant, now = due.tenant, await self.outside.store.now()
        try:
            work = self._work_of(due.job)
        except ActivityMissing:  # it may be installed yet: no try is lost
            await self._written(tenant, due.job, replace(due.job, due_at=now + REST))
            raise
        taken = replace(due.job, tries=due.job.tries + 1, tried_at=now, due_at=now + LEASE)
        job = await self._written(tenant, due.job, taken)
        if job is None:
            return
        found: Ended | Broken | TryLater
        if job.tries > len(job.delays) + 1:  # whoever has taken it has died of it, each time
            found = Broken(code="activity", reason="each program that tried it ended meanwhile")
        else:
            found = await self._attempted(work, tenant, job, now)
        settled = self._settled(tenant, job, found, await self.outside.store.now())
        if settled is None:
            await self._drop(tenant, job)
            return
        kept = await self._written(tenant, job, settled)
        if kept is not None and kept.ended is not None:
            await self._tell(tenant, kept)
        elif kept is not None and kept.status == "DEAD":
            await self._drop_if_orphaned(tenant, kept)

    def _work_of(self, job: Job) -> Activity | Errand:
        """Find what does a row. Raises `ActivityMissing`."""
        errand = self.errands.get(job.label)
        return errand or self.outside.catalogue.activity(job.label, job.activity_version)

    async def _attempted(
        self, work: Activity | Errand, tenant: TenantId, job: Job, now: datetime
    ) -> Ended | Broken | TryLater:
        try:
            handed = self._sealing(tenant, job).job(job.job)
        except VaultRefused as refused:
            return Broken(code=refused.code, reason=str(refused))
        self.outside.probe("before-attempt")
        if isinstance(work, Activity):
            found = await attempt(work, self._call(work, tenant, job, now, handed))
        else:
            found = await work(tenant, handed, job.id)
        self.outside.probe("after-attempt")
        return found

    def _call(
        self, activity: Activity, tenant: TenantId, job: Job, now: datetime, handed: JsonObject
    ) -> Call:
        lent = lent_outside(
            tenant, store=self.outside.store, vault=self.outside.vault, http=self.http
        )
        return Call(
            node=job.node,
            visit=job.visit,
            at=now,
            effect_key=effect_key(job.instance, job.node, job.visit),
            inputs=handed,
            capabilities={name: lent[name] for name in activity.signature.uses if name in lent},
        )

    def _settled(
        self, tenant: TenantId, job: Job, found: Ended | Broken | TryLater, now: datetime
    ) -> Job | None:
        """Give the row after a try; None where nothing is left to be done about it."""
        seal = self._sealing(tenant, job).sealed
        if isinstance(found, Ended):
            _say("job done", job)
            done = replace(job, status="DONE", due_at=now, ended=seal(found), reason="")
            return done if job.waits else None
        at_last = found.at_last if isinstance(found, TryLater) else found
        later = None if _is_last(job, found) else now + self._delay(job, found)
        _say("job put off" if later else "job dead", job, found.reason)
        if later is not None:
            return replace(job, due_at=later, reason=found.reason)
        return replace(
            job,
            status="DEAD",
            due_at=now if job.waits else None,
            ended=seal(at_last) if job.waits else None,
            reason=found.reason,
        )

    def _delay(self, job: Job, found: Broken | TryLater) -> timedelta:
        """Give how long to wait: as long as was planned, a little more or less, or as is asked."""
        planned = timedelta(seconds=job.delays[job.tries - 1])
        spread = self.outside.chance.pick(2 * JITTER_PERMILLE + 1) - JITTER_PERMILLE
        wanted = found.after if isinstance(found, TryLater) else None
        asked = min(wanted or timedelta(), LONGEST_PAUSE)
        return max(planned + planned * spread / 1_000, asked)

    async def _tell(self, tenant: TenantId, job: Job) -> None:
        """Tell the instance how it ended, unless it waits for it no more; then the row may go."""
        if job.ended is not None and await self._is_held(tenant, job):
            later = await self.outside.store.now() + REST
            await self._written(tenant, job, replace(job, due_at=later))
        elif job.status == "DEAD":
            told = await self._written(tenant, job, replace(job, due_at=None, ended=None))
            if told is not None:
                await self._drop_if_orphaned(tenant, told)
        else:
            await self._drop(tenant, job)

    async def _is_held(self, tenant: TenantId, job: Job) -> bool:
        """Tell the instance, and whether it is held and has to be told once more."""
        ref = InstanceRef(tenant=tenant, id=job.instance)
        try:
            before = (await self.loop.current(ref)).instance
            if not _stands_for(job, before):
                return False
            if before.is_held:
                return True
            ended = self._sealing(tenant, job).ended(job.ended or "")
            told = await self.loop.finish(ref, node=job.node, visit=job.visit, outcome=ended)
        except UnknownInstance:
            return False
        return isinstance(ended, Ended) and told.instance.is_held

    async def _drop_if_orphaned(self, tenant: TenantId, job: Job) -> None:
        """Keep no letter of an instance that is kept no longer: the audit says that it died."""
        if not job.instance:
            return
        try:
            await self.outside.store.load(tenant, job.instance)
        except UnknownInstance:
            await self._drop(tenant, job)

    async def _drop(self, tenant: TenantId, job: Job) -> None:
        unit = Unit(self.outside.store, tenant)
        unit.delete(job)
        await self.outside.store.write(tenant, unit.staged())

    async def _written(self, tenant: TenantId, before: Job, after: Job) -> Job | None:
        """Write a row anew; None where somebody else has written it meanwhile."""
        unit = Unit(self.outside.store, tenant)
        unit.put(after, Version(number=before.version))
        if after.status == "DEAD" and before.status != "DEAD":
            actor = Actor(
                name="outbox", at=after.tried_at or after.created_at, chance=self.outside.chance
            )
            unit.audit(actor.did("job.dead", f"job:{after.id}", **facts_of(after)))
        if not isinstance(await self.outside.store.write(tenant, unit.staged()), Committed):
            return None
        return replace(after, version=before.version + 1)

    def _sealing(self, tenant: TenantId, job: Job) -> Sealing:
        return Sealing(vault=self.outside.vault, tenant=tenant, id=job.id)


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    """Wait for tasks as long as a try over HTTP takes; those that take longer are broken off."""
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _stands_for(job: Job, instance: ProcessInstance) -> bool:
    wait = instance.wait
    return wait is not None and (wait.node, wait.visit) == (job.node, job.visit)


def _is_last(job: Job, found: Broken | TryLater) -> bool:
    return (isinstance(found, TryLater) and found.in_vain) or job.tries > len(job.delays)


def _say(what: str, job: Job, reason: str = "") -> None:
    facts = {**facts_of(job), "tries": str(job.tries)} | ({"reason": reason} if reason else {})
    log.log(logging.WARNING if reason else logging.INFO, what, extra={"facts": facts})
