"""What cuts lines, a proxy that counts the server's bytes; and listeners that come again."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from shutil import copy, which
from typing import Any, Final, Literal, Protocol

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from engine.adapters.system import SystemClock
from tests.clients.conftest import HERE

LOOPBACK: Final = "127.0.0.1"
HANDSHAKE: Final = '{"protocol":"json","version":1}\x1e'
ESTABLISHED: Final = "ConnectionEstablished"
AGAIN: Final = timedelta(milliseconds=50)
"""How long a listener waits before it comes again: what `DELAYS` is in rtas-ui.js."""
PATIENCE: Final = 60
HEAD_END: Final = b"\r\n\r\n"
LINES: Final = (b"\r\nupgrade: websocket\r\n", b"\r\naccept: text/event-stream\r\n")
"""What a request that begins a line says."""
READ_BYTES: Final = 65_536
Heard = tuple[str, str, int | None]
"""An event as a listener has it: its target, who its payload says it is, its sequence."""


class Bell:
    """Rings whenever something has happened to one of many; whoever waits looks again."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Say that something is new."""
        self._rung.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until it is so."""
        while not is_so():
            self._rung.clear()
            await self._rung.wait()


# ---- the proxy --------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Left:
    """How many bytes are let through before the cut; None: all."""

    count: int | None = None


@dataclass(slots=True, kw_only=True)
class _Silence:
    """Whether nothing passes any more; `is_told`: a client is told when the server has gone."""

    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    is_told: bool = False


@dataclass(slots=True, kw_only=True)
class Cutter:
    """A proxy that cuts the first lines that come, each after so many bytes of the server.

    A line is a WebSocket or a stream of events; requests that are none are let through whole. With
    `of` HTTP they are what is cut: the server's bytes are counted over all connections, and the one
    that carries the last of them is cut.

    Attributes:
        port: The server's.
        cuts: After how many bytes the first line is cut, the second, and so on; 0: before the
            first byte.
        hushes: What would be cut falls silent instead.
        keeps_away: After the last cut nothing goes to the server until `gate` is opened.
        came: How many lines have come.
        made: How many were cut.
        silent: How many lines have fallen silent.
        let_go: How many of those the server has ended.
        record: What the server has said on the newest line, or over HTTP, as far as it was handed
            on.
    """

    port: int
    bell: Bell
    of: Literal["lines", "HTTP"] = "lines"
    cuts: tuple[int, ...] = ()
    hushes: bool = False
    keeps_away: bool = False
    came: int = 0
    made: int = 0
    silent: int = 0
    let_go: int = 0
    own_port: int = 0
    record: bytearray = field(default_factory=bytearray)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    _left: _Left = field(default_factory=_Left)
    _silence: _Silence = field(default_factory=_Silence)
    _lines: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def standing(self) -> AsyncIterator[Cutter]:
        """Listen at a port of its own, and end every line afterwards."""
        self.gate.set()
        server = await asyncio.start_server(self._begin, LOOPBACK, 0)
        self.own_port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for line in self._lines:
                line.cancel()
            await asyncio.gather(*self._lines, return_exceptions=True)

    def hush(self, *, is_told: bool = False) -> None:
        """Let nothing pass any more on all connections that stand, and close none.

        What the server says there is lost, also that it hangs up, unless that `is_told`. New
        connections are like any.
        """
        self._silence.is_told = is_told
        self._silence.has_begun.set()
        self._silence = _Silence()

    def _begin(self, inward: asyncio.StreamReader, outward: asyncio.StreamWriter) -> None:
        line = asyncio.create_task(self._carry(inward, outward, self._silence))
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def _carry(
        self, inward: asyncio.StreamReader, outward: asyncio.StreamWriter, silence: _Silence
    ) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                head = await inward.readuntil(HEAD_END)
                await self.gate.wait()
                from_server, to_server = await asyncio.open_connection(LOOPBACK, self.port)
                try:
                    to_server.write(self._named(head))
                    is_silent = await self._first(
                        self._up(inward, to_server),
                        self._down(from_server, outward, head),
                        silence.has_begun.wait(),
                    )
                    if is_silent:
                        self.silent += _is_line(head)
                        await _lose(from_server)
                        self.let_go += _is_line(head)
                        self.bell.ring()
                    if is_silent and not silence.is_told:
                        await asyncio.Event().wait()
                finally:
                    await _close(to_server)
        finally:
            await _close(outward)

    async def _first(self, *ways: Coroutine[Any, Any, bool]) -> bool:
        """Carry all ways until one ends; say whether what it ended with is silence."""
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        return True in ends

    async def _up(self, inward: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> bool:
        while chunk := await inward.read(READ_BYTES):
            await self.gate.wait()
            to_server.write(self._named(chunk))
            await to_server.drain()
        return False

    def _named(self, request: bytes) -> bytes:
        """Ask the server by its own name: it answers to no other."""
        own, server = (f"\r\nhost: {LOOPBACK}:{port}\r\n" for port in (self.own_port, self.port))
        at = request.lower().find(own.encode())
        return request if at < 0 else request[:at] + server.encode() + request[at + len(own) :]

    async def _down(
        self, from_server: asyncio.StreamReader, outward: asyncio.StreamWriter, head: bytes
    ) -> bool:
        is_meant = self.of == "HTTP" or _is_line(head)
        left, record = self._begun() if is_meant else (_Left(), bytearray())
        while chunk := await from_server.read(READ_BYTES):
            given = chunk[: left.count]
            record += given
            outward.write(given)
            await outward.drain()
            if left.count is not None:
                left.count -= len(given)
                if left.count == 0:
                    left.count = None  # other lines that share it go on
                    self._cut()
                    return self.hushes
        return False

    def _begun(self) -> tuple[_Left, bytearray]:
        """Give how much of a line is let through, and where it is written down."""
        self.came += 1
        if self.of == "lines" or self.came == 1:
            planned = self.cuts[self.came - 1 :]
            self._left = _Left(count=planned[0] if planned else None)
            self.record = bytearray()
        return self._left, self.record

    def _cut(self) -> None:
        self.made += 1
        if self.keeps_away and self.made == len(self.cuts):
            self.gate.clear()
        self.bell.ring()


def _is_line(head: bytes) -> bool:
    return any(mark in head.lower() for mark in LINES)


async def _lose(from_server: asyncio.StreamReader) -> None:
    """Lose what a server still says, until it hangs up."""
    with suppress(OSError):
        while await from_server.read(READ_BYTES):
            pass


async def _close(writer: asyncio.StreamWriter) -> None:
    """Hang up, behind what was written."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def boundaries(record: bytes) -> list[int]:
    """Give where the head of a server's answer ends, and each frame or chunk behind it."""
    at = record.index(HEAD_END) + len(HEAD_END)
    after = _after_frame if record.startswith(b"HTTP/1.1 101 ") else _after_chunk
    found = [at]
    while at < len(record):
        at = after(record, at)
        found.append(at)
    return found


