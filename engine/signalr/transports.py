"""What carries a connection: which bytes each transport takes, and how HTTP is answered for it.

Source: TransportProtocols.md; texts and status codes as .NET's server has them. All of a hub is on
one path, told apart by method and `Accept`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from engine.signalr.protocol import TransferFormat

UNUSED_SECONDS: Final = 15
"""A connection without a transport, unused yet or between polls, is dropped after these."""
POLL_SECONDS: Final = 90
"""After which a poll is answered with nothing; the client itself gives up after 100."""
SEND_SECONDS: Final = 10
"""A connection that does not take what is sent to it for so long is dropped."""
CLOSE_CODE: Final = 1000
"""Of WebSockets, after a Close message or without; any other code is an error to the client."""

TransportName: TypeAlias = Literal["WebSockets", "ServerSentEvents", "LongPolling"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """A way that chunks of bytes go between client and server.

    Attributes:
        keeps_alive: A poll that comes back is a sign of life; no pings, no silence to measure.
    """

    name: TransportName
    transfer_formats: Sequence[TransferFormat]
    keeps_alive: bool = False


WEB_SOCKETS: Final = Transport(name="WebSockets", transfer_formats=("Text", "Binary"))
SERVER_SENT_EVENTS: Final = Transport(name="ServerSentEvents", transfer_formats=("Text",))
LONG_POLLING: Final = Transport(
    name="LongPolling", transfer_formats=("Text", "Binary"), keeps_alive=True
)
TRANSPORTS: Final = (WEB_SOCKETS, SERVER_SENT_EVENTS, LONG_POLLING)
"""In the order in which clients try them."""


Wish: TypeAlias = Transport | Literal["send", "end"]
"""A transport (one poll of it, for long polling), data from the client, or the end of polling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer that is written at once."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    headers: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the connection whose id a request names.

    Attributes:
        transport: The one it has; None where it has negotiated only.
        is_active: A request of that transport is open.
        is_ending: It is being taken down.
    """

    transport: Transport | None
    is_active: bool = False
    is_ending: bool = False


NOT_ALLOWED: Final = Answer(status=405, headers=(("Allow", "GET, POST, DELETE, OPTIONS"),))
ID_REQUIRED: Final = Answer(status=400, body=b"Connection ID required")
UNKNOWN_ID: Final = Answer(status=404, body=b"No Connection with that ID")
CANNOT_CHANGE: Final = Answer(status=400, body=b"Cannot change transports mid-connection")
ALREADY_ACTIVE: Final = Answer(status=409)
ENDING: Final = Answer(status=404)
NO_POST: Final = Answer(
    status=405, body=b"POST requests are not allowed for WebSocket connections."
)
NO_DELETE: Final = Answer(
    status=400, body=b"Cannot terminate this connection using the DELETE endpoint."
)
SENT: Final = Answer(status=200)
"""To a POST, after the whole body was taken."""
ENDED_BY_CLIENT: Final = Answer(status=202)
"""To a DELETE; the poll that is open ends as `LAST_POLL`."""


def wish_of(method: str, *, accept: str, is_upgrade: bool) -> Wish | None:
    """Tell what a request to the hub's path wants; None is answered with `NOT_ALLOWED`.

    Args:
        method: In upper case.
        accept: The header `Accept`, empty where there is none.
        is_upgrade: It asks for a WebSocket.
    """
    match method:
        case "GET" | "CONNECT" if is_upgrade:
            return WEB_SOCKETS
        case "GET" if "text/event-stream" in accept.lower():
            return SERVER_SENT_EVENTS
        case "GET":
            return LONG_POLLING
        case "POST":
            return "send"
        case "DELETE":
            return "end"
        case _:
            return None


def refusal(
    wish: Wish,
    id: str | None,
    known: Known | None,
    *,
    served: Collection[Transport] = TRANSPORTS,
) -> Answer | None:
    """Say how a request is refused; None where it may go on.

    Without an id a WebSocket may go on all the same: its client has skipped negotiation, and the
    connection is made on the spot.

    Args:
        wish: What it wants.
        id: The query parameter of that name.
        known: The connection that has this id (token), if one has.
        served: The transports of this endpoint.
    """
    if not id:
        return _not_served(WEB_SOCKETS, served) if wish == WEB_SOCKETS else ID_REQUIRED
    if known is None:
        return UNKNOWN_ID
    if isinstance(wish, Transport):
        refused = _not_served(wish, served) or _not_opened(wish, known)
    elif wish == "send":
        refused = NO_POST if known.transport == WEB_SOCKETS else None
    else:
        refused = None if known.transport == LONG_POLLING else NO_DELETE
    return refused or (ENDING if known.is_ending else None)


def _not_served(wish: Transport, served: Collection[Transport]) -> Answer | None:
    if wish in served:
        return None
    text = f"{wish.name} transport not supported by this end point type"
    return Answer(status=404, body=text.encode())


def _not_opened(wish: Transport, known: Known) -> Answer | None:
    """Refuse a second transport, or the same once more; a new poll takes the old one's place."""
    if known.transport not in (None, wish):
        return CANNOT_CHANGE
    if known.is_active and wish != LONG_POLLING:
        return ALREADY_ACTIVE
    return None


EVENT_STREAM_HEADERS: Final = (
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-cache,no-store"),
    ("Pragma", "no-cache"),
    ("Content-Encoding", "identity"),
    ("X-Accel-Buffering", "no"),
)
EVENT_STREAM_BEGINS: Final = b":\r\n"
"""Sent at once: Firefox says that a stream is open when something has come."""


def event(chunk: bytes) -> bytes:
    """Write a chunk of text as one event: each of its lines behind `data: `, then an empty line."""
    lines = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return b"".join(b"data: %b\r\n" % line for line in lines) + b"\r\n"


POLL_HEADERS: Final = (
    ("Cache-Control", "no-cache, no-store"),
    ("Pragma", "no-cache"),
    ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
)
EMPTY_POLL: Final = Answer(status=200, headers=POLL_HEADERS)
"""To the first poll, at once: only then is the transport up. To any that has waited for nothing."""
LAST_POLL: Final = Answer(status=204, headers=POLL_HEADERS)
"""The connection is over, or a new poll has taken the place of this one: the client stops."""


def poll_answer(chunk: bytes, *, has_ended: bool) -> Answer:
    """Answer a poll with what there is for it; the end is told when nothing is left to tell."""
    if chunk:
        binary = "application/octet-stream"
        return Answer(status=200, body=chunk, content_type=binary, headers=POLL_HEADERS)
    return LAST_POLL if has_ended else EMPTY_POLL
