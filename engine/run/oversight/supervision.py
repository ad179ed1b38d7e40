"""What an operator does to a visit: decides, lets it go on, gives it up, ends it; each audited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from msgspec.structs import replace

from engine.model.event import ByOperator, Cancelled, GivenUp, Retried, Reviewed
from engine.model.instance import ProcessInstance
from engine.ports.actor import Actor
from engine.ports.outside import Vault
from engine.ports.paging import every
from engine.ports.store import Store
from engine.records.record import Version
from engine.records.work import Job
from engine.run import sessions
from engine.run.current import Current, InstanceRef
from engine.run.entry.returning import resume_value
from engine.run.loop import Loop
from engine.run.oversight.jobs import retry_job
from engine.run.unit import Unit

LONGEST_COMMENT: Final = 2_000
Deed = Literal["accept", "decline", "retry", "give-up", "cancel"]
"""What can be done; the audit row says `instance.<deed>`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervisor:
    """Does what operators want, and writes down that they did."""

    store: Store
    loop: Loop
    vault: Vault

    async def act(self, ref: InstanceRef, deed: Deed, by: Actor, comment: str = "") -> Current:
        """Do one thing to an instance, in one hop with its audit row.

        Args:
            ref: Which instance.
            deed: What to do.
            by: Who.
            comment: Why a review was decided so; 2,000 characters at most are kept. It stays with
                the instance and goes with it: no audit row repeats it.

        Returns:
            Where it stands now; `already_answered` where it was in no state for this.

        Raises:
            UnknownInstance, StoreUnavailable, Busy.
        """

        async def stage(unit: Unit, instance: ProcessInstance) -> None:
            subject = f"instance:{instance.id}"
            unit.audit(by.did(f"instance.{deed}", subject, process=instance.process))
            if deed == "retry":
                await self._prolong(unit, instance, by.at)
                await self._revive(unit, instance, by)

        event = _event(deed, by, comment[:LONGEST_COMMENT])
        return await self.loop.operate(ref, event, stage=stage)

    async def resume_value(self, ref: InstanceRef, by: Actor) -> str | None:
        """Derive what a paused instance's resume link carries, and write down who asked for it.

        None where it is not paused.
        """
        current = await self.loop.current(ref)
        value = resume_value(self.vault, current.instance)
        if value is None:
            return None
        unit = Unit(self.store, ref.tenant)
        unit.audit(by.did("instance.link", f"instance:{ref.id}"))
        await self.store.write(ref.tenant, unit.staged())
        return value

    async def _revive(self, unit: Unit, instance: ProcessInstance, by: Actor) -> None:
        """Let what the instance waits for be tried again, if it was given up."""
        wait = instance.wait
        if wait is None or wait.awaits != "result":
            return
        async for job in every(self.store, instance.tenant, Job, "instance", instance.id):
            if (job.node, job.visit) == (wait.node, wait.visit):
                retry_job(unit, by, job)

    async def _prolong(self, unit: Unit, instance: ProcessInstance, at: datetime) -> None:
        """Let the sessions live as much longer as the instance was held."""
        if instance.incident is None:
            return
        held = at - instance.incident.at
        for session in await sessions.of_instance(self.store, instance.tenant, instance.id):
            longer = replace(session, expires_at=session.expires_at + held)
            unit.put(longer, Version(number=session.version))


def _event(deed: Deed, by: Actor, comment: str) -> ByOperator:
    at: datetime = by.at
    match deed:
        case "accept" | "decline":
            return Reviewed(at=at, accepted=deed == "accept", comment=comment, by=by.name)
        case "retry":
            return Retried(at=at, by=by.name)
        case "give-up":
            return GivenUp(at=at, by=by.name)
        case "cancel":
            return Cancelled(at=at, by=by.name)
