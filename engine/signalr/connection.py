"""One connection without its socket: bytes and time in, hub messages and bytes out.

Whoever owns the socket feeds what comes in (`receive`), tells when time has passed (`tick`, due at
`due_at`), writes what `take` gives, and ends the transport once `ended` says so and nothing is left
to take. All that goes out stands in one queue, in the order in which it was said. Times are seconds
of any clock that goes forward; one that goes back is taken to stand.

Source: HubProtocol.md; times and texts as .NET's server has them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, assert_never

from msgspec import UNSET, UnsetType

from engine.signalr.framing import Frames, Records
from engine.signalr.handshake import CANCELED, SUCCEEDED, UNEXPECTED, agreed, failed
from engine.signalr.invoking import complaint
from engine.signalr.messages import (
    Ack,
    CancelInvocation,
    Close,
    Completion,
    Invocation,
    Item,
    Ping,
    Refused,
    SequenceMessage,
    StreamInvocation,
    StreamItem,
    Unknown,
)
from engine.signalr.protocol import HubProtocol
from engine.signalr.transports import Transport

HANDSHAKE_SECONDS: Final = 15.0
PING_SECONDS: Final = 15.0
"""Since something was last sent."""
SILENCE_SECONDS: Final = 30.0
"""Since a message last came, counted from the first ping: clients that send none are let be."""

Cause: TypeAlias = Literal["client", "server", "silence", "handshake", "malformed"]
"""Who or what ended it: a Close of either side, no sign of life, no handshake, a message none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The handshake is done: from here on frames of this protocol may be sent."""

    protocol: HubProtocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Nothing more comes or goes, but what is queued. `error`: what the client was told."""

    cause: Cause
    error: str | None = None


Happened: TypeAlias = Opened | Invocation | Ended
"""What its owner learns of: an invocation is of a method that this hub has, and wants no stream."""


