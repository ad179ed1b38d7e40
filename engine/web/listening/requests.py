"""The hub over plain HTTP: negotiation, server-sent events, long polling, data from the client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Send

from engine.signalr import (
    LONG_POLLING,
    SERVER_SENT_EVENTS,
    Connection,
    Refused,
)
from engine.signalr.framing import LONGEST_BYTES
from engine.signalr.negotiate import (
    CONTENT_TYPE,
    negotiated,
    not_negotiated,
    version_asked_for,
)
from engine.signalr.transports import (
    EMPTY_POLL,
    ENDED_BY_CLIENT,
    EVENT_STREAM_BEGINS,
    EVENT_STREAM_HEADERS,
    LAST_POLL,
    NOT_ALLOWED,
    POLL_SECONDS,
    SEND_SECONDS,
    SENT,
    UNKNOWN_ID,
    Answer,
    Wish,
    event,
    poll_answer,
    refusal,
    wish_of,
)
from engine.web.hub.member import Member
from engine.web.listening.entering import NotAdmitted, after_of, cors, enter, preflight
from engine.web.listening.sockets import take_in
from engine.web.request import Ask
from engine.web.wire import Unread, read_body

NOT_LISTED: Final = "This page's origin is not among those of its client."


class _Events(StreamingResponse):
    """A stream of events; who takes none of them for too long has gone."""

    def __init__(self, stream: AsyncGenerator[bytes, None], headers: Mapping[str, str]) -> None:
        super().__init__(stream, headers=headers)
        self._stream = stream

    async def stream_response(self, send: Send) -> None:
        """Write the stream, each part in time; end it in any case."""

        async def in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        try:
            async with aclosing(self._stream):
                await super().stream_response(in_time)
        except TimeoutError as late:
            raise ClientDisconnect from late


async def ask_first(ask: Ask) -> Response:
    """Answer a preflight."""
    return Response(status_code=204, headers=preflight(ask.request))


async def negotiate(ask: Ask) -> Response:
    """Give a client its ids, if its token and its page are good."""
    admitted = await enter(ask)
    if isinstance(admitted, NotAdmitted):
        return _refused(ask, admitted)
    version = version_asked_for(ask.request.query_params.multi_items())
    if isinstance(version, Refused):
        return _json(ask, not_negotiated(version))
    after, is_ours = after_of(ask.request)
    secret, _ = ask.web.hub.add(admitted, after, is_ours=is_ours)
    body = negotiated(
        version, connection_id=secret if version == 0 else ask.id, connection_token=secret
    )
    return _json(ask, body)


async def receive(ask: Ask) -> Response:
    """Open a stream of events, or answer one poll."""
    found = await _found(ask)
    if not isinstance(found, tuple):
        return found
    secret, member = found
    if _wish(ask) == SERVER_SENT_EVENTS:
        connection = member.begin(SERVER_SENT_EVENTS, ask.web.hub.now())
        headers = dict(EVENT_STREAM_HEADERS) | cors(ask.request)
        return _Events(_stream(ask, secret, member, connection), headers)
    return await _polled(ask, secret, member)


async def send(ask: Ask) -> Response:
    """Take what the client sends beside its stream or polls."""
    found = await _found(ask)
    if not isinstance(found, tuple):
        return found
    _, member = found
    body = await read_body(ask.request, seconds=ask.web.config.body_seconds, most=LONGEST_BYTES)
    if isinstance(body, Unread):
        return _answer(ask, Answer(status=body.status))
    if member.connection is None:
        return _answer(ask, UNKNOWN_ID)
    await take_in(ask.web, member, member.connection, body)
    return _answer(ask, SENT)


async def end(ask: Ask) -> Response:
    """End long polling; the poll that is open is answered as the last one."""
    found = await _found(ask)
    if not isinstance(found, tuple):
        return found
    secret, member = found
    if member.connection is not None:
        member.connection.close(ask.web.hub.now())
        member.connection.take()
    ask.web.hub.leave(secret)
    return _answer(ask, ENDED_BY_CLIENT)


async def _found(ask: Ask) -> tuple[str, Member] | Response:
    wish = _wish(ask)
    if wish is None:
        return _answer(ask, NOT_ALLOWED)
    admitted = await enter(ask, wish)
    if isinstance(admitted, NotAdmitted):
        return _refused(ask, admitted)
    secret = ask.request.query_params.get("id")
    member = None if secret is None else ask.web.hub.find(secret, admitted)
    known = None if member is None else member.known
    refused = refusal(wish, secret, known)
    if refused is not None and not (wish == LONG_POLLING and known and known.is_ending):
        return _answer(ask, refused)
    if secret is None or member is None:
        return _answer(ask, UNKNOWN_ID)
    return secret, member


def _wish(ask: Ask) -> Wish | None:
    """Tell what is asked; None for HEAD, which GET's door lets in, and which polls nothing."""
    accept = ask.request.headers.get("accept", "")
    return wish_of(ask.request.method, accept=accept, is_upgrade=False)


