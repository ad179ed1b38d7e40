"""Frames of the hub protocol, made worse and cut anywhere: a connection answers whatever comes.

What it keeps and says back is bounded; cut at each byte the same happens; what it says, it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from engine.signalr import PROTOCOLS, WEB_SOCKETS, Connection, Ended, Happened
from engine.signalr.framing import LONGEST_BYTES
from engine.signalr.messages import (
    Ack,
    CancelInvocation,
    Close,
    Completion,
    HubMessage,
    Invocation,
    Ping,
    SequenceMessage,
    StreamInvocation,
    StreamItem,
)
from tests.fuzzing.dice import Dice
from tests.fuzzing.noise import SIGNS, Noise, in_octets, octets, read_as
from tests.fuzzing.running import Case

MESSAGES: Final[Sequence[HubMessage]] = (
    Invocation(target="hello", arguments=({"a": [1, 1.5, None, True]}, "ä"), invocation_id="0"),
    Invocation(target="Nope", arguments=(), invocation_id="1", stream_ids=("2",)),
    Invocation(target="hello", arguments=("x" * 300,), headers={"a": "b"}),
    StreamItem(invocation_id="2", item={"deep": [[[[]]]]}),
    Completion(invocation_id="2", result=-(2**63)),
    Completion(invocation_id="2", error="no"),
    StreamInvocation(invocation_id="3", target="hello", arguments=(2**64 - 1,)),
    CancelInvocation(invocation_id="3"),
    Ping(),
    Close(error="bye", allow_reconnect=True),
    Ack(sequence_id=3),
    SequenceMessage(sequence_id=4),
)
PIECES: Final = tuple(
    read_as(piece)
    for piece in (
        b"\x1e", b"\x1e\x1e", b"{}", b"[", b"]", b'"', b"\\", b"\\u001e", b"\\ud800", b":", b",",
        b'"type":', b'"type":6', b'"invocationId":null', b'"result":1', b'"error":"x"', b"null",
        b"\x00", b"\x7f", b"\x80", b"\x81", b"\x8f", b"\x90", b"\x91", b"\x95", b"\x9f", b"\xa0",
        b"\xbf", b"\xc0", b"\xc1", b"\xc2", b"\xc4\xff", b"\xc6\xff\xff\xff\xff", b"\xc7\x0c\xff",
        b"\xca", b"\xcb\x7f\xf8", b"\xcf" + b"\xff" * 8, b"\xd3\x80", b"\xd4\x05x", b"\xd6\xff",
        b"\xd7\xff", b"\xdb\x7f", b"\xdc\x7f\xff", b"\xdd\xff\xff\xff\xff", b"\xde\x7f\xff",
        b"\xdf\xff\xff\xff\xff", b"\xff\xff\xff\xff\x07", b"\xff\xff\xff\xff\x0f", b"\x02\x91\x06",
    )
)  # fmt: skip
METHODS: Final = ("hello",)
MOST_SAID_FOR_A_BYTE: Final = 8
ROOM: Final = 1_024


class Frames:
    """Judges streams of bytes. `connection`: a test puts a wrong one in the place of ours."""

    name = "frames"
    planned = 500_000

    def __init__(self, connection: type[Connection] = Connection) -> None:
        self._connection = connection
        self._noise = {
            one.name: Noise(
                others=tuple(read_as(one.encode(message)) for message in MESSAGES),
                pieces=PIECES + in_octets(SIGNS),
                stretches=(2, 5, 70, 300, 40_000),
            )
            for one in PROTOCOLS.values()
        }

    def make(self, dice: Dice) -> Case:
        """Worsen some messages, now and then also the handshake before them.

        The first character says how long the pieces are.
        """
        protocol = dice.pick(tuple(PROTOCOLS.values()))
        noise = self._noise[protocol.name]
        text = "".join(dice.pick(noise.others) for _ in range(1 + dice.below(4)))
        shake = f'{{"protocol":"{protocol.name}","version":1}}\x1e'
        if dice.one_in(8):
            shake = noise.worsen(dice, shake)
        cut = dice.below(64)
        worse = noise.worsen(dice, text) if dice.below(8) else text
        return Case(protocol.name, f"{chr(cut)}{shake}{worse}")

    def judge(self, case: Case) -> str:
        """Feed it in pieces, and again in one: the same must happen, within bounds."""
        stream = octets(case.text[1:])
        step = ord(case.text[0]) + 1 if case.text else 1
        cuts = [*range(0, min(len(stream), step * 200), step), len(stream)]
        first, happened = self._fed([stream[i:j] for i, j in pairwise(cuts)])
        second, again = self._fed([stream])
        # by their words: a float that is no number is not like itself
        assert repr(happened) == repr(again), "another cut, another meaning"
        said = first.take()
        assert said == second.take(), "another cut, another answer"
        assert len(said) <= MOST_SAID_FOR_A_BYTE * len(stream) + ROOM, "it says too much"
        _read_back(first, said)
        return _answer(first)

    def _fed(self, chunks: Sequence[bytes]) -> tuple[Connection, list[Happened]]:
        connection, happened = self._connection(WEB_SOCKETS, 0.0, METHODS), list[Happened]()
        for chunk in chunks:
            happened += connection.receive(chunk, 1.0)
            assert connection.kept_bytes < LONGEST_BYTES, "it keeps too much"
        assert [one for one in happened if isinstance(one, Ended)] == (
            [] if connection.ended is None else [connection.ended]
        )
        return connection, happened


def _read_back(connection: Connection, said: bytes) -> None:
    """Read what the connection said, as a client would; nothing may be left over."""
    shake, separator, rest = said.partition(b"\x1e")
    protocol = connection.protocol
    if protocol is None:
        assert rest == b""
        return
    assert shake + separator == b"{}\x1e"
    frames = protocol.frames()
    frames.feed(rest)
    for payload in iter(frames.next, None):
        assert isinstance(payload, bytes), "it wrote what is no frame"
        message = protocol.decode(payload)
        assert isinstance(message, Completion | Close), message
    assert len(frames) == 0, "it wrote half a message"


def _answer(connection: Connection) -> str:
    if connection.ended is not None:
        return connection.ended.cause
    return "open" if connection.protocol is not None else "half a handshake"