class Connection:
    """One client's connection, from the first byte of its transport.

    Bounds: of what has come in at most one message is kept, 32 KiB; a chunk is read whole, so the
    transport says how long one may be. What goes out is not bounded here: `queued_bytes` tells.
    """

    __slots__ = (
        "_at",
        "_ended",
        "_frames",
        "_heard_at",
        "_is_strict",
        "_messages",
        "_methods",
        "_opened_at",
        "_protocol",
        "_queue",
        "_queued_bytes",
        "_sent_at",
        "_transport",
    )

    def __init__(
        self,
        transport: Transport,
        at: float,
        methods: Collection[str] = (),
        *,
        is_strict: bool = False,
    ) -> None:
        """Begin to wait for the handshake.

        Args:
            transport: What carries it.
            at: Now.
            methods: What clients may call, in lower case; callers may write them in any.
            is_strict: Who calls anything else has no business here: the connection ends.
        """
        self._transport: Final = transport
        self._methods: Final = methods
        self._is_strict: Final = is_strict
        self._at = self._opened_at = self._sent_at = at
        self._heard_at: float | None = None
        self._frames: Frames = Records()
        self._protocol: HubProtocol | None = None
        self._queue: list[bytes] = []
        self._queued_bytes = 0
        self._ended: Ended | None = None
        self._messages = 0

    @property
    def protocol(self) -> HubProtocol | None:
        """The protocol of its frames; None before the handshake."""
        return self._protocol

    @property
    def ended(self) -> Ended | None:
        """How it ended; None as long as it has not."""
        return self._ended

    @property
    def queued_bytes(self) -> int:
        """How much is to be written; what grows is a reader that is too slow."""
        return self._queued_bytes

    @property
    def messages(self) -> int:
        """How many messages have come, good or not."""
        return self._messages

    @property
    def kept_bytes(self) -> int:
        """How much has come in and is no whole message yet."""
        return len(self._frames)

    @property
    def due_at(self) -> float | None:
        """When `tick` has something to do, if nothing happens before; None: never."""
        if self._ended is not None:
            return None
        if self._protocol is None:
            return self._opened_at + HANDSHAKE_SECONDS
        if self._transport.keeps_alive:
            return None
        pings_at = self._sent_at + PING_SECONDS
        silent_at = None if self._heard_at is None else self._heard_at + SILENCE_SECONDS
        return pings_at if silent_at is None else min(pings_at, silent_at)

    # ---- in -----------------------------------------------------------------------------------

    def receive(self, chunk: bytes, at: float) -> tuple[Happened, ...]:
        """Take what the transport has brought, cut anywhere; give what has come of it, in order.

        Whatever the bytes are, nothing is raised: what is no message ends the connection.
        """
        if self._ended is not None:
            return ()
        self._passes(at)
        self._frames.feed(chunk)
        return tuple(self._read())

    def tick(self, at: float) -> tuple[Happened, ...]:
        """Do what is due by now: give up waiting for the handshake or the client, or ping."""
        self._passes(at)
        if self._ended is not None:
            return ()
        if self._protocol is None:
            is_late = self._at >= self._opened_at + HANDSHAKE_SECONDS
            return (self._not_agreed(CANCELED),) if is_late else ()
        if self._transport.keeps_alive:
            return ()
        if self._heard_at is not None and self._at >= self._heard_at + SILENCE_SECONDS:
            # No Close: a client whose machine has slept would stop for good over it, not reconnect.
            return (self._over(Ended(cause="silence")),)
        if self._at >= self._sent_at + PING_SECONDS:
            self._ping(self._protocol)
        return ()

    def _passes(self, at: float) -> None:
        self._at = max(self._at, at)

    def _ping(self, protocol: HubProtocol) -> None:
        """Ping, unless what is queued will be a sign of life once it is written."""
        self._sent_at = self._at
        if not self._queue:
            self._say(protocol.encode(Ping()))

    def _read(self) -> Iterator[Happened]:
        """Read message by message; after the end the frames are empty."""
        while (payload := self._frames.next()) is not None:
            self._messages += 1
            if self._protocol is None:
                yield self._shaken(payload)
            else:
                yield from self._heard(self._protocol, payload)

    def _shaken(self, record: bytes | Refused) -> Happened:
        """Answer the handshake; what came behind it is read as the protocol has it."""
        if isinstance(record, Refused):
            return self._not_agreed(UNEXPECTED)
        found = agreed(record, self._transport.transfer_formats)
        if isinstance(found, Refused):
            return self._not_agreed(found)
        rest, self._frames = self._frames.rest(), found.frames()
        self._frames.feed(rest)
        self._protocol = found
        self._say(SUCCEEDED)
        return Opened(protocol=found)

    def _heard(self, protocol: HubProtocol, payload: bytes | Refused) -> Iterator[Happened]:
        message = payload if isinstance(payload, Refused) else protocol.decode(payload)
        if self._heard_at is not None:
            self._heard_at = self._at
        match message:
            case Refused(reason=reason):
                self._say(protocol.encode(Close(error=reason)))
                yield self._over(Ended(cause="malformed", error=reason))
            case Close():
                yield self._over(Ended(cause="client"))
            case Ping():
                self._heard_at = self._at
            case Invocation() | StreamInvocation():
                yield from self._called(protocol, message)
            case StreamItem() | Completion() | CancelInvocation():
                pass  # of streams and results that nobody here has asked for
            case Ack() | SequenceMessage() | Unknown():
                pass  # of what was not granted, or is not known yet
            case _:
                assert_never(message)

    def _called(
        self, protocol: HubProtocol, call: Invocation | StreamInvocation
    ) -> Iterator[Happened]:
        error = complaint(call, self._methods)
        if isinstance(call, Invocation) and error is None:
            yield call
        elif call.invocation_id:
            self._say(protocol.encode(Completion(invocation_id=call.invocation_id, error=error)))
        if error is not None and self._is_strict:
            self._say(protocol.encode(Close(error=error)))
            yield self._over(Ended(cause="malformed", error=error))

    # ---- out ----------------------------------------------------------------------------------

    def send(self, frame: bytes, at: float) -> bool:
        """Queue a frame that this connection's protocol has encoded, once for all that get it.

        Returns:
            Whether it was taken: not before the handshake is done, nor after the end.
        """
        if self._protocol is None or self._ended is not None:
            return False
        self._passes(at)
        self._say(frame)
        return True

    def answer(
        self,
        call: Invocation,
        at: float,
        *,
        result: Item | UnsetType = UNSET,
        error: str | None = None,
    ) -> None:
        """Answer an invocation: with a result, an error, or that it is done.

        One that came without an id is never answered.
        """
        if self._protocol is not None and call.invocation_id:
            done = Completion(invocation_id=call.invocation_id, result=result, error=error)
            self.send(self._protocol.encode(done), at)

    def close(self, at: float, *, error: str | None = None, allow_reconnect: bool = False) -> None:
        """End the connection with a Close, behind all that is queued.

        Args:
            at: Now.
            error: What the client's `onclose` is told.
            allow_reconnect: Whether the client may come again; without, it stops for good.
        """
        if self._ended is not None:
            return
        self._passes(at)
        if self._protocol is None:
            self._say(failed(CANCELED))
            error = CANCELED.reason
        else:
            self._say(self._protocol.encode(Close(error=error, allow_reconnect=allow_reconnect)))
        self._over(Ended(cause="server", error=error))

    def take(self) -> bytes:
        """Give all that is to be written, in order; nothing of it is kept.

        It holds whole messages only, and must be written as one WebSocket message, event or poll
        body. A frame that stands alone is given as it was sent: the very same object.
        """
        queue, self._queue, self._queued_bytes = self._queue, [], 0
        return queue[0] if len(queue) == 1 else b"".join(queue)

    def _say(self, frame: bytes) -> None:
        self._queue.append(frame)
        self._queued_bytes += len(frame)
        self._sent_at = self._at

    def _not_agreed(self, refused: Refused) -> Ended:
        self._say(failed(refused))
        return self._over(Ended(cause="handshake", error=refused.reason))

    def _over(self, ended: Ended) -> Ended:
        self._frames = Records()
        self._ended = ended
        return ended
