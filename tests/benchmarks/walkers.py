"""The load: many clients on kept connections, each following a script, for little CPU time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

import msgspec

Script = Generator[bytes, "Answer", None]
"""Gives the bytes of requests and takes what was answered; it may go on for ever."""

_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


class Shown(msgspec.Struct):
    """What a script needs to know of a screen; all else is not decoded."""

    revision: int
    stepKey: str | None = None  # noqa: N815 - as the API writes it
    status: str = ""
    sessionToken: str | None = None  # noqa: N815 - as the API writes it


_HOST: Final = b"{host}"
_shown: Final = msgspec.json.Decoder(Shown).decode


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    def shown(self) -> Shown:
        """Read a screen. Raises AssertionError for any status but 200."""
        assert self.status == 200, (self.status, self.body)
        return _shown(self.body)


def request(path: str, body: bytes = b"", bearer: str = "") -> bytes:
    """Write a POST; whoever sends it fills in the host."""
    head = f"POST {path} HTTP/1.1\r\nHost: {{host}}\r\nContent-Length: {len(body)}\r\n"
    if bearer:
        head += f"Authorization: Bearer {bearer}\r\n"
    if body:
        head += "Content-Type: application/json\r\n"
    return f"{head}\r\n".encode() + body


class Client(asyncio.Protocol):
    """One connection that follows one script, while the gate is open."""

    def __init__(self, script: Script, gate: Gate) -> None:
        self._script, self._gate = script, gate
        self._next = next(script)
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._host = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        address, port = transport.get_extra_info("peername")[:2]
        self._host = f"{address}:{port}".encode()

    def send(self) -> None:
        """Send the next request."""
        assert self._transport is not None
        self._gate.under_way += 1
        self._transport.write(self._next.replace(_HOST, self._host, 1))

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Take an answer once it is whole, and send what comes next."""
        received = self._received + data
        end = received.find(_END_OF_HEAD)
        if end < 0:
            self._received = received
            return
        head = received[:end].lower()
        start = head.index(_LENGTH) + len(_LENGTH)
        stop = head.find(b"\r\n", start)
        length = int(head[start : None if stop < 0 else stop])
        if len(received) < end + 4 + length:
            self._received = received
            return
        self._received = b""
        self._answered(Answer(int(head[9:12]), received[end + 4 :]))

    def _answered(self, answer: Answer) -> None:
        self._gate.under_way -= 1
        try:
            self._next = self._script.send(answer)
        except Exception as mistake:  # noqa: BLE001 - it is raised where the window is awaited
            self._gate.fail(mistake)
            return
        if self._gate.is_open:
            self.send()
        elif self._gate.under_way == 0:
            self._gate.idle.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so: a server that hangs up spoils the figure."""
        if not self._gate.is_done:
            self._gate.fail(exc or ConnectionResetError("the server hung up"))


class Gate:
    """Opens and closes for all clients of one server; counts what their scripts tell."""

    def __init__(self) -> None:
        self.is_open = self.is_done = False
        self.under_way = self.count = 0
        self.idle = asyncio.Event()
        self.mistake: BaseException | None = None

    def tell(self) -> None:
        """Count one thing done, if it was done inside the window."""
        if self.is_open:
            self.count += 1

    def fail(self, mistake: BaseException) -> None:
        """End the window: something went wrong."""
        self.mistake = self.mistake or mistake
        self.is_open = False
        self.idle.set()


class Crowd:
    """All clients of one server."""

    def __init__(self, gate: Gate, clients: Sequence[Client]) -> None:
        self._gate, self._clients = gate, clients

    async def walk(self, seconds: float) -> float:
        """Let them walk for so long; give what they did in a second. Nothing is under way after."""
        gate = self._gate
        gate.count, gate.is_open = 0, True
        gate.idle.clear()
        began = time.perf_counter()
        for client in self._clients:
            client.send()
        await asyncio.wait([asyncio.ensure_future(gate.idle.wait())], timeout=seconds)
        taken, done = time.perf_counter() - began, gate.count
        gate.is_open = False
        async with asyncio.timeout(30):
            await gate.idle.wait()
        if gate.mistake is not None:
            raise gate.mistake
        return done / taken

    def leave(self) -> None:
        """Hang up."""
        self._gate.is_done = True
        for client in self._clients:
            client.close()


def _given(client: Client) -> Client:
    return client


async def crowd(port: int, scripts: Sequence[Callable[[Gate], Script]]) -> Crowd:
    """Connect a client for each script."""
    loop, gate = asyncio.get_running_loop(), Gate()
    clients = []
    for script in scripts:
        client = Client(script(gate), gate)
        await loop.create_connection(partial(_given, client), "127.0.0.1", port)
        clients.append(client)
    return Crowd(gate, clients)
