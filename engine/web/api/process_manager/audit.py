"""The audit by API: who did what to what, when (security C6, G7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from msgspec import Meta

from engine.model.problem import wrong
from engine.ports.store import PageQuery
from engine.records.record import AuditRow
from engine.web.api.frame.operation import Answered, Call, Nothing, Operation, Stopped, invalid
from engine.web.api.frame.pages import Number, Size, SpringPage, spring_page
from engine.web.api.frame.values import Answer, Moment, Sent, moment
from engine.web.api.process_manager.common import PROCESS_MANAGER, needs

RECORDS: Final = f"{PROCESS_MANAGER}/auditRecords"
Text = Annotated[str, Meta(min_length=1, max_length=300)]


class AuditWords(Sent, kw_only=True, frozen=True):
    """Which records, the newest first; by one of the two, or all.

    Attributes:
        subject: `<kind>:<id>` of what it was done to: `user:01K9...`, `definition:sign-in/1`.
        action: What was done: `user.add`, `attempt.failed`.
    """

    page: Number = 0
    size: Size = 20
    subject: Text | None = None
    action: Text | None = None


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
    if words.subject is not None and words.action is not None:
        return invalid((wrong("action", "say subject or action, not both"),))
    by = "subject" if words.subject is not None else "action" if words.action is not None else None
    query = PageQuery(by=by, value=words.subject or words.action, page=words.page, size=words.size)
    page = await call.offices.store.audit(call.tenant, query)
    return Answered(body=spring_page(query, page, _shown))


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="listAuditRecords", method="GET", path=RECORDS, needs=needs("listAuditRecords"),
        summary="Read who did what, when", answer=list_records,
        body=Nothing, query=AuditWords, result=SpringPage[RecordShown],
    ),
)  # fmt: skip
