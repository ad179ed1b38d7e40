"""What HTTP is answered around a hub: which request wants what, who is refused, and bodies."""

from __future__ import annotations

from typing import Final

import pytest

from engine.signalr import LONG_POLLING, SERVER_SENT_EVENTS, WEB_SOCKETS, Transport
from engine.signalr.transports import (
    EMPTY_POLL,
    ENDING,
    EVENT_STREAM_BEGINS,
    LAST_POLL,
    Known,
    Wish,
    event,
    poll_answer,
    refusal,
    wish_of,
)

EVENTS: Final = "text/event-stream"


@pytest.mark.parametrize(
    ("method", "accept", "is_upgrade", "wish"),
    [
        ("GET", "", True, WEB_SOCKETS),
        ("CONNECT", "", True, WEB_SOCKETS),
        ("GET", EVENTS, False, SERVER_SENT_EVENTS),
        ("GET", "a/b, Text/Event-Stream;q=1", False, SERVER_SENT_EVENTS),
        ("GET", "*/*", False, LONG_POLLING),
        ("GET", "", False, LONG_POLLING),
        ("POST", "", False, "send"),
        ("DELETE", "", False, "end"),
        ("PUT", "", False, None),
        ("CONNECT", "", False, None),
    ],
)
def test_method_and_accept_say_what_is_wanted(
    method: str, accept: str, is_upgrade: bool, wish: Wish | None
) -> None:
    assert wish_of(method, accept=accept, is_upgrade=is_upgrade) == wish


def told(wish: Wish, id: str | None, known: Known | None) -> tuple[int, bytes] | None:
    answer = refusal(wish, id, known)
    return None if answer is None else (answer.status, answer.body)


NEW: Final = Known(transport=None)


@pytest.mark.parametrize(
    ("wish", "id", "known", "answer"),
    [
        (WEB_SOCKETS, None, None, None),  # negotiation was skipped
        (SERVER_SENT_EVENTS, None, None, (400, b"Connection ID required")),
        (LONG_POLLING, "", None, (400, b"Connection ID required")),
        ("send", None, None, (400, b"Connection ID required")),
        ("end", None, None, (400, b"Connection ID required")),
        (WEB_SOCKETS, "x", None, (404, b"No Connection with that ID")),
        (LONG_POLLING, "x", None, (404, b"No Connection with that ID")),
        ("send", "x", None, (404, b"No Connection with that ID")),
        ("end", "x", None, (404, b"No Connection with that ID")),
        (WEB_SOCKETS, "x", NEW, None),
        (SERVER_SENT_EVENTS, "x", NEW, None),
        (LONG_POLLING, "x", NEW, None),
        (
            LONG_POLLING,
            "x",
            Known(transport=WEB_SOCKETS),
            (400, b"Cannot change transports mid-connection"),
        ),
        (WEB_SOCKETS, "x", Known(transport=WEB_SOCKETS, is_active=True), (409, b"")),
        (SERVER_SENT_EVENTS, "x", Known(transport=SERVER_SENT_EVENTS, is_active=True), (409, b"")),
        (LONG_POLLING, "x", Known(transport=LONG_POLLING, is_active=True), None),
        ("send", "x", Known(transport=LONG_POLLING, is_active=True), None),
        (
            "send",
            "x",
            Known(transport=WEB_SOCKETS),
            (405, b"POST requests are not allowed for WebSocket connections."),
        ),
        ("send", "x", Known(transport=SERVER_SENT_EVENTS, is_ending=True), (404, b"")),
        ("end", "x", Known(transport=LONG_POLLING), None),
        (
            "end",
            "x",
            Known(transport=SERVER_SENT_EVENTS),
            (400, b"Cannot terminate this connection using the DELETE endpoint."),
        ),
    ],
)
def test_requests_are_refused_as_the_table_says(
    wish: Wish, id: str | None, known: Known | None, answer: tuple[int, bytes] | None
) -> None:
    assert told(wish, id, known) == answer


@pytest.mark.parametrize("id", [None, "x"])
def test_a_transport_that_is_not_served_is_not_there(id: str | None) -> None:
    answer = refusal(WEB_SOCKETS, id, NEW, served=[LONG_POLLING])

    assert answer is not None
    assert answer.status == 404
    assert answer.body == b"WebSockets transport not supported by this end point type"
    assert refusal("send", "x", NEW, served=[]) is None


def test_refusals_are_plain_text() -> None:
    assert ENDING.content_type == "text/plain"


@pytest.mark.parametrize(
    ("chunk", "written"),
    [
        (b'{"type":6}\x1e', b'data: {"type":6}\x1e\r\n\r\n'),
        (b"a\x1eb\x1e", b"data: a\x1eb\x1e\r\n\r\n"),
        (b"a\nb\r\nc\rd", b"data: a\r\ndata: b\r\ndata: c\r\ndata: d\r\n\r\n"),
        (b"a\n", b"data: a\r\ndata: \r\n\r\n"),
    ],
)
def test_each_line_of_an_event_has_its_own_field(chunk: bytes, written: bytes) -> None:
    assert event(chunk) == written


def test_an_event_stream_begins_with_a_comment() -> None:
    assert EVENT_STREAM_BEGINS == b":\r\n"


def test_a_poll_gets_what_there_is_and_then_the_end() -> None:
    full = poll_answer(b"x\x1e", has_ended=True)

    assert (full.status, full.body, full.content_type) == (
        200,
        b"x\x1e",
        "application/octet-stream",
    )
    assert poll_answer(b"", has_ended=True) is LAST_POLL
    assert poll_answer(b"", has_ended=False) is EMPTY_POLL
    assert (LAST_POLL.status, EMPTY_POLL.status, EMPTY_POLL.body) == (204, 200, b"")
    assert dict(full.headers) == {
        "Cache-Control": "no-cache, no-store",
        "Pragma": "no-cache",
        "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    }


@pytest.mark.parametrize(
    ("transport", "formats"),
    [
        (WEB_SOCKETS, ("Text", "Binary")),
        (SERVER_SENT_EVENTS, ("Text",)),
        (LONG_POLLING, ("Text", "Binary")),
    ],
    ids=["WebSockets", "ServerSentEvents", "LongPolling"],
)
def test_transports_carry_their_formats(transport: Transport, formats: tuple[str, ...]) -> None:
    assert transport.transfer_formats == formats
