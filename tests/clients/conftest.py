"""A real server before real clients: uvicorn, the memory store, an application server."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copy, which
from typing import Any, TypeVar

import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright

from engine.access.rtas_clients import MintedClient, add_client
from engine.adapters.memory import MemoryStore
from engine.adapters.system import SystemChance, SystemClock
from engine.app import Application, wire
from engine.cli.serving.listen import Surface as Shown
from engine.cli.serving.listen import config_of
from engine.model.names import MAIN_TENANT
from engine.ports.actor import Actor
from engine.run.unit import Unit
from engine.settings import Settings
from engine.testing import CheapPool, SeededVault
from engine.web.hub.hub import Hub as Members

HERE = Path(__file__).parent / "node"
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Publisher:
    """The application server that publishes at a server."""

    base: str
    token: str = ""

    def log_in(self, made: MintedClient) -> None:
        """Become a client of the server."""
        said = {"client_id": made.client.name, "client_secret": made.secret}
        self.token = self.post("/rtas/v1/login", said)["token"]

    def post(self, target: str, said: object) -> Any:
        """Call RTAS as an application server does; raises for what is refused."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        asked = urllib.request.Request(  # noqa: S310 - our own server on loopback
            f"{self.base}{target}", json.dumps(said).encode(), headers
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - as above
            body = answer.read()
        return json.loads(body) if body else None

    def end_user_token(self, unique_id: str, user_id: str = "john.doe") -> str:
        """Make a token for whoever listens to a registration."""
        said = {"user_id": user_id, "unique_id": unique_id}
        return str(self.post("/rtas/v2/end-user/registration/token", said)["token"])

    def tell(self, said: Any, unique_id: str, **more: object) -> None:
        """Publish what became of a registration."""
        whole = {**said, "unique_id": unique_id, **more}
        self.post("/rtas/v3/registration/callback", whole)


@dataclass(slots=True, kw_only=True)
class Hub(Publisher):
    """A server that runs in this process.

    `trusted`: a port of this machine that it may call back.
    """

    trusted: int
    loop: asyncio.AbstractEventLoop
    application: Application

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run in the server's loop and give the result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def client(self, name: str, *origins: str) -> MintedClient:
        """Add a client."""
        return self.run(minted(self.application, name, *origins))

    def send_away(self) -> None:
        """Cut every line, and let them come again: the server itself goes on."""

        async def goodbye() -> None:
            for end in self.application.on_ending:
                members = getattr(end, "__self__", None)
                if isinstance(members, Members):
                    members.send_away()

        self.run(goodbye())


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    """A server for the tests of a file, ended with them."""
    vault, clock = SeededVault(), SystemClock()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        trusted = int(probe.getsockname()[1])
    settings = Settings(http_trusted=(f"127.0.0.1:{trusted}",), listeners_at_once=4_000)
    application = wire(
        settings, MemoryStore(clock), clock,
        chance=SystemChance(), vault=vault, pool=CheapPool(vault),
    )  # fmt: skip
    taken = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{taken.getsockname()[1]}"
    shown = Shown(socket=taken, public_url=base, tls=None, requests_at_once=1_000)
    server = uvicorn.Server(config_of(application, shown))
    loop = asyncio.new_event_loop()
    serving = server.serve(sockets=[taken])
    thread = threading.Thread(target=loop.run_until_complete, args=(serving,), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    house = Hub(base=base, trusted=trusted, loop=loop, application=application)
    outbox = asyncio.run_coroutine_threadsafe(application.outbox.run(), loop)
    house.log_in(house.client("bank-app", "null"))
    yield house
    outbox.cancel()
    loop.call_soon_threadsafe(application.say_goodbye)
    server.should_exit = True
    thread.join(20)
    loop.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, ended with the module: meanwhile no other loop runs in this thread."""
    found = which("chromium")
    if found is None:
        pytest.skip("no Chromium here: install Debian's package `chromium`")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=root)
        yield started
        started.close()


async def minted(application: Application, name: str, *origins: str) -> MintedClient:
    """Add a client to a program's store."""
    store = application.store
    unit = Unit(store, MAIN_TENANT)
    actor = Actor(name="test", at=await store.now(), chance=application.chance)
    made = await add_client(unit, actor, name, origins=origins)
    assert isinstance(made, MintedClient)
    await store.write(MAIN_TENANT, unit.staged())
    return made


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The official clients, installed for this run; without Node they are skipped, aloud."""
    if which("npm") is None:
        pytest.skip("Node and npm are not here: the official clients are not tried")
    place = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", "listen.mjs"):
        copy(HERE / name, place / name)
    subprocess.run(
        [str(which("npm")), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
        cwd=place, check=True, timeout=300,
    )  # fmt: skip
    return place
