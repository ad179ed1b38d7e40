"""What waits to be done outside, and what was given up, by API: seen, tried again, dropped (H3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from engine.records.work import Job, JobStatus
from engine.run.oversight.jobs import drop_job, retry_job
from engine.web.api.frame.operation import (
    MISSING,
    Answered,
    Call,
    Nothing,
    Operation,
    Stopped,
    exists,
)
from engine.web.api.frame.pages import Number, Size, SpringPage, page_query, spring_page
from engine.web.api.frame.values import Answer, Moment, Sent, moment, moment_or_none
from engine.web.api.notification_service.webhooks import SERVICE, needs

LETTERS: Final = f"{SERVICE}/deadLetters"
LETTER: Final = f"{LETTERS}/{{deadLetterId}}"


class LetterWords(Sent, kw_only=True, frozen=True):
    """Which page, of those in one state.

    Attributes:
        status: DEAD: given up; WAITING to be tried; DONE.
    """

    page: Number = 0
    size: Size = 20
    status: Literal["DEAD", "WAITING", "DONE"] = "DEAD"


class LetterShown(Answer, kw_only=True, frozen=True):
    """One thing to be done outside; never what is in it.

    `id` is the message's, by which its receiver knows it; `reason` why the last try failed.
    """

    id: str
    status: JobStatus
    process_instance_id: str
    node: str
    activity: str
    tries: int
    reason: str
    created_dtm: Moment
    last_tried_dtm: Moment | None
    next_try_dtm: Moment | None


def shown(job: Job) -> LetterShown:
    """Write a row of the outbox."""
    return LetterShown(
        id=job.id,
        status=job.status,
        process_instance_id=job.instance,
        node=job.node,
        activity=job.label,
        tries=job.tries,
        reason=job.reason,
        created_dtm=moment(job.created_at),
        last_tried_dtm=moment_or_none(job.tried_at),
        next_try_dtm=moment_or_none(job.due_at),
    )


async def list_letters(call: Call[Nothing, LetterWords]) -> Answered | Stopped:
    """List rows of the outbox in one state."""
    words = call.query
    query = page_query(words.page, words.size, None, by=("status", words.status))
    page = await call.offices.store.page(call.tenant, Job, query)
    return Answered(body=spring_page(query, page, shown))


async def retry_letter(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Try a dead letter again."""
    job = await call.unit.get(Job, call.path["deadLetterId"])
    if job is None:
        return MISSING
    again = retry_job(call.unit, call.actor, job)
    return _not_dead(job) if again is None else Answered(body=shown(again))


async def drop_letter(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Drop a dead letter."""
    job = await call.unit.get(Job, call.path["deadLetterId"])
    if job is None:
        return MISSING
    return Answered() if drop_job(call.unit, call.actor, job) else _not_dead(job)


def _not_dead(job: Job) -> Stopped:
    return exists("status", f"it is {job.status}: only what is DEAD can be tried again or dropped")


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="listDeadLetters", method="GET", path=LETTERS, needs=needs("listDeadLetters"),
        summary="List what could not be delivered, or waits to be",
        answer=list_letters, body=Nothing, query=LetterWords, result=SpringPage[LetterShown],
    ),
    Operation(
        name="retryDeadLetter", method="POST", path=f"{LETTER}/retry",
        needs=needs("retryDeadLetter"), summary="Try a dead letter again, under its own id",
        answer=retry_letter, body=Nothing, query=Nothing, result=LetterShown,
        others={409: "It is not dead."},
    ),
    Operation(
        name="dropDeadLetter", method="DELETE", path=LETTER, needs=needs("retryDeadLetter"),
        summary="Drop a dead letter: it is never delivered", answer=drop_letter,
        body=Nothing, query=Nothing, status=204, others={409: "It is not dead."},
    ),
)  # fmt: skip
