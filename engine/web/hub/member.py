"""One browser that listens: its connection, what it has been told, and what is still to be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from engine.realtime.channels import Told
from engine.realtime.events import ESTABLISHED
from engine.realtime.tokens import Listener
from engine.signalr import Connection, Invocation, Transport
from engine.signalr.transports import SEND_SECONDS, UNUSED_SECONDS, Known

SLOW_BYTES: Final = 100 * 1024
"""A reader that leaves so much unread is sent away; it catches up when it comes again (I3)."""
MOST_MESSAGES: Final = 20
"""A client that sends more in a second is sent away (I3)."""
Frames = Mapping[tuple[str, bool], bytes]
"""(protocol, whether its sequence stands behind it) -> an event as bytes, made once for all."""


class Member:
    """A connection and whose it is. Whoever has its socket waits until it is stirred, and takes.

    It has no timer of its own: the hub's tick does what is due for all, once a second.
    """

    def __init__(self, listener: Listener, after: int | None, at: float, *, is_ours: bool) -> None:
        """Begin as one that has negotiated, and no transport yet.

        Args:
            listener: What its token says.
            after: The sequence of the last event that it has seen; None: it has seen none.
            at: Now, in seconds that only grow.
            is_ours: It is our own script, which is told sequences.
        """
        self.listener: Final = listener
        self.origins: Final[set[str]] = set()  # of pages that its client's list has let in
        self.after: Final = after
        self.is_ours: Final = is_ours
        self.seen: int | None = None  # until it has joined its room
        self.writer: asyncio.Task[None] | None = None
        self.writes_since: float | None = None
        self.has_stalled = False
        self.stirred: Final = asyncio.Event()
        self.connection: Connection | None = None
        self.transport: Transport | None = None
        self.is_active = False
        self.idle_since = at
        self._second, self._messages = 0, 0
        self.has_left = False
        self._turn = 0

    @property
    def known(self) -> Known:
        """What a request that names it is judged by."""
        ending = self.connection is not None and self.connection.ended is not None
        return Known(transport=self.transport, is_active=self.is_active, is_ending=ending)

    def begin(self, transport: Transport, at: float) -> Connection:
        """Give it its transport; the second time it is the same one."""
        self.is_active = True
        if self.connection is None:
            self.transport = transport
            self.connection = Connection(transport, at, is_strict=True)
        return self.connection

    def rest(self, at: float) -> None:
        """Have no open request any more: between two polls, or for good."""
        self.is_active, self.idle_since = False, at

    def take_turn(self) -> int:
        """Be the newest poll; the one before is woken, to end."""
        self._turn += 1
        self.stirred.set()
        return self._turn

    def has_turn(self, turn: int) -> bool:
        """Whether a poll is still the newest."""
        return turn == self._turn

    def is_left(self, at: float) -> bool:
        """Whether nobody has come for it for too long."""
        return not self.is_active and at - self.idle_since >= UNUSED_SECONDS

    def tick(self, at: float) -> None:
        """Do what is due by now: ping or end; leave a socket that takes nothing."""
        due = None if self.connection is None else self.connection.due_at
        if self.connection is not None and due is not None and at >= due:
            self.connection.tick(at)
            self.stirred.set()
        is_late = self.writes_since is not None and at - self.writes_since >= SEND_SECONDS
        if is_late and self.writer is not None:
            self.has_stalled = True
            self.writer.cancel()

    async def until_stirred(self) -> None:
        """Wait for something to send, an end, or another poll; without a timer."""
        await self.stirred.wait()
        self.stirred.clear()

    def is_noisy(self, messages: int, at: float) -> bool:
        """Count what one chunk has brought, and say whether it was too much in this second.

        A chunk with no whole message in it counts as one: drops are work too.
        """
        if int(at) != self._second:
            self._second, self._messages = int(at), 0
        self._messages += max(messages, 1)
        return self._messages > MOST_MESSAGES

    def greet(self, at: float, after: int) -> None:
        """Say that the connection stands, before anything else.

        Our own script is told behind which event it listens: cut before the first one, it can say
        so, and misses none.
        """
        if self.connection is not None and self.connection.protocol is not None:
            known = (None, after) if self.is_ours else ()
            hello = Invocation(target=ESTABLISHED, arguments=known)
            self.connection.send(self.connection.protocol.encode(hello), at)
            self.stirred.set()

    def tell(self, event: Told, frames: dict[tuple[str, bool], bytes], at: float) -> None:
        """Send an event once, in its order; one that it has seen is not sent again.

        Args:
            event: The event.
            frames: Its bytes as far as they were made for others; missing ones are made.
            at: Now.
        """
        connection = self.connection
        if connection is None or connection.protocol is None or event.sequence <= (self.seen or 0):
            return
        self.seen = event.sequence
        key = (connection.protocol.name, self.is_ours)
        if key not in frames:
            more = (event.sequence,) if self.is_ours else ()
            frames[key] = b"".join(
                connection.protocol.encode(
                    Invocation(target=target, arguments=(event.payload, *more))
                )
                for target in event.targets
            )
        waits = connection.queued_bytes
        connection.send(frames[key], at)
        if event.closes:
            connection.close(at)
        elif waits and waits + len(frames[key]) > SLOW_BYTES:
            connection.close(at, error="too slow", allow_reconnect=True)
        self.stirred.set()
