"""What is still to be done: the outbox, and signals that journeys may wait for."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from engine.model.names import InstanceId, NodeId
from engine.records.record import Ending, Record

JobStatus = Literal["WAITING", "DONE", "DEAD"]


class Job(Record, frozen=True, kw_only=True):
    """One thing that an external activity has handed over.

    Attributes:
        id: Made of instance, node and visit: the same at every try and for whoever receives it.
        instance: Whose activity has handed it over; empty where none has.
        label, activity_version: Of the activity that does it, or of the errand.
        waits: Whether the instance stands still until the result is there.
        status: WAITING to be tried (again); DONE, and the instance is to be told; DEAD: tried often
            enough, kept to be looked at and tried again by an operator.
        job: What the activity handed over, sealed.
        delays: Seconds to wait after each try that failed.
        tries: Begun so far; counted before each one is made.
        due_at: When something is to be done about it next, None: nothing.
        ended: How the activity has ended, sealed; the instance is told, then the row goes.
        reason: Why the last try failed, without any value.
    """

    TABLE: ClassVar[str] = "outbox"
    LISTED: ClassVar[tuple[str, ...]] = ("instance", "status")

    instance: InstanceId
    node: NodeId
    visit: int
    label: str
    activity_version: int
    waits: bool
    status: JobStatus = "WAITING"
    job: str
    delays: tuple[float, ...]
    tries: int = 0
    due_at: datetime | None
    ended: str | None = None
    reason: str = ""
    created_at: datetime
    tried_at: datetime | None = None


class Signal(Ending, frozen=True, kw_only=True):
    """That something happened which a journey may wait for; `id` is what its wait names."""

    TABLE: ClassVar[str] = "signals"
    LISTED: ClassVar[tuple[str, ...]] = ("instance",)

    instance: InstanceId
    at: datetime
