"""WebSockets: one task that reads, one that writes; whichever ends first ends both."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from engine.errors import Busy
from engine.signalr import WEB_SOCKETS, Connection, Opened
from engine.signalr.transports import CLOSE_CODE, refusal
from engine.web.hub.member import Member
from engine.web.listening.entering import NotAdmitted, after_of, enter
from engine.web.request import Ask, Web

REFUSED_CODE: Final = 1008
TOO_MANY: Final = "too many messages"


async def serve(ask: Ask, scope: Scope, receive: Receive, send: Send) -> int:
    """Serve one socket to its end. Gives the status that it was answered with.

    `ask` is the request for it, which was read from the head of the same `scope`.
    """
    socket, web = WebSocket(scope, receive, send), ask.web
    found = await _admitted(ask)
    if isinstance(found, int):
        await _refuse(socket, Response(status_code=found))
        return found
    secret, member = found
    connection = member.begin(WEB_SOCKETS, web.hub.now())
    try:
        await socket.accept()
        await _both(socket, web, member, connection)
    finally:
        web.hub.leave(secret)
    if not member.has_stalled and socket.application_state is WebSocketState.CONNECTED:
        with contextlib.suppress(WebSocketDisconnect):  # the client was quicker
            await socket.close(CLOSE_CODE)
    return 101


async def put_off(scope: Scope, receive: Receive, send: Send, *, seconds: int) -> int:
    """Ask a source that has failed too often to come later. Gives the status."""
    answer = Response(status_code=429, headers={"Retry-After": str(seconds)})
    await _refuse(WebSocket(scope, receive, send), answer)
    return answer.status_code


async def _refuse(socket: WebSocket, answer: Response) -> None:
    """Say no before the socket is one, with a status where the server can send one."""
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(answer)
    else:
        await socket.close(REFUSED_CODE)


async def _admitted(ask: Ask) -> tuple[str, Member] | int:
    admitted, web = await enter(ask, WEB_SOCKETS), ask.web
    if isinstance(admitted, NotAdmitted):
        return admitted.status
    secret = ask.request.query_params.get("id")
    member = None if secret is None else web.hub.find(secret, admitted)
    refused = refusal(WEB_SOCKETS, secret, None if member is None else member.known)
    if refused is not None:
        return refused.status
    if secret is None or member is None:  # negotiation was skipped
        after, is_ours = after_of(ask.request)
        try:
            return web.hub.add(admitted, after, is_ours=is_ours)
        except Busy:
            return 503
    return secret, member


async def _both(socket: WebSocket, web: Web, member: Member, connection: Connection) -> None:
    reading = asyncio.create_task(_read(socket, web, member, connection))
    writing = asyncio.create_task(_write(socket, web, member, connection))
    member.writer = writing
    try:
        await asyncio.wait((reading, writing), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (reading, writing):
            task.cancel()
        results = await asyncio.gather(reading, writing, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
            raise result


async def _read(socket: WebSocket, web: Web, member: Member, connection: Connection) -> None:
    """Feed what comes; the writer ends the socket once the connection has ended."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        chunk = message.get("bytes") or b"" if text is None else text.encode()
        await take_in(web, member, connection, chunk)


async def take_in(web: Web, member: Member, connection: Connection, chunk: bytes) -> None:
    """Take what a client has sent, in whatever transport."""
    at, before = web.hub.now(), connection.messages
    happened = connection.receive(chunk, at)
    if member.is_noisy(connection.messages - before, at):
        connection.close(at, error=TOO_MANY)
    for event in happened:
        if isinstance(event, Opened):
            await web.hub.join(member)
    member.stirred.set()


async def _write(socket: WebSocket, web: Web, member: Member, connection: Connection) -> None:
    while True:
        chunk = connection.take()
        if chunk:
            member.writes_since = web.hub.now()
            await _send(socket, connection, chunk)
            member.writes_since = None
        elif connection.ended is not None:
            return
        else:
            await member.until_stirred()


async def _send(socket: WebSocket, connection: Connection, chunk: bytes) -> None:
    protocol = connection.protocol
    if protocol is None or protocol.transfer_format == "Text":
        await socket.send_text(chunk.decode())
    else:
        await socket.send_bytes(chunk)
