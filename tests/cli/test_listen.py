"""Connections on loopback: how long the server waits for a head, and how much of one it takes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect as open_socket

from engine.app import Application
from engine.cli.serving.heads import HEAD_SECONDS, LONGEST_UNENDED_BYTES, Impatient
from engine.cli.serving.listen import Server, Surface, bound, config_of

HOST = "127.0.0.1"
HALF = b"GET /half HTTP/1.1\r\nHost: id.example\r\n"
WHOLE = HALF + b"\r\n"
BODY = b"POST / HTTP/1.1\r\nHost: id.example\r\nContent-Length: 2\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Open = Callable[[], Awaitable[Streams]]

pytestmark = pytest.mark.anyio


class Hasty(Impatient):
    """Waits for a head as long as a test may take."""

    head_seconds = 0.2


class Patient(Impatient):
    """Waits longer than any test."""

    head_seconds = 600


class House:
    """An application that has nothing but a surface."""

    def web(self, public_url: str) -> ASGIApp:
        """Greet whoever has said everything; say again what a socket says."""

        async def greet(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "websocket":
                socket = WebSocket(scope, receive, send)
                await socket.accept()
                await socket.send_text(await socket.receive_text())
                await socket.close()
                return
            await Request(scope, receive).body()
            await PlainTextResponse("here")(scope, receive, send)

        return greet


@asynccontextmanager
async def serving(protocol: type[Impatient], at_once: int = 100) -> AsyncIterator[Open]:
    """Serve on a free port; give how to connect."""
    taken = bound(HOST, 0)
    surface = Surface(
        socket=taken, public_url="http://127.0.0.1", tls=None, requests_at_once=at_once
    )
    ready = asyncio.Event()
    config = config_of(cast("Application", House()), surface, protocol)
    server = Server(config, ready.set, lambda: None)
    served = asyncio.create_task(server.serve([taken]))
    try:
        async with asyncio.timeout(30):
            await ready.wait()
            yield lambda: asyncio.open_connection(HOST, taken.getsockname()[1])
    finally:
        server.should_exit = True
        await served


async def until_hung_up(reader: asyncio.StreamReader) -> tuple[bytes, float]:
    """Read until the end; give what came, and how many seconds it took."""
    clock = asyncio.get_running_loop().time
    began, said = clock(), b""
    with suppress(ConnectionResetError):
        said = await reader.read()
    return said, clock() - began


async def silence(reader: asyncio.StreamReader) -> bytes:
    """Say nothing for longer than a head may take; give what came meanwhile."""
    with suppress(TimeoutError):
        async with asyncio.timeout(3 * Hasty.head_seconds):
            return await reader.read(1)
    assert not reader.at_eof()
    return b""


@pytest.mark.parametrize("sent", [b"", b"G", b"\r\n", HALF])
async def test_head_that_does_not_come_is_not_waited_for(sent: bytes) -> None:
    async with serving(Hasty) as connect:
        reader, writer = await connect()
        writer.write(sent)
        said, seconds = await until_hung_up(reader)
        writer.close()

    assert said == b""
    assert 0.1 < seconds < 10


async def test_drops_do_not_begin_the_time_anew() -> None:
    async with serving(Hasty) as connect:
        reader, writer = await connect()
        ended = asyncio.ensure_future(until_hung_up(reader))
        drops = 0
        while not ended.done() and drops < 1_000:
            writer.write(HALF[drops : drops + 1] if drops < len(HALF) else b"x")
            drops += 1
            await asyncio.wait([ended], timeout=0.05)
        writer.close()

    assert drops < 200


@pytest.mark.parametrize("begun", [b"G", b"\r\n", HALF])
async def test_further_head_that_does_not_come_is_not_waited_for(begun: bytes) -> None:
    async with serving(Hasty) as connect:
        reader, writer = await connect()
        writer.write(WHOLE)
        first = await reader.readuntil(b"here")
        writer.write(begun)
        said, seconds = await until_hung_up(reader)
        writer.close()

    assert first.startswith(b"HTTP/1.1 200")
    assert said == b""
    assert 0.1 < seconds < 10


async def test_bodies_and_pauses_between_requests_may_take_longer() -> None:
    async with serving(Hasty) as connect:
        reader, writer = await connect()
        writer.write(BODY)
        before_body = await silence(reader)
        writer.write(b"hi")
        first = await reader.readuntil(b"here")
        between = await silence(reader)
        writer.write(WHOLE)
        second = await reader.readuntil(b"here")
        writer.close()

    assert (before_body, between) == (b"", b"")
    assert (first[:12], second[:12]) == (b"HTTP/1.1 200", b"HTTP/1.1 200")


async def test_a_socket_may_be_silent_for_longer_than_a_head_may_take() -> None:
    async with serving(Hasty) as connect:
        _, writer = await connect()
        address = "ws://{}:{}".format(*writer.get_extra_info("peername"))
        async with open_socket(address) as socket:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.recv(), 3 * Hasty.head_seconds)
            await socket.send("still here")
            said = await socket.recv()
        writer.close()

    assert said == "still here"


async def test_idle_connections_keep_nobody_out_for_long() -> None:
    async with serving(Hasty, at_once=8) as connect:
        idle = [await connect() for _ in range(8)]
        await asyncio.gather(*(until_hung_up(reader) for reader, _ in idle))
        reader, writer = await connect()
        writer.write(WHOLE)
        answer = await reader.readuntil(b"\r\n")
        for _, each in (*idle, (reader, writer)):
            each.close()

    assert answer == b"HTTP/1.1 200 OK\r\n"


async def test_head_without_end_is_cut() -> None:
    async with serving(Patient) as connect:
        reader, writer = await connect()
        writer.write(HALF + b"X-Long: " + b"a" * (2 * LONGEST_UNENDED_BYTES))
        said, seconds = await until_hung_up(reader)
        writer.close()

    assert said == b""
    assert seconds < 20


def test_server_waits_ten_seconds_for_a_head() -> None:
    with bound(HOST, 0) as taken:
        surface = Surface(socket=taken, public_url="http://127.0.0.1", tls=None, requests_at_once=1)
        config = config_of(cast("Application", House()), surface)

    assert config.http is Impatient
    assert Impatient.head_seconds == HEAD_SECONDS == 10
