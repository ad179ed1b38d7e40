"""A stream of bytes -> whole messages, however the stream was cut.

Sources: HubProtocol.md, "JSON Encoding" (a record ends in 0x1E) and "MessagePack Encoding" (a
VarInt says how long a body is). Work and memory grow with what comes in, also byte by byte.
"""

from __future__ import annotations

from typing import Final, Protocol

from engine.signalr.messages import Refused

SEPARATOR: Final = b"\x1e"
LONGEST_BYTES: Final = 32_768
"""Of one message with its separator or length, as .NET's MaximumReceiveMessageSize."""
MOST_LENGTH_BYTES: Final = 5


def too_long(longest: int) -> Refused:
    """Refuse a message in .NET's words."""
    return Refused(reason=f"The maximum message size of {longest}B was exceeded.")


class Frames(Protocol):
    """Takes bytes as they come, gives messages one by one.

    After `Refused` it must not be asked again: where the next message begins is not known.
    """

    def feed(self, chunk: bytes) -> None:
        """Take what has come in."""
        ...

    def next(self) -> bytes | Refused | None:
        """Give the next message without its frame; None where more bytes must come first."""
        ...

    def rest(self) -> bytes:
        """Give what has come in and is no whole message; nothing of it is kept."""
        ...

    def __len__(self) -> int:
        """Count the bytes that are kept."""
        ...


class Records:
    """Messages that end in a separator."""

    __slots__ = ("_buffer", "_longest", "_looked")

    def __init__(self, longest: int = LONGEST_BYTES) -> None:
        self._longest: Final = longest
        self._buffer = bytearray()
        self._looked = 0

    def feed(self, chunk: bytes) -> None:
        """Take what has come in."""
        self._buffer += chunk

    def next(self) -> bytes | Refused | None:
        """Give the next record without its separator; None where more bytes must come first."""
        ends = self._buffer.find(SEPARATOR, self._looked, self._longest)
        if ends < 0:
            self._looked = len(self._buffer)
            return too_long(self._longest) if self._looked >= self._longest else None
        record = bytes(self._buffer[:ends])
        del self._buffer[: ends + 1]
        self._looked = 0
        return record

    def rest(self) -> bytes:
        """Give what has come in and is no whole record; nothing of it is kept."""
        return _emptied(self._buffer)

    def __len__(self) -> int:
        return len(self._buffer)


class Lengths:
    """Messages that begin with their length: 7 bits a byte, least first, the eighth says more."""

    __slots__ = ("_buffer", "_longest")

    def __init__(self, longest: int = LONGEST_BYTES) -> None:
        self._longest: Final = longest
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Take what has come in."""
        self._buffer += chunk

    def next(self) -> bytes | Refused | None:
        """Give the next body; None where more bytes must come first."""
        size = 0
        for place, octet in enumerate(self._buffer[:MOST_LENGTH_BYTES]):
            size |= (octet & 0x7F) << (7 * place)
            if octet < 0x80:
                return self._body(place + 1, place + 1 + size)
        if len(self._buffer) < MOST_LENGTH_BYTES:
            return None
        return Refused(reason=f"A length takes more than {MOST_LENGTH_BYTES} bytes.")

    def _body(self, begins: int, ends: int) -> bytes | Refused | None:
        if ends > self._longest:
            return too_long(self._longest)
        if len(self._buffer) < ends:
            return None
        body = bytes(self._buffer[begins:ends])
        del self._buffer[:ends]
        return body

    def rest(self) -> bytes:
        """Give what has come in and is no whole message; nothing of it is kept."""
        return _emptied(self._buffer)

    def __len__(self) -> int:
        return len(self._buffer)


def with_length(body: bytes) -> bytes:
    """Write a body behind its length."""
    size, prefix = len(body), bytearray()
    while size > 0x7F:
        prefix.append(size & 0x7F | 0x80)
        size >>= 7
    prefix.append(size)
    return bytes(prefix) + body


def _emptied(buffer: bytearray) -> bytes:
    rest = bytes(buffer)
    buffer.clear()
    return rest
