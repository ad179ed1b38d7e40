"""Servers that tests begin and end."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from engine.access.rtas_clients import MintedClient
from engine.adapters.system import SystemClock
from engine.app import Application, open_application
from engine.cli.serving.listen import Server, Surface, bound, config_of
from engine.settings import Settings
from tests.cli.shell import Started, started
from tests.clients.conftest import Hub, Publisher, minted
from tests.clients.cutting import LOOPBACK
from tests.hurrying import hasty_loop

LISTENERS: Final = 4_000
"""A tenth of them is more than any one channel here has, also while old lines are still ending."""


class _Server(Server):
    """The server of `trustflow serve`, but for its signals, which want the main thread."""

    application: Application

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the test's own thread."""
        yield


def _say_nothing() -> None:
    """Just hang up."""


def _run(serving: Coroutine[None, None, None], *, hurries: bool) -> None:
    with asyncio.Runner(loop_factory=hasty_loop if hurries else None) as runner:
        runner.run(serving)


@asynccontextmanager
async def standing(
    folder: Path,
    port: int = 0,
    *,
    is_polite: bool = True,
    hurries: bool = False,
    most: int = LISTENERS,
) -> AsyncIterator[Hub]:
    """Serve a data folder in a thread; the rows in it outlive the server.

    Args:
        folder: Made with keys and database if it is not there.
        port: 0: any free one.
        is_polite: At the end the hub lets everybody go, as in `trustflow serve`; else the server
            just hangs up.
        hurries: Its time passes `FASTER`.
        most: How many may listen at once.
    """
    taken = bound(LOOPBACK, port)
    base = f"http://{LOOPBACK}:{taken.getsockname()[1]}"
    begun: Future[tuple[_Server, asyncio.AbstractEventLoop]] = Future()
    settings = Settings(data=folder, listeners_at_once=most)
    serving = _serve(settings, taken, base, begun, is_polite=is_polite)
    work = asyncio.create_task(asyncio.to_thread(_run, serving, hurries=hurries))
    ready = asyncio.wrap_future(begun)
    await asyncio.wait((ready, work), return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        await work  # it could not begin, and says why
    server, loop = await ready
    try:
        while not server.started and not work.done():
            await SystemClock().sleep(timedelta(milliseconds=5))
        # Nobody is called back: no port is trusted.
        yield Hub(base=base, trusted=0, loop=loop, application=server.application)
    finally:
        server.should_exit = True
        await work


async def _serve(
    settings: Settings,
    taken: socket.socket,
    base: str,
    begun: Future[tuple[_Server, asyncio.AbstractEventLoop]],
    *,
    is_polite: bool,
) -> None:
    at_once = settings.requests_at_once + settings.listeners_at_once  # as `trustflow serve` counts
    application = await open_application(settings)
    shown = Surface(socket=taken, public_url=base, tls=None, requests_at_once=at_once)
    goodbye = application.say_goodbye if is_polite else _say_nothing
    server = _Server(config_of(application, shown), _say_nothing, goodbye)
    server.application = application
    begun.set_result((server, asyncio.get_running_loop()))
    try:
        await server.serve(sockets=[taken])
    finally:
        await application.close()


async def enrolled(folder: Path) -> MintedClient:
    """Begin a data folder, with one client in it."""
    application = await open_application(Settings(data=folder))
    try:
        return await minted(application, "bank-app", "null")
    finally:
        await application.close()


@asynccontextmanager
async def killed(folder: Path, port: int = 0) -> AsyncIterator[Publisher]:
    """Serve a data folder as `trustflow serve` does, in a process that is killed in the end."""
    with started("serve", "--data", folder, "--port", str(port)) as server:
        base = await asyncio.to_thread(_address, server)
        try:
            yield Publisher(base=base)
        finally:
            server.process.kill()
            assert server.process.wait() == -signal.SIGKILL, "it has ended by itself"


def _address(server: Started) -> str:
    assert server.process.stderr is not None
    for line in server.process.stderr:
        said = json.loads(line)
        if said["event"] == "ready":
            return str(said["url"])
    raise AssertionError("the server has ended before it was ready")
