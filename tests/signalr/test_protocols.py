"""Both encodings: what clients send and expect, any split of a stream, any bytes whatever."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.signalr import Item
from engine.signalr.framing import LONGEST_BYTES, Frames, Lengths, Records, with_length
from engine.signalr.json_protocol import JSON
from engine.signalr.messagepack_protocol import MESSAGEPACK
from engine.signalr.messages import (
    DEEPEST,
    Ack,
    CancelInvocation,
    Close,
    Completion,
    Decoded,
    HubMessage,
    Invocation,
    Ping,
    Refused,
    SequenceMessage,
    StreamInvocation,
    StreamItem,
    Unknown,
)
from engine.signalr.protocol import HubProtocol

BOTH: Final = pytest.mark.parametrize("protocol", [JSON, MESSAGEPACK], ids=lambda p: p.name)
STRINGS: Final = st.text(max_size=8)
LEAVES: Final = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | STRINGS
)
ITEMS: Final = st.recursive(
    LEAVES, lambda i: st.lists(i, max_size=3) | st.dictionaries(STRINGS, i, max_size=3)
)
HEADERS: Final = st.dictionaries(STRINGS, STRINGS, max_size=2)
ARGUMENTS: Final = st.lists(ITEMS, max_size=3).map(tuple)
IDS: Final = st.lists(STRINGS, max_size=2).map(tuple)
MESSAGES: Final[st.SearchStrategy[HubMessage]] = st.one_of(
    st.builds(
        Invocation,
        target=STRINGS,
        arguments=ARGUMENTS,
        invocation_id=st.none() | STRINGS,
        stream_ids=IDS,
        headers=HEADERS,
    ),
    st.builds(StreamItem, invocation_id=STRINGS, item=ITEMS, headers=HEADERS),
    st.builds(Completion, invocation_id=STRINGS, headers=HEADERS),
    st.builds(Completion, invocation_id=STRINGS, result=ITEMS, headers=HEADERS),
    st.builds(Completion, invocation_id=STRINGS, error=STRINGS, headers=HEADERS),
    st.builds(
        StreamInvocation,
        invocation_id=STRINGS,
        target=STRINGS,
        arguments=ARGUMENTS,
        stream_ids=IDS,
        headers=HEADERS,
    ),
    st.builds(CancelInvocation, invocation_id=STRINGS, headers=HEADERS),
    st.just(Ping()),
    st.builds(Close, error=st.none() | STRINGS, allow_reconnect=st.booleans()),
    st.builds(Ack, sequence_id=st.integers(0, 2**53)),
    st.builds(SequenceMessage, sequence_id=st.integers(0, 2**53)),
)


def read(protocol: HubProtocol, *chunks: bytes) -> list[Decoded]:
    frames, found = protocol.frames(), list[Decoded]()
    for chunk in chunks:
        frames.feed(chunk)
        while (payload := frames.next()) is not None:
            found.append(payload if isinstance(payload, Refused) else protocol.decode(payload))
            if isinstance(payload, Refused):
                return found
    return found


def packed(*elements: object) -> bytes:
    return with_length(msgspec.msgpack.encode(elements))


# What @microsoft/signalr 10.0.11 and its MessagePack protocol of the same version wrote.
FROM_JAVASCRIPT: Final[list[tuple[HubMessage, str, str]]] = [
    (
        Invocation(target="Foo", arguments=(1, "zwölf", None, {"a": [True, 1.5]})),
        '{"type":1,"target":"Foo","arguments":[1,"zwölf",null,{"a":[true,1.5]}]}',
        "20950180c0a3466f6f9401a67a77c3b66c66c081a16192c3cb3ff8000000000000",
    ),
    (
        Invocation(target="Foo", arguments=(), invocation_id="0"),
        '{"type":1,"target":"Foo","arguments":[],"invocationId":"0"}',
        "0a950180a130a3466f6f90",
    ),
    (
        Invocation(target="Foo", arguments=(), invocation_id="1", stream_ids=("2",)),
        '{"type":1,"target":"Foo","arguments":[],"invocationId":"1","streamIds":["2"]}',
        "0d960180a131a3466f6f9091a132",
    ),
    (
        StreamItem(invocation_id="2", item={"a": 1}),
        '{"type":2,"invocationId":"2","item":{"a":1}}',
        "09940280a13281a16101",
    ),
    (Completion(invocation_id="2"), '{"type":3,"invocationId":"2"}', "06940380a13202"),
    (
        Completion(invocation_id="2", error="no"),
        '{"type":3,"invocationId":"2","error":"no"}',
        "09950380a13201a26e6f",
    ),
    (
        Completion(invocation_id="2", result=7),
        '{"type":3,"invocationId":"2","result":7}',
        "07950380a1320307",
    ),
    (
        StreamInvocation(invocation_id="3", target="Bar", arguments=(-1,)),
        '{"type":4,"target":"Bar","arguments":[-1],"invocationId":"3"}',
        "0b950480a133a342617291ff",
    ),
    (CancelInvocation(invocation_id="3"), '{"type":5,"invocationId":"3"}', "05930580a133"),
    (Ping(), '{"type":6}', "029106"),
    (Close(), '{"type":7}', "039207c0"),
    (Ack(sequence_id=3), '{"type":8,"sequenceId":3}', "03920803"),
    (SequenceMessage(sequence_id=4), '{"type":9,"sequenceId":4}', "03920904"),
]


@pytest.mark.parametrize(("message", "text", "octets"), FROM_JAVASCRIPT)
def test_what_the_javascript_client_writes_is_read(
    message: HubMessage, text: str, octets: str
) -> None:
    assert read(JSON, text.encode() + b"\x1e") == [message]
    assert read(MESSAGEPACK, bytes.fromhex(octets)) == [message]


def test_what_python_clients_write_is_read() -> None:
    # signalrcore 1.0.2, then pysignalr 1.3.3
    null_id = b'{"type": 1, "headers": {}, "target": "Foo", "arguments": [1], "invocationId": null}'
    empty_id = b'{"target": "Foo", "arguments": [1], "type": 1, "invocationId": ""}'
    streams = b"\x0c\x96\x01\x80\xc0\xa3Foo\x90\x91\xa14"
    close = b'{"error": null, "allow_reconnect": false, "type": 7}'
    sent = Invocation(target="Foo", arguments=(1,))

    assert JSON.decode(null_id) == sent
    assert JSON.decode(empty_id) == msgspec.structs.replace(sent, invocation_id="")
    assert read(MESSAGEPACK, b"\n\x95\x01\x80\xc0\xa3Foo\x91\x01") == [sent]
    assert read(MESSAGEPACK, streams) == [Invocation(target="Foo", arguments=(), stream_ids=("4",))]
    assert JSON.decode(close) == Close()


# What we write; the JavaScript client 10.0.11 parsed each of these to the message meant.
@pytest.mark.parametrize(
    ("message", "text", "octets"),
    [
        (
            Invocation(target="TransactionCreatedEvent", arguments=({"transaction_id": "x"},)),
            b'{"type":1,"target":"TransactionCreatedEvent","arguments":[{"transaction_id":"x"}]}',
            b"0\x96\x01\x80\xc0\xb7TransactionCreatedEvent\x91\x81\xaetransaction_id\xa1x\x90",
        ),
        (Ping(), b'{"type":6}', b"\x02\x91\x06"),
        (Close(), b'{"type":7}', b"\x04\x93\x07\xc0\xc2"),
        (
            Close(allow_reconnect=True),
            b'{"type":7,"allowReconnect":true}',
            b"\x04\x93\x07\xc0\xc3",
        ),
        (Close(error="x"), b'{"type":7,"error":"x"}', b"\x05\x93\x07\xa1x\xc2"),
        (
            Completion(invocation_id="1", error="e"),
            b'{"type":3,"invocationId":"1","error":"e"}',
            b"\x08\x95\x03\x80\xa11\x01\xa1e",
        ),
        (
            Completion(invocation_id="1", result=None),
            b'{"type":3,"invocationId":"1","result":null}',
            b"\x07\x95\x03\x80\xa11\x03\xc0",
        ),
        (
            StreamItem(invocation_id="1", item=None),
            b'{"type":2,"invocationId":"1","item":null}',
            b"\x06\x94\x02\x80\xa11\xc0",
        ),
    ],
)
def test_what_we_write_is_what_clients_expect(
    message: HubMessage, text: bytes, octets: bytes
) -> None:
    assert JSON.encode(message) == text + b"\x1e"
    assert MESSAGEPACK.encode(message) == octets


@BOTH
@given(message=MESSAGES)
def test_what_is_written_is_read_to_the_same(protocol: HubProtocol, message: HubMessage) -> None:
    assert read(protocol, protocol.encode(message)) == [message]


@given(message=MESSAGES)
def test_a_record_holds_one_separator_at_its_end(message: HubMessage) -> None:
    written = JSON.encode(message)

    assert written.index(b"\x1e") == len(written) - 1


@BOTH
@given(messages=st.lists(MESSAGES, max_size=6), cuts=st.lists(st.integers(0, 400), max_size=20))
def test_any_split_gives_the_same_messages(
    protocol: HubProtocol, messages: list[HubMessage], cuts: list[int]
) -> None:
    stream = b"".join(map(protocol.encode, messages))
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})

    chunks = [stream[begins:ends] for begins, ends in pairwise(places)]

    assert read(protocol, *chunks) == messages
    assert read(protocol, *(bytes([octet]) for octet in stream)) == messages


@BOTH
@given(octets=st.binary(max_size=200))
def test_any_bytes_are_answered(protocol: HubProtocol, octets: bytes) -> None:
    assert isinstance(protocol.decode(octets), HubMessage | Unknown | Refused)
    assert all(isinstance(one, HubMessage | Unknown | Refused) for one in read(protocol, octets))


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{}", "missing required field `type`"),
        (b'{"type":"1"}', "Expected `int` - at `$.type`"),
        (b'{"type":true}', "Expected `int` - at `$.type`"),
        (b'{"Type":6}', "missing required field `type`"),
        (b'{"type":1,"arguments":[]}', "missing required field `target`"),
        (b'{"type":1,"target":"x"}', "missing required field `arguments`"),
        (b'{"type":1,"target":"x","arguments":{}}', "Expected `array`, got `object`"),
        (b'{"type":1,"target":"x","arguments":[],"invocationId":1}', "at `$.invocationId`"),
        (b'{"type":1,"target":"x","arguments":[],"headers":{"a":1}}', "at `$.headers"),
        (b'{"type":2,"invocationId":"1"}', "missing required field `item`"),
        (b'{"type":3,"invocationId":"1","result":1,"error":"x"}', "not both"),
        (b'{"type":4,"target":"x","arguments":[]}', "missing required field `invocationId`"),
        (b'{"type":6}{"type":6}', "trailing characters"),
        (b'{"type":2,"invocationId":"1","item":"\xff"}', "not valid UTF-8"),
    ],
)
def test_a_record_that_is_no_message_is_refused(record: bytes, reason: str) -> None:
    found = JSON.decode(record)

    assert isinstance(found, Refused)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ((), "Expected `int`"),
        (("6",), "Expected `int`"),
        ((True,), "Expected `int`"),
        ((1,), "missing required field `target`"),
        ((1, None, None, "x", []), "at `$.headers`"),
        ((1, {}, None, "x"), "missing required field `arguments`"),
        ((2, {}, "1"), "missing required field `item`"),
        ((3, {}, "1"), "Expected `int`"),
        ((3, {}, "1", True), "Expected `int`"),
        ((3, {}, "1", 1), "of kind"),
        ((3, {}, "1", 1, None), "Expected `str`"),
        ((3, {}, "1", 3), "of kind"),
        ((3, {}, "1", 4, 0), "of kind"),
        ((4, {}, None, "x", []), "at `$.invocationId`"),
        ((2, {}, "1", {1: 2}), "keys are not all strings"),
        ((2, {}, "1", [msgspec.msgpack.Ext(5, b"x")]), "extension type"),
    ],
)
def test_an_array_that_is_no_message_is_refused(elements: tuple[object, ...], reason: str) -> None:
    found = MESSAGEPACK.decode(msgspec.msgpack.encode(elements))

    assert isinstance(found, Refused)
    assert reason in found.reason


@pytest.mark.parametrize("body", [b"", b"\x80", b"\x06", b"\xc1", b"\xdd\xff\xff\xff\xff", b"\x91"])
def test_a_body_that_is_no_array_is_refused(body: bytes) -> None:
    assert isinstance(MESSAGEPACK.decode(body), Refused)


def test_text_that_is_none_is_refused_in_messagepack() -> None:
    assert MESSAGEPACK.decode(b"\x94\x02\x80\xa11\xa1\xff") == Refused(
        reason="The message is not valid UTF-8."
    )


def test_longer_arrays_are_read_and_shorter_ones_where_fields_may_be_left_out() -> None:
    longer = packed(1, {}, None, "x", [], [], "to come", {1: 2})

    assert read(MESSAGEPACK, longer) == [Invocation(target="x", arguments=())]
    assert read(MESSAGEPACK, packed(6, 1)) == [Ping()]
    assert read(MESSAGEPACK, packed(3, {}, "1", 2, 0)) == [Completion(invocation_id="1")]
    assert read(MESSAGEPACK, packed(7, None, True, 0)) == [Close(allow_reconnect=True)]


def test_bytes_and_moments_are_carried() -> None:
    at = datetime(2026, 11, 27, tzinfo=UTC)
    message = StreamItem(invocation_id="1", item=[b"\x00\xff", at])

    assert read(MESSAGEPACK, MESSAGEPACK.encode(message)) == [message]
    assert b'["AP8=","2026-11-27T00:00:00Z"]' in JSON.encode(message)


def test_types_to_come_are_told_apart_from_broken_ones() -> None:
    assert JSON.decode(b'{"what":[1],"type":10}') == Unknown(type=10)
    assert read(MESSAGEPACK, packed(10, "what")) == [Unknown(type=10)]


def test_unknown_properties_are_ignored() -> None:
    assert JSON.decode(b'{"minorVersion":0,"type":6}') == Ping()


def nested(depth: int) -> Item:
    value: Item = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


@BOTH
def test_depth_is_bounded(protocol: HubProtocol) -> None:
    right = StreamItem(invocation_id="1", item=nested(DEEPEST))
    deeper = Completion(invocation_id="1", result=nested(DEEPEST + 1))
    call = Invocation(target="x", arguments=(nested(DEEPEST + 1),))

    assert read(protocol, protocol.encode(right)) == [right]
    for message in (deeper, call):
        assert read(protocol, protocol.encode(message)) == [
            Refused(reason="The message nests deeper than 64 levels.")
        ]


def test_depth_that_exhausts_a_stack_is_refused() -> None:
    deep = b'{"type":2,"invocationId":"1","item":' + b"[" * 30_000

    assert JSON.decode(deep) == Refused(reason="The message nests deeper than 64 levels.")
    assert MESSAGEPACK.decode(b"\x91" * 30_000) == JSON.decode(deep)


TOO_LONG: Final = Refused(reason="The maximum message size of 32768B was exceeded.")


@BOTH
def test_a_message_of_the_largest_size_is_read_and_a_longer_one_refused(
    protocol: HubProtocol,
) -> None:
    def sized(size: int) -> bytes:
        empty = len(protocol.encode(StreamItem(invocation_id="1", item="x" * 20_000))) - 20_000
        return protocol.encode(StreamItem(invocation_id="1", item="x" * (size - empty)))

    largest, longer = sized(LONGEST_BYTES), sized(LONGEST_BYTES + 1)

    assert (len(largest), len(longer)) == (32_768, 32_769)
    assert len(read(protocol, largest, largest)) == 2
    assert read(protocol, longer) == [TOO_LONG]
    assert read(protocol, *(bytes([octet]) for octet in longer)) == [TOO_LONG]


def test_a_long_message_is_refused_before_it_has_come() -> None:
    assert read(JSON, b"x" * 32_768) == [TOO_LONG]
    assert read(MESSAGEPACK, b"\x80\x80\x02") == [TOO_LONG]
    assert read(MESSAGEPACK, b"\xff\xff\xff\xff\x07") == [TOO_LONG]


def test_a_length_takes_five_bytes_at_most() -> None:
    assert read(MESSAGEPACK, b"\x82\x80\x80\x80\x00\x91\x06") == [Ping()]
    assert read(MESSAGEPACK, b"\x82\x80\x80\x80") == []
    assert read(MESSAGEPACK, b"\x82\x80\x80\x80\x80") == [
        Refused(reason="A length takes more than 5 bytes.")
    ]


@pytest.mark.parametrize(
    ("size", "prefix"),
    [(0, "00"), (127, "7f"), (128, "8001"), (4736, "8025"), (16384, "808001")],
)
def test_a_length_is_written_least_bits_first(size: int, prefix: str) -> None:
    assert with_length(b"x" * size) == bytes.fromhex(prefix) + b"x" * size


@pytest.mark.parametrize("frames", [Records(), Lengths()], ids=["records", "lengths"])
def test_what_is_no_whole_message_can_be_taken_back(frames: Frames) -> None:
    frames.feed(b"\x05ab")

    assert frames.next() is None
    assert (len(frames), frames.rest(), len(frames)) == (3, b"\x05ab", 0)


class Counting(bytearray):
    """Counts the bytes that are looked through."""

    looked = 0

    def find(self, wanted: object, begins: object = 0, ends: object = None) -> int:
        assert isinstance(wanted, bytes)
        assert isinstance(begins, int)
        self.looked += len(self) - begins
        return super().find(wanted, begins)


def test_a_record_is_searched_once() -> None:
    frames = Records()
    counting = frames._buffer = Counting()
    for _ in range(20_000):
        frames.feed(b"x")
        assert frames.next() is None
    frames.feed(b"\x1e")

    assert frames.next() == b"x" * 20_000
    assert counting.looked == 20_001


def test_a_completion_has_a_result_or_an_error() -> None:
    with pytest.raises(ValueError, match="not both"):
        Completion(invocation_id="1", result=None, error="e")


def test_json_is_what_any_reader_reads() -> None:
    message = Invocation(target="ä", arguments=("\x1e\u2028",))

    assert json.loads(JSON.encode(message)[:-1]) == {
        "type": 1,
        "target": "ä",
        "arguments": ["\x1e\u2028"],
    }
