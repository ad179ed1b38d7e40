"""Negotiation and handshake: versions and protocols that clients ask for, answers to the byte."""

from __future__ import annotations

from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.signalr import LONG_POLLING, SERVER_SENT_EVENTS, TRANSPORTS, WEB_SOCKETS, Refused
from engine.signalr.handshake import SUCCEEDED, UNEXPECTED, agreed, failed
from engine.signalr.json_protocol import JSON
from engine.signalr.messagepack_protocol import MESSAGEPACK
from engine.signalr.negotiate import negotiated, not_negotiated, version_asked_for
from engine.signalr.protocol import HubProtocol

ANY: Final = WEB_SOCKETS.transfer_formats


@pytest.mark.parametrize("version", [-1, 0, 1, 2])
@pytest.mark.parametrize("protocol", [JSON, MESSAGEPACK], ids=lambda p: p.name)
def test_versions_up_to_two_are_accepted(protocol: HubProtocol, version: int) -> None:
    record = b'{"protocol":"%b","version":%d}' % (protocol.name.encode(), version)

    assert agreed(record, ANY) is protocol


@pytest.mark.parametrize(
    "record",
    [
        b'{"version": 1, "protocol": "json"}',
        b'{"protocol":"json","version":1,"extra":[{}]}',
        b'{"protocol":"JSON","version":1}',
    ],
)
def test_order_space_case_and_more_properties_do_not_matter(record: bytes) -> None:
    assert agreed(record, ANY) is JSON


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        (
            b'{"protocol":"xml","version":1}',
            b"""{"error":"The protocol 'xml' is not supported."}\x1e""",
        ),
        (
            b'{"protocol":"json","version":3}',
            b"""{"error":"The server does not support version 3 of the 'json' protocol."}\x1e""",
        ),
        (
            b'{"protocol":"xml","version":3}',
            b"""{"error":"The protocol 'xml' is not supported."}\x1e""",
        ),
    ],
)
def test_what_is_not_known_is_refused_by_name(record: bytes, answer: bytes) -> None:
    found = agreed(record, ANY)

    assert isinstance(found, Refused)
    assert failed(found) == answer


def test_a_binary_protocol_needs_a_binary_transport() -> None:
    record = b'{"protocol":"messagepack","version":1}'

    found = agreed(record, SERVER_SENT_EVENTS.transfer_formats)

    assert found == Refused(
        reason="Cannot use the 'messagepack' protocol on the current transport. "
        "The transport does not support 'Binary' transfer format."
    )
    assert agreed(record, LONG_POLLING.transfer_formats) is MESSAGEPACK


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"protocol":"\xff","version":1}',
        b"[" * 30_000,
        b'{"protocol":"json"}',
        b'{"version":1}',
        b'{"protocol":"json","version":"1"}',
        b'{"protocol":"json","version":true}',
        b'{"protocol":"json","version":1.5}',
        b'{"protocol":"json","version":2147483648}',
        b'{"protocol":null,"version":1}',
    ],
)
def test_what_is_no_request_is_refused(record: bytes) -> None:
    assert agreed(record, ANY) is UNEXPECTED
    assert failed(UNEXPECTED) == (
        b'{"error":"An unexpected error occurred during connection handshake."}\x1e'
    )


@given(record=st.binary(max_size=60))
def test_any_record_is_answered(record: bytes) -> None:
    assert isinstance(agreed(record, ANY), HubProtocol | Refused)


def test_success_is_an_empty_object() -> None:
    assert SUCCEEDED == b"{}\x1e"


# ---- negotiation ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "version"),
    [
        ([], 0),
        ([("id", "1")], 0),
        ([("negotiateVersion", "0")], 0),
        ([("negotiateVersion", "1")], 1),
        ([("NEGOTIATEVERSION", "1")], 1),
        ([("negotiateVersion", " +1 ")], 1),
        ([("negotiateVersion", "2")], 1),
        ([("negotiateVersion", "2147483647")], 1),
    ],
)
def test_the_version_is_what_was_asked_for_and_one_at_most(
    query: list[tuple[str, str]], version: int
) -> None:
    assert version_asked_for(query) == version


@pytest.mark.parametrize("value", ["", "x", "1.0", "0x1", "²", "2147483648", "9" * 5_000, "1,1"])
def test_a_version_that_is_no_integer_is_refused(value: str) -> None:
    found = version_asked_for([("negotiateVersion", value)])

    assert found == Refused(reason="The client requested a non-integer protocol version.")
    assert not_negotiated(found) == (
        b'{"error":"The client requested a non-integer protocol version."}'
    )


def test_a_version_twice_is_refused() -> None:
    assert isinstance(version_asked_for([("negotiateVersion", "1")] * 2), Refused)


def test_a_version_below_zero_is_refused() -> None:
    assert version_asked_for([("negotiateVersion", "-1")]) == Refused(
        reason="The client requested version '-1', but the server does not support this version."
    )


TOKEN: Final = "a-token"  # noqa: S105 - made up
OFFERED: Final = (
    b'"availableTransports":['
    b'{"transport":"WebSockets","transferFormats":["Text","Binary"]},'
    b'{"transport":"ServerSentEvents","transferFormats":["Text"]},'
    b'{"transport":"LongPolling","transferFormats":["Text","Binary"]}]}'
)


def test_version_one_has_an_id_and_a_token() -> None:
    body = negotiated(1, connection_id="an-id", connection_token=TOKEN)

    head = b'{"negotiateVersion":1,"connectionId":"an-id","connectionToken":"a-token",'
    assert body == head + OFFERED


def test_version_zero_has_an_id_alone() -> None:
    body = negotiated(0, connection_id="an-id", connection_token=TOKEN)

    assert body == b'{"negotiateVersion":0,"connectionId":"an-id",' + OFFERED


@pytest.mark.parametrize("transport", TRANSPORTS, ids=lambda t: t.name)
def test_only_served_transports_are_offered_and_no_stateful_reconnect(transport: object) -> None:
    served = [one for one in TRANSPORTS if one == transport]

    body = msgspec.json.decode(
        negotiated(1, connection_id="i", connection_token=TOKEN, served=served)
    )

    assert [one["transport"] for one in body["availableTransports"]] == [served[0].name]
    assert "useStatefulReconnect" not in body
