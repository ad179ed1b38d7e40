"""Two machines on one PostgreSQL database: each a `serve` of its own, with its copy of the keys.

Browsers, phones and application servers of other tests speak to them as to a surface without a
network: what they ask is handed on to the process that is meant.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from engine.adapters.address import Address
from engine.app import KEYS, open_application
from engine.ports.outside import Vault
from engine.settings import Settings
from engine.testing import CheapPool, FrozenClock
from engine.web import WebConfig
from tests.bench import Bench, bench
from tests.cli.shell import Started, ended, started, surroundings
from tests.postgres import a_database
from tests.web.surface import ORIGIN, Surface

HOST: Final = "127.0.0.1"
PATIENCE: Final = 60


@dataclass(slots=True, kw_only=True)
class Machine:
    """One `serve`, its data folder, and the surface that it shows."""

    data: Path
    address: Address
    port: int
    surface: Surface
    stack: ExitStack
    running: Started

    def kill(self) -> None:
        """End it as a power cut does."""
        self.running.process.send_signal(signal.SIGKILL)
        self.running.process.wait(PATIENCE)

    async def begin_again(self) -> None:
        """Kill it, unless it was, and serve the same folder at the same port."""
        self.kill()
        self.running = _begun(self.stack, self.data, self.address, self.port)
        await asyncio.to_thread(_wait_for, self.running)

    async def command(self, *words: str) -> None:
        """Run a command on this machine; it must succeed."""
        code, said = await asyncio.to_thread(
            ended, *words, "--data", self.data, env=_environment(self.address)
        )
        assert code == 0, said


@dataclass(slots=True, kw_only=True)
class Pair:
    """Two machines, and the house that they share, as this process sees it."""

    a: Machine
    b: Machine
    bench: Bench
    vault: Vault


@asynccontextmanager
async def two_machines(folder: Path) -> AsyncIterator[Pair]:
    """Begin a database with its keys, and two machines that serve it under one address."""
    async with a_database() as address:
        one, two = folder / "a", folder / "b"
        own = await open_application(Settings(data=one, database=address))
        try:
            copytree(one / KEYS, two / KEYS)
            inside = bench(own.store, FrozenClock(), pool=CheapPool(own.vault))
            with ExitStack() as stack:
                a, b = [_machine(stack, data, address, inside) for data in (one, two)]
                for each in (a, b):
                    await asyncio.to_thread(_wait_for, each.running)
                yield Pair(a=a, b=b, bench=inside, vault=own.vault)
        finally:
            await own.close()


def _machine(stack: ExitStack, data: Path, address: Address, inside: Bench) -> Machine:
    with socket.create_server((HOST, 0)) as probe:
        port = int(probe.getsockname()[1])
    config = WebConfig(app_name="Farol Mutual", public_url=ORIGIN, secure_cookies=True)
    shown = Surface(bench=inside, app=handed_to(port), config=config)
    running = _begun(stack, data, address, port)
    return Machine(
        data=data, address=address, port=port, surface=shown, stack=stack, running=running
    )


def _begun(stack: ExitStack, data: Path, address: Address, port: int) -> Started:
    words = ("serve", "--data", data, "--port", str(port), "--public-url", ORIGIN)
    return stack.enter_context(started(*words, env=_environment(address)))


def _wait_for(server: Started) -> None:
    """Wait until it answers; what it logs before is read."""
    assert server.process.stderr is not None
    for line in iter(server.process.stderr.readline, ""):
        if '"ready"' in line:
            return
    message = "a server ended before it was ready"
    raise AssertionError(message)


def _environment(address: Address) -> dict[str, str]:
    return surroundings(TRUSTFLOW_DATABASE=address.whole)


def handed_to(port: int) -> ASGIApp:
    """Give an application that hands each request on to a server of this machine."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            writer.write(_written(scope, body))
            async with asyncio.timeout(PATIENCE):
                answer = await reader.read()
        finally:
            writer.close()
        head, _, rest = answer.partition(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")
        headers = [tuple(line.split(b": ", 1)) for line in lines]
        begun = {"type": "http.response.start", "status": int(status.split()[1])}
        await send({**begun, "headers": headers})
        await send({"type": "http.response.body", "body": rest})

    return app


def _written(scope: Scope, body: bytes) -> bytes:
    """Write a request as it is sent, on a connection of its own."""
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    lines = [scope["method"].encode() + b" " + target + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in scope["headers"]]
    lines += [b"Connection: close", b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", b""]) + body
