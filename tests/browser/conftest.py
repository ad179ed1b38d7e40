"""A real browser before a real server: Chromium, uvicorn, the memory store, a clock we move."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
import uvicorn
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from engine.adapters.memory import MemoryStore
from engine.app import Application, wire
from engine.records.identity import User
from engine.settings import Settings
from engine.testing import CheapPool, FrozenClock, SeededChance, SeededVault
from engine.web import WebConfig
from tests.bench import Bench
from tests.web.agent import Agent
from tests.web.surface import Surface

T = TypeVar("T")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-quic", "--no-first-run",
]  # fmt: skip
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
REDIRECT = "http://127.0.0.1:9/back/"
LISTEN = """addEventListener('securitypolicyviolation',
    e => (window.__csp ??= []).push(e.violatedDirective))"""


@dataclass(slots=True, kw_only=True)
class Served:
    """A house behind a port of its own. `do` runs something inside its loop.

    `ines`: who has a passcode; `phone`: hers, once she has one.
    """

    base: str
    application: Application
    surface: Surface
    ines: User
    clock: FrozenClock
    loop: asyncio.AbstractEventLoop
    phone: Agent | None = None

    @property
    def house(self) -> Bench:
        """What is behind it."""
        return self.surface.bench

    def do(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run in the server's loop and give the result."""

        async def run() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(30)

    def link(self, **asked: object) -> str:
        """Make a link and give its address."""
        return f"{self.base}/web/trustweb?pt={self.do(lambda: self.house.link(**asked)).secret}"  # type: ignore[arg-type]  # fields of a request

    def wait(self, **length: float) -> None:
        """Let time pass in the house."""

        async def move() -> None:
            self.clock.move(timedelta(**length))

        self.do(move)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _prepared(application: Application, clock: FrozenClock) -> tuple[Bench, User]:
    vault, pool, chance = application.vault, application.pool, application.chance
    assert isinstance(vault, SeededVault)
    assert isinstance(pool, CheapPool)
    assert isinstance(chance, SeededChance)
    house = Bench(
        store=application.store, clock=clock, chance=chance, vault=vault, pool=pool,
        catalogue=application.catalogue, library=application.library, loop=application.loop,
        visits=application.visits, office=application.office,
        supervisor=application.supervisor, eraser=application.eraser,
    )  # fmt: skip
    await house.deploy()
    return house, await house.user()


@pytest.fixture
def served() -> Iterator[Served]:
    """A server for one test, ended with it."""
    clock, port = FrozenClock(), _free_port()
    settings = Settings(
        app_name="Farol Mutual", allowed_redirects=(REDIRECT,), source_failures_per_minute=1_000,
        source_failures_per_hour=10_000, help_url="https://farol.example/help",
        privacy_url="https://farol.example/privacy",
    )  # fmt: skip
    vault = SeededVault()
    application = wire(
        settings, MemoryStore(clock), clock,
        chance=SeededChance(), vault=vault, pool=CheapPool(vault),
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    app = application.web(base)
    config = uvicorn.Config(
        app,
        port=port,
        access_log=False,
        log_level="error",
        lifespan="off",
        ws="websockets-sansio",
    )
    server = uvicorn.Server(config)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(),), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    work = _prepared(application, clock)
    house, ines = asyncio.run_coroutine_threadsafe(work, loop).result(30)
    shown = WebConfig(app_name="Farol Mutual", public_url=base, secure_cookies=False)
    surface = Surface(bench=house, app=app, config=shown)
    yield Served(
        base=base, application=application, surface=surface, ines=ines, clock=clock, loop=loop
    )
    loop.call_soon_threadsafe(application.say_goodbye)
    server.should_exit = True
    thread.join(10)
    loop.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without one these tests are skipped, aloud.

    Ended with the module: while Playwright runs, no other test of this thread can run a loop.
    """
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(
            "no Chromium here: install Debian's package `chromium` to run the browser tests"
        )
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=[*FLAGS, *root])
        yield started
        started.close()


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody with a browser of their own. `pictures_in`: where to keep what they see, or None.

    `has_script`: without it nothing can look at their pages, for axe is a script.
    """

    served: Served
    context: BrowserContext
    page: Page
    name: str
    pictures_in: Path | None
    complaints: list[str] = field(default_factory=list)
    pictures: int = 0
    has_script: bool = True

    def opens(self, link: str) -> None:
        """Open a link and press Begin."""
        self.page.goto(link)
        self.looks()
        with self.page.expect_navigation():  # axe must not look at a page that is about to go
            self.page.locator("main button.button").click()
        self.looks()

    def answers(self, passcode: str) -> None:
        """Type a passcode and send it."""
        self.page.locator("#passcode").fill(passcode)
        self.page.locator("main .actions button.button").first.click()
        self.page.wait_for_load_state()

    def looks(self) -> None:
        """Let axe look, note CSP reports and sideways scrolling, take a picture if asked for."""
        if not self.has_script:
            return
        page = self.page
        page.evaluate(AXE_SCRIPT)
        found = page.evaluate("tags => axe.run(document, {runOnly: tags})", WCAG)
        self.complaints += [
            f"{v['id']}: {v['help']} {[node['html'] for node in v['nodes']]}"
            for v in found["violations"]
        ]
        self.complaints += page.evaluate("window.__csp ?? []")
        wider = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        self.complaints += ["scrolls sideways"] if wider else []
        if self.pictures_in is not None:
            self.pictures += 1
            path = self.pictures_in / f"{self.name}-{self.pictures}.png"
            page.screenshot(path=path, full_page=True)

    @property
    def title(self) -> str:
        """The page's heading."""
        return self.page.locator("h1").inner_text()


People = Callable[..., Person]


@pytest.fixture
def person(served: Served, browser: Browser, request: pytest.FixtureRequest) -> Iterator[People]:
    """Make somebody; at the end nobody may have had a page to complain about."""
    everybody: list[Person] = []
    pictures_in = request.config.getoption("pictures")

    def make(
        *, width: int = 1280, scheme: str = "light", script: bool = True, locale: str = "en-GB"
    ) -> Person:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]  # light or dark
            java_script_enabled=script,
            locale=locale,
        )
        context.set_default_timeout(10_000)
        context.add_init_script(LISTEN)
        one = Person(
            served=served, context=context, page=context.new_page(),
            name=request.node.name.replace("/", "-"), pictures_in=pictures_in, has_script=script,
        )  # fmt: skip

        def note(message: ConsoleMessage) -> None:
            if "Content Security Policy" in message.text or "integrity" in message.text:
                one.complaints.append(message.text)

        context.on("console", note)
        everybody.append(one)
        return one

    yield make
    complaints = [complaint for one in everybody for complaint in one.complaints]
    for one in everybody:
        one.context.close()
    assert complaints == []