async def _stream(
    ask: Ask, secret: str, member: Member, connection: Connection
) -> AsyncGenerator[bytes, None]:
    """Write what is to be sent as events; the client ends it by going."""
    try:
        yield EVENT_STREAM_BEGINS
        while True:
            chunk = connection.take()
            if chunk:
                yield event(chunk)
            elif connection.ended is not None:
                return
            else:
                await member.until_stirred()
    finally:
        ask.web.hub.leave(secret)


async def _polled(ask: Ask, secret: str, member: Member) -> Response:
    hub, is_first = ask.web.hub, member.connection is None
    connection = member.begin(LONG_POLLING, hub.now())
    if is_first:  # answered at once: only then is the transport up
        member.rest(hub.now())
        return _answer(ask, EMPTY_POLL)
    mine = member.take_turn()
    try:
        chunk = await _until_some(ask, member, connection, mine)
    finally:
        if member.has_turn(mine):
            member.rest(hub.now())
    if not member.has_turn(mine):  # a newer poll has taken its place
        return _answer(ask, LAST_POLL)
    has_ended = connection.ended is not None
    if has_ended and not chunk:
        hub.leave(secret)
    return _answer(ask, poll_answer(chunk, has_ended=has_ended))


async def _until_some(ask: Ask, member: Member, connection: Connection, mine: int) -> bytes:
    until = ask.web.hub.now() + POLL_SECONDS
    gone = asyncio.create_task(_gone(ask))
    try:
        while member.has_turn(mine) and connection.ended is None and not connection.queued_bytes:
            stirred = asyncio.create_task(member.stirred.wait())
            left = max(0.0, until - ask.web.hub.now())
            await asyncio.wait((stirred, gone), timeout=left, return_when=asyncio.FIRST_COMPLETED)
            stirred.cancel()
            member.stirred.clear()
            if gone.done() or ask.web.hub.now() >= until:
                break
    finally:
        gone.cancel()
    # What is taken for a poll whose client has gone would be lost.
    is_there = member.has_turn(mine) and not gone.done()
    return connection.take() if is_there else b""


async def _gone(ask: Ask) -> None:
    """Wait until the client of a poll is not there any more."""
    while (await ask.request.receive())["type"] != "http.disconnect":
        pass


def _json(ask: Ask, body: bytes) -> Response:
    return Response(body, media_type=CONTENT_TYPE, headers=cors(ask.request))


def _answer(ask: Ask, answer: Answer) -> Response:
    return Response(
        answer.body,
        status_code=answer.status,
        headers={**dict(answer.headers), **cors(ask.request)},
        media_type=answer.content_type,
    )


def _refused(ask: Ask, refused: NotAdmitted) -> Response:
    """Refuse; a page that may not listen may not read why."""
    if refused.status == 403:
        return Response(NOT_LISTED, status_code=403, media_type="text/plain")
    return Response(status_code=refused.status, headers=cors(ask.request), media_type="text/plain")
