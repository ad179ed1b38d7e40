"""How rows in memory are chosen, sorted and cut into pages: as the databases do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, cast

from engine.adapters import rules
from engine.adapters.choosing import parameters_of
from engine.model.instance import ProcessInstance
from engine.model.names import InstanceId, TenantId
from engine.ports.store import AuditQuery, Due, DueJob, InstanceQuery, Page, PageQuery
from engine.records.record import AuditRow, Record
from engine.records.work import Job

V = TypeVar("V")


def chosen(row: Record, query: PageQuery) -> bool:
    """Whether a row is one of those that are asked for."""
    if query.by is not None and getattr(row, query.by) != query.value:
        return False
    if query.begins is None:
        return True
    text = cast("str | None", getattr(row, query.begins[0]))
    return text is not None and text.startswith(query.begins[1])


def is_asked_for(row: ProcessInstance, query: InstanceQuery) -> bool:
    """Whether an instance is one of those that are asked for."""
    name, value = query.parameter or (None, None)
    carried = [(known, text) for known, text in parameters_of(row) if name in (None, known)]
    return (
        query.process in (None, row.process)
        and query.bundle in (None, row.bundle)
        and query.status in (None, row.status)
        and query.text.upper() in row.id.upper()
        and (not query.held or row.is_held)
        and _is_between(row.created_at, query.since, query.until)
        and (query.parameter is None or value in [text for _, text in carried])
    )


def is_told(row: AuditRow, query: AuditQuery) -> bool:
    """Whether an audit row is one of those that are asked for."""
    return (
        query.subject in (None, row.subject)
        and query.action in (None, row.action)
        and query.actor in (None, row.actor)
        and _is_between(row.at, query.since, query.until)
    )


def _is_between(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)


def sorter(query: PageQuery) -> Callable[[Record], tuple[bool, bytes, str]]:
    """Give what rows are sorted by."""

    def place(row: Record) -> tuple[bool, bytes, str]:
        text = None if query.order is None else cast("str | None", getattr(row, query.order))
        return text is None, (text or "").encode(), row.id

    return place


def one_page(rows: list[V], query: PageQuery | InstanceQuery | AuditQuery) -> Page[V]:
    """Cut a page out of all rows."""
    start, length = rules.bounds(query)
    return Page(rows=tuple(rows[start : start + length]), total=len(rows))


def instances_due(
    instances: Mapping[tuple[TenantId, InstanceId], ProcessInstance], by: str, now: datetime
) -> Sequence[Due]:
    """Give the instances whose time `by` has come, the longest due first."""
    times = [(getattr(row, by), key) for key, row in instances.items()]
    found = sorted((time, key) for time, key in times if time is not None and time <= now)
    return [Due(tenant=tenant, instance=id) for _, (tenant, id) in found]


def jobs_due(rows: Mapping[tuple[TenantId, str, str], Record], now: datetime) -> Sequence[DueJob]:
    """Give what is due in the outbox, the longest due first."""
    found = [
        (job.due_at, tenant, job.id, job)
        for (tenant, _, _), job in rows.items()
        if isinstance(job, Job) and job.due_at is not None and job.due_at <= now
    ]
    return [DueJob(tenant=tenant, job=job) for _, tenant, _, job in sorted(found, key=_by_place)]


def _by_place(found: tuple[datetime, TenantId, str, Job]) -> tuple[datetime, TenantId, str]:
    return found[:3]
