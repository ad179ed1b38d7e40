"""What an operator does about the outbox: tries a dead letter again, or drops it; audited."""

from __future__ import annotations

from msgspec.structs import replace

from engine.ports.actor import Actor
from engine.ports.unit_of_work import UnitOfWork
from engine.records.record import Version
from engine.records.work import Job
from engine.run.jobs import facts_of


def retry_job(unit: UnitOfWork, actor: Actor, job: Job) -> Job | None:
    """Stage that a dead row is tried again from the start, under its own name.

    An instance that still stands there is told how it ends. None: it is not dead.
    """
    if job.status != "DEAD":
        return None
    again = replace(job, status="WAITING", tries=0, due_at=actor.at, ended=None, reason="")
    unit.put(again, Version(number=job.version))
    unit.audit(actor.did("job.retry", f"job:{job.id}", **facts_of(job)))
    return again


def drop_job(unit: UnitOfWork, actor: Actor, job: Job) -> bool:
    """Stage that a dead row goes: it will never be done. False: it is not dead."""
    if job.status != "DEAD":
        return False
    unit.delete(job)
    unit.audit(actor.did("job.drop", f"job:{job.id}", **facts_of(job)))
    return True