def _after_frame(record: bytes, at: int) -> int:
    """Give where a WebSocket's frame ends (RFC 6455 5.2); a server's are not masked."""
    length = record[at + 1]
    return at + (2 + length if length < 126 else 4 + int.from_bytes(record[at + 2 : at + 4]))


def _after_chunk(record: bytes, at: int) -> int:
    """Give where a chunk of a stream ends (RFC 9112 7.1)."""
    size = record[at : record.index(b"\r\n", at)]
    return at + len(size) + 2 + int(size, 16) + 2


# ---- who listens ------------------------------------------------------------------------------


class Ear(Protocol):
    """Somebody who listens, in whatever program.

    Attributes:
        heard: Every event that came, as often as it came.
        greetings: How often it was told that its connection stands.
        is_over: It was sent away for good.
    """

    heard: list[Heard]
    greetings: int
    is_over: bool


@dataclass(slots=True, kw_only=True)
class Listener:
    """A listener that does as rtas-ui.js: says what it has seen last, comes again after each cut.

    It throws nothing away: what the server says twice stands twice in `heard`. One that is not
    `is_ours` says nothing of what it has seen, as programs of others do. With `beat` it asks for a
    sign of life so often, in seconds, and leaves a line that gives none; it says nothing to the
    hub itself.
    """

    port: int
    token: str
    bell: Bell
    is_ours: bool = True
    heard: list[Heard] = field(default_factory=list)
    greetings: int = 0
    is_over: bool = False
    beat: float | None = None
    lines: int = 0
    seen: int | None = None

    async def listen(self) -> None:
        """Listen until sent away for good."""
        while not self.is_over:
            with suppress(OSError, EOFError, WebSocketException):
                await self._line()
            if self.lines > 1:  # the first return is at once
                await SystemClock().sleep(AGAIN)

    async def _line(self) -> None:
        self.lines += 1
        after = f"&after={'' if self.seen is None else self.seen}" if self.is_ours else ""
        place = f"ws://{LOOPBACK}:{self.port}/rtas?access_token={self.token}{after}"
        async with connect(
            place, proxy=None, compression=None, open_timeout=None,
            ping_interval=self.beat, ping_timeout=self.beat, close_timeout=self.beat or 10,
        ) as line:  # fmt: skip
            await line.send(HANDSHAKE)
            async for text in line:
                for record in str(text).split("\x1e")[:-1]:
                    self._take(json.loads(record))

    def _take(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == 1 and message["target"] == ESTABLISHED:
            self.greetings += 1
        elif kind == 1:
            payload, *more = message["arguments"]
            self.seen = more[0] if more else None
            self.heard.append((message["target"], payload.get("application_name", ""), self.seen))
        elif kind == 7:
            self.is_over = not message.get("allowReconnect", False)
        self.bell.ring()


@asynccontextmanager
async def listening(ears: Sequence[Listener]) -> AsyncIterator[None]:
    """Let them listen, each until it is sent away for good."""
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        for one in ears:
            group.create_task(one.listen())
        yield


def have_heard(ears: Iterable[Ear], least: int) -> bool:
    """Whether each has heard so many different events."""
    return all(len(set(one.heard)) >= least for one in ears)


@dataclass(slots=True, kw_only=True)
class NodeEar:
    """One of the listeners of a Node process.

    Attributes:
        shown: What the page's own callbacks were called with: state and who the payload is.
        is_over: It listens no more, sent away or lost.
        errors: What the page was told has gone wrong.
    """

    heard: list[Heard] = field(default_factory=list)
    greetings: int = 0
    is_over: bool = False
    shown: list[tuple[str, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def take(self, said: dict[str, Any]) -> None:
        """Take a line of `cut.mjs`."""
        match said["what"]:
            case "heard" if said["target"] == ESTABLISHED:
                self.greetings += 1
            case "heard":
                payload, *more = said["given"]
                sequence = more[0] if more else None
                self.heard.append((said["target"], payload["application_name"], sequence))
            case "shown":
                self.shown.append((said["state"], said["name"]))
            case "closed":
                self.is_over = True
            case what:
                self.is_over = what == "lost"
                self.errors.append(f"{what}: {said['error']}")


@asynccontextmanager
async def in_node(
    folder: Path, told: Mapping[str, Any], ears: Sequence[NodeEar], bell: Bell
) -> AsyncIterator[None]:
    """Run `cut.mjs` in a folder of official clients, and end it afterwards.

    Args:
        folder: Where packages are installed; the program is copied to it.
        told: What it is to do: `listeners` (client, transport, url, token) in the order of `ears`,
            and what those clients need.
        ears: Who takes what each listener says.
        bell: Rung for each line.
    """
    copy(HERE / "cut.mjs", folder)
    process = await asyncio.create_subprocess_exec(
        str(which("node")), "cut.mjs", cwd=folder, stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(told).encode() + b"\n")
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            reading = group.create_task(_read(process.stdout, ears, bell))
            yield
            reading.cancel()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def _read(lines: asyncio.StreamReader, ears: Sequence[NodeEar], bell: Bell) -> None:
    async for line in lines:
        said = json.loads(line)
        ears[said["who"]].take(said)
        bell.ring()
    raise AssertionError("the clients' program has ended")
