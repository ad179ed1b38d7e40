"""One call from its bytes to its answer: read, done, written in one commit, answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from engine.errors import Busy
from engine.ports.actor import Actor
from engine.run.unit import TRIES, Unit, is_written
from engine.web.answers import api_error, json_answer, unread_error
from engine.web.api.frame.operation import Answered, Call, Operation, Stopped, invalid
from engine.web.api.frame.reading import taken, taken_words
from engine.web.api.frame.remembering import Remembered, remembered
from engine.web.gate.door import Door
from engine.web.request import Ask
from engine.web.wire import Unread, read_object

AnyOperation = Operation[Any, Any]
_METHODS_WITH_BODY = frozenset({"POST"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What was sent, checked; `raw` as it came."""

    body: Any
    query: Any
    raw: bytes


def door_of(operation: AnyOperation) -> Door:
    """Make the door of an operation."""

    async def answer(ask: Ask) -> Response:
        return await perform(ask, operation)

    return Door(
        path=operation.path,
        method=operation.method,
        permission=operation.needs,
        rule="the client's own" if operation.needs == "application" else "the key's own tenant",
        answer=answer,
    )


async def perform(ask: Ask, operation: AnyOperation) -> Response:
    """Answer one call, whose permission was looked at."""
    read = await _read(ask, operation)
    if isinstance(read, Response):
        return read
    kept = remembered(ask, operation.name, read.raw) if operation.makes else None
    if isinstance(kept, Stopped):
        return _stopped(ask, kept)
    for _ in range(TRIES):
        again = await kept.again() if kept is not None else None
        if again is not None:
            return again if isinstance(again, Response) else _stopped(ask, again)
        answer = await _tried(ask, operation, read, kept)
        if answer is not None:
            return answer
    raise Busy(retry_after=1)


async def _tried(
    ask: Ask, operation: AnyOperation, read: _Read, kept: Remembered | None
) -> Response | None:
    """Do it once; None where somebody was quicker and it has to be done again."""
    store, caller = ask.web.journeys.offices.store, ask.program
    actor = Actor(name=caller.name, at=await store.now(), chance=ask.web.journeys.chance)
    call = Call(
        ask=ask, tenant=caller.tenant, actor=actor, body=read.body, query=read.query,
        path=ask.request.path_params, unit=Unit(store, caller.tenant),
    )  # fmt: skip
    found = await operation.answer(call)
    if isinstance(found, Stopped) and not found.keeps:
        # What stands in the way may be what a twin of this call has made since it was looked for.
        twin = await kept.again() if kept is not None else None
        return twin if isinstance(twin, Response) else _stopped(ask, found)
    if isinstance(found, Answered) and kept is not None:
        kept.keep(call, found, found.status or operation.status)
    if not await is_written(call.unit, store):
        return None
    if isinstance(found, Stopped):
        return _stopped(ask, found)
    if found.after is not None:
        found.after()
    return _answered(operation, found)


def _answered(operation: AnyOperation, found: Answered) -> Response:
    status = found.status or operation.status
    if found.body is None:
        return Response(status_code=status, headers=dict(found.headers))
    return json_answer(found.body, status=status, headers=found.headers)


def _stopped(ask: Ask, found: Stopped) -> Response:
    return api_error(ask, found.kind, details=found.details)


async def _read(ask: Ask, operation: AnyOperation) -> _Read | Response:
    raw, body = b"", dict[str, Any]()
    if operation.method in _METHODS_WITH_BODY:
        sent = await read_object(
            ask.request, seconds=ask.web.config.body_seconds, most=operation.body_bytes
        )
        if isinstance(sent, Unread):
            return unread_error(ask, sent)
        raw, body = sent
    query = taken_words(ask.request.query_params.multi_items(), operation.query)
    made = taken(body, operation.body)
    wrong = [*(query if isinstance(query, list) else ()), *(made if isinstance(made, list) else ())]
    if wrong:
        return _stopped(ask, invalid(tuple(wrong)))
    return _Read(body=made, query=query, raw=raw)
