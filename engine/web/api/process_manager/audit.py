"""The audit by API: who did what to what, when (security C6, G7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from engine.ports.store import AuditQuery
from engine.records.record import AuditRow
from engine.web.api.frame.operation import Answered, Call, Nothing, Operation, Stopped
from engine.web.api.frame.pages import Number, Size, SpringPage, spring_rows
from engine.web.api.frame.values import Answer, At, Moment, Sent, moment
from engine.web.api.process_manager.service import PROCESS_MANAGER, needs

RECORDS: Final = f"{PROCESS_MANAGER}/auditRecords"
Text = Annotated[str, Meta(min_length=1, max_length=300)]


class AuditWords(Sent, kw_only=True, frozen=True):
    """Which records: those of which all that is given holds.

    Attributes:
        sort: By time, the newest first without it.
        subject: `<kind>:<id>` of what it was done to: `user:01K9...`, `definition:sign-in/1`.
        action: What was done: `user.add`, `attempt.failed`.
        actor: By whom: `cli`, `key:<id>`, `instance:<id>`.
        start_date_time, end_date_time: From the one, before the other.
    """

    page: Number = 0
    size: Size = 20
    sort: Literal["createdDtm", "createdDtm,asc", "createdDtm,desc"] = "createdDtm,desc"
    subject: Text | None = None
    action: Text | None = None
    actor: Text | None = None
    start_date_time: At | None = None
    end_date_time: At | None = None


class RecordShown(Answer, kw_only=True, frozen=True):
    """Who did what to what, when; never a value that was tried.

    Attributes:
        actor: `cli`, `key:<id>`, `instance:<id>`.
        facts: Versions, digests, limits: plain words.
    """

    id: str
    created_dtm: Moment
    actor: str
    action: str
    subject: str
    facts: dict[str, str]


def _shown(row: AuditRow) -> RecordShown:
    return RecordShown(
        id=row.id,
        created_dtm=moment(row.at),
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        facts=row.facts,
    )


async def list_records(call: Call[Nothing, AuditWords]) -> Answered | Stopped:
    """List audit records."""
    words = call.query
    query = AuditQuery(
        subject=words.subject, action=words.action, actor=words.actor,
        since=words.start_date_time, until=words.end_date_time,
        oldest_first=not words.sort.endswith(",desc"), page=words.page, size=words.size,
    )  # fmt: skip
    page = await call.offices.store.audit(call.tenant, query)
    rows = [_shown(row) for row in page.rows]
    return Answered(body=spring_rows(words.page, words.size, rows, page.total))


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="listAuditRecords", method="GET", path=RECORDS, needs=needs("listAuditRecords"),
        summary="Read who did what, when", answer=list_records,
        body=Nothing, query=AuditWords, result=SpringPage[RecordShown],
    ),
)  # fmt: skip
