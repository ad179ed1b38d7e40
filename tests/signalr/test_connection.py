"""The connection: handshake, messages, pings, silence and ends, told as stories with times."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.signalr import (
    LONG_POLLING,
    PROTOCOLS,
    SERVER_SENT_EVENTS,
    WEB_SOCKETS,
    Connection,
    Ended,
    Happened,
    HubProtocol,
    Invocation,
    Opened,
    Transport,
)
from engine.signalr.invoking import broken, not_bound, not_permitted, not_streaming
from engine.signalr.messages import (
    Ack,
    CancelInvocation,
    Close,
    Completion,
    HubMessage,
    Ping,
    SequenceMessage,
    StreamInvocation,
    StreamItem,
)

JSON, MESSAGEPACK = PROTOCOLS["json"], PROTOCOLS["messagepack"]
BOTH: Final = pytest.mark.parametrize("protocol", [JSON, MESSAGEPACK], ids=lambda p: p.name)
METHODS: Final = ("hello",)


def request(protocol: HubProtocol) -> bytes:
    return b'{"protocol":"%b","version":1}\x1e' % protocol.name.encode()


def opened(
    protocol: HubProtocol = JSON, transport: Transport = WEB_SOCKETS, at: float = 0.0
) -> Connection:
    """Give a connection whose handshake is done and written."""
    connection = Connection(transport, at, METHODS)
    assert connection.receive(request(protocol), at) == (Opened(protocol=protocol),)
    assert connection.take() == b"{}\x1e"
    return connection


def said(connection: Connection, at: float, *messages: HubMessage) -> tuple[Happened, ...]:
    """Let the client say something."""
    assert connection.protocol is not None
    return connection.receive(b"".join(map(connection.protocol.encode, messages)), at)


# ---- handshake --------------------------------------------------------------------------------


@BOTH
def test_a_handshake_opens_in_any_split(protocol: HubProtocol) -> None:
    stream = request(protocol) + protocol.encode(Invocation(target="HELLO", arguments=(1,)))
    wanted = [Opened(protocol=protocol), Invocation(target="HELLO", arguments=(1,))]
    whole, cut = (Connection(WEB_SOCKETS, 0.0, METHODS) for _ in range(2))

    assert list(whole.receive(stream, 1.0)) == wanted
    assert [one for octet in stream for one in cut.receive(bytes([octet]), 1.0)] == wanted
    assert whole.take() == cut.take() == b"{}\x1e"


def test_nothing_is_sent_before_the_handshake() -> None:
    connection = Connection(WEB_SOCKETS, 0.0)

    assert connection.protocol is None
    assert connection.send(b"early", 1.0) is False
    assert connection.take() == b""


def test_a_failed_handshake_is_answered_and_ends() -> None:
    connection = Connection(SERVER_SENT_EVENTS, 0.0)

    happened = connection.receive(request(MESSAGEPACK) + b'{"type":6}\x1e', 1.0)

    assert happened == (connection.ended,)
    assert connection.ended is not None
    assert connection.ended.cause == "handshake"
    assert "'Binary' transfer format" in str(connection.ended.error)
    assert connection.take().startswith(b'{"error":"Cannot use')


def test_a_handshake_that_is_too_long_fails() -> None:
    connection = Connection(WEB_SOCKETS, 0.0)

    happened = connection.receive(b"x" * 40_000, 1.0)

    error = "An unexpected error occurred during connection handshake."
    assert happened == (Ended(cause="handshake", error=error),)
    assert connection.take() == b'{"error":"%b"}\x1e' % error.encode()


@pytest.mark.parametrize("transport", [WEB_SOCKETS, LONG_POLLING], ids=lambda t: t.name)
def test_a_handshake_is_waited_for_15_seconds(transport: Transport) -> None:
    connection = Connection(transport, 100.0)

    assert connection.due_at == 115.0
    assert connection.tick(114.9) == ()
    assert connection.tick(115.0) == (Ended(cause="handshake", error="Handshake was canceled."),)
    assert connection.take() == b'{"error":"Handshake was canceled."}\x1e'
    assert connection.due_at is None


# ---- messages ---------------------------------------------------------------------------------


@BOTH
def test_an_unknown_method_is_told_to_who_wants_an_answer(protocol: HubProtocol) -> None:
    connection = opened(protocol)

    assert said(connection, 1.0, Invocation(target="Nope", arguments=(), invocation_id="7")) == ()

    error = "Unknown hub method 'Nope'"
    assert connection.take() == protocol.encode(Completion(invocation_id="7", error=error))


@BOTH
@pytest.mark.parametrize("id", [None, ""])
def test_an_unknown_method_without_an_id_is_never_answered(
    protocol: HubProtocol, id: str | None
) -> None:
    connection = opened(protocol)

    assert said(connection, 1.0, Invocation(target="Nope", arguments=(), invocation_id=id)) == ()
    assert connection.take() == b""


def test_a_known_method_is_handed_on_and_answered() -> None:
    connection = opened()
    call = Invocation(target="Hello", arguments=("you",), invocation_id="0")

    assert said(connection, 1.0, call) == (call,)
    connection.answer(call, 2.0, result=[1])
    connection.answer(call, 2.0)
    connection.answer(call, 2.0, error="no")

    assert connection.take() == (
        b'{"type":3,"invocationId":"0","result":[1]}\x1e'
        b'{"type":3,"invocationId":"0"}\x1e'
        b'{"type":3,"invocationId":"0","error":"no"}\x1e'
    )


@pytest.mark.parametrize("id", [None, ""])
def test_a_known_method_without_an_id_is_never_answered(id: str | None) -> None:
    connection = opened()
    call = Invocation(target="hello", arguments=(), invocation_id=id)

    assert said(connection, 1.0, call) == (call,)
    connection.answer(call, 2.0, error="no")

    assert connection.take() == b""


def test_streams_are_not_had() -> None:
    connection = opened()
    call = StreamInvocation(invocation_id="1", target="Hello", arguments=())
    unknown = msgspec.structs.replace(call, target="Nope")
    streams = Invocation(target="Hello", arguments=(), invocation_id="1", stream_ids=("2",))

    assert said(connection, 1.0, call, unknown, streams) == ()

    errors = (not_streaming("Hello"), "Unknown hub method 'Nope'", broken("Hello"))
    told = [JSON.encode(Completion(invocation_id="1", error=error)) for error in errors]
    assert connection.take() == b"".join(told)


def test_texts_are_those_of_dotnet() -> None:
    assert not_bound("x") == "Failed to invoke 'x' due to an error on the server."
    assert broken("x") == "An unexpected error occurred invoking 'x' on the server."
    assert not_permitted("x") == "Failed to invoke 'x' because user is unauthorized"
    assert not_streaming("x") == (
        "The client attempted to invoke the non-streaming 'x' method with a streaming invocation."
    )


@BOTH
def test_what_nobody_asked_for_is_ignored(protocol: HubProtocol) -> None:
    connection = opened(protocol)
    messages = (
        StreamItem(invocation_id="9", item=1),
        Completion(invocation_id="9"),
        CancelInvocation(invocation_id="9"),
        Ack(sequence_id=1),
        SequenceMessage(sequence_id=1),
    )

    assert said(connection, 1.0, *messages) == ()
    to_come = b"\x02\x91\x0a" if protocol is MESSAGEPACK else b'{"type":10}\x1e'
    assert connection.receive(to_come, 1.0) == ()
    assert (connection.take(), connection.ended) == (b"", None)


@BOTH
def test_a_message_that_is_none_ends_with_an_error(protocol: HubProtocol) -> None:
    connection = opened(protocol)
    good = protocol.encode(Invocation(target="hello", arguments=()))

    happened = connection.receive(good + b"\x01\x1e" + good, 1.0)

    assert [type(one) for one in happened] == [Invocation, Ended]
    assert connection.ended is not None
    assert connection.ended.cause == "malformed"
    assert connection.take() == protocol.encode(Close(error=connection.ended.error))


def test_a_message_that_is_too_long_ends_with_an_error() -> None:
    connection = opened()

    error = "The maximum message size of 32768B was exceeded."
    assert connection.receive(b"x" * 32_768, 1.0) == (Ended(cause="malformed", error=error),)
    assert connection.take() == b'{"type":7,"error":"%b"}\x1e' % error.encode()
    assert connection.kept_bytes == 0


# ---- keeping alive ----------------------------------------------------------------------------


@BOTH
def test_a_ping_goes_out_15_seconds_after_something_was_sent(protocol: HubProtocol) -> None:
    connection = opened(protocol, at=100.0)
    ping = protocol.encode(Ping())

    assert connection.due_at == 115.0
    assert (connection.tick(114.9), connection.take()) == ((), b"")
    assert (connection.tick(115.0), connection.take()) == ((), ping)
    assert connection.send(b"event", 120.0)
    assert (connection.take(), connection.due_at) == (b"event", 135.0)
    assert (connection.tick(134.9), connection.take()) == ((), b"")
    assert (connection.tick(135.0), connection.take()) == ((), ping)


def test_no_ping_stands_behind_what_is_not_written_yet() -> None:
    connection = opened()
    connection.send(b"event", 1.0)

    connection.tick(16.0)

    assert connection.due_at == 31.0
    assert connection.take() == b"event"


@BOTH
def test_silence_is_counted_from_the_first_ping(protocol: HubProtocol) -> None:
    connection = opened(protocol)
    said(connection, 1.0, Invocation(target="hello", arguments=()))
    assert connection.tick(1_000.0) == ()  # it has never pinged: let be

    said(connection, 1_001.0, Ping())
    said(connection, 1_020.0, Invocation(target="hello", arguments=()))
    connection.receive(b"\x7f", 1_040.0)  # no whole message
    connection.tick(1_040.0)
    connection.take()

    assert connection.due_at == 1_050.0
    assert connection.tick(1_049.9) == ()
    assert connection.tick(1_050.0) == (Ended(cause="silence"),)
    assert connection.take() == b""  # no Close: the client is to come back


def test_long_polling_keeps_itself_alive() -> None:
    connection = opened(transport=LONG_POLLING)
    said(connection, 1.0, Ping())

    assert connection.due_at is None
    assert (connection.tick(1_000.0), connection.take()) == ((), b"")


def test_a_clock_that_goes_back_stands() -> None:
    connection = opened(at=100.0)

    connection.send(b"event", 50.0)

    assert connection.due_at == 115.0


# ---- the end ----------------------------------------------------------------------------------


@BOTH
def test_a_close_of_the_client_is_quiet(protocol: HubProtocol) -> None:
    connection = opened(protocol)
    call = Invocation(target="hello", arguments=())

    assert said(connection, 1.0, call, Close(), call) == (call, Ended(cause="client"))
    assert connection.take() == b""


@BOTH
@pytest.mark.parametrize(
    "close", [Close(), Close(allow_reconnect=True), Close(error="no")], ids=["", "again", "error"]
)
def test_a_close_of_ours_comes_behind_what_was_said(protocol: HubProtocol, close: Close) -> None:
    connection = opened(protocol)
    event = protocol.encode(Invocation(target="Event", arguments=()))

    connection.send(event, 1.0)
    connection.close(2.0, error=close.error, allow_reconnect=close.allow_reconnect)

    assert connection.ended == Ended(cause="server", error=close.error)
    assert connection.take() == event + protocol.encode(close)


def test_a_close_before_the_handshake_cancels_it() -> None:
    connection = Connection(WEB_SOCKETS, 0.0)

    connection.close(1.0, allow_reconnect=True)

    assert connection.ended == Ended(cause="server", error="Handshake was canceled.")
    assert connection.take() == b'{"error":"Handshake was canceled."}\x1e'


def test_after_the_end_nothing_comes_and_nothing_goes() -> None:
    connection = opened()
    connection.close(1.0)
    connection.take()

    connection.close(2.0, error="again")

    assert connection.receive(b'{"type":6}\x1e{"type":1', 2.0) == ()
    assert connection.tick(1_000.0) == ()
    assert connection.send(b"late", 2.0) is False
    assert (connection.take(), connection.due_at, connection.kept_bytes) == (b"", None, 0)
    assert connection.ended == Ended(cause="server")


# ---- one writer, shared frames ----------------------------------------------------------------


@BOTH
def test_a_frame_is_encoded_once_and_shared(protocol: HubProtocol) -> None:
    connections = [opened(protocol) for _ in range(3)]
    frame = protocol.encode(Invocation(target="Event", arguments=({"a": 1},)))

    assert all(connection.send(frame, 1.0) for connection in connections)
    assert [connection.queued_bytes for connection in connections] == [len(frame)] * 3

    assert all(connection.take() is frame for connection in connections)
    assert [connection.queued_bytes for connection in connections] == [0] * 3


def test_all_that_goes_out_keeps_its_order() -> None:
    connection = Connection(WEB_SOCKETS, 0.0)
    connection.receive(request(JSON), 0.0)
    connection.send(b"1", 1.0)
    said(connection, 1.0, Invocation(target="Nope", arguments=(), invocation_id="0"))
    connection.send(b"2", 1.0)
    connection.close(1.0)

    unknown = b"""{"type":3,"invocationId":"0","error":"Unknown hub method 'Nope'"}\x1e"""
    assert connection.take() == b"{}\x1e1" + unknown + b'2{"type":7}\x1e'


# ---- whatever comes ---------------------------------------------------------------------------


@BOTH
@given(chunks=st.lists(st.binary(max_size=40), max_size=8), is_shaken=st.booleans())
def test_any_bytes_are_answered(
    protocol: HubProtocol, chunks: list[bytes], is_shaken: bool
) -> None:
    connection = opened(protocol) if is_shaken else Connection(WEB_SOCKETS, 0.0, METHODS)

    for at, chunk in enumerate(chunks):
        for happened in connection.receive(chunk, float(at)):
            assert isinstance(happened, Opened | Invocation | Ended)

    assert connection.kept_bytes <= 320


@BOTH
@given(cuts=st.lists(st.integers(0, 500), max_size=12))
def test_any_split_gives_the_same(protocol: HubProtocol, cuts: list[int]) -> None:
    calls = [
        Invocation(target=name, arguments=(name,), invocation_id=name)
        for name in ("hello", "Nope", "HELLO")
    ]
    messages: list[HubMessage] = [*calls, Ping(), Close()]
    stream = request(protocol) + b"".join(map(protocol.encode, messages))
    places = sorted({0, len(stream), *(cut % len(stream) for cut in cuts)})
    connection = Connection(WEB_SOCKETS, 0.0, METHODS)

    happened = [one for i, j in pairwise(places) for one in connection.receive(stream[i:j], 1.0)]

    wanted = [Opened(protocol=protocol), calls[0], calls[2], Ended(cause="client")]
    assert happened == wanted
