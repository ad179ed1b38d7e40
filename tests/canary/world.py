"""A house whose every sink is collected: answers, logs, streams, temporary and database files."""

from __future__ import annotations

import asyncio
import io
import logging
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from engine.adapters.sqlite import SqliteStore
from engine.logs import JsonLines
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT
from engine.ports.outside import Probe
from engine.ports.store import InstanceQuery
from engine.run.catalogue import Catalogue
from engine.testing import FrozenClock
from engine.web import WebConfig, build_web
from tests.bench import bench
from tests.web.app import App
from tests.web.surface import ORIGIN, Answer, Browser, Surface, journeys_of

RIGHT = 'Kanari "Zaunkönig" & <vogel> 7+7=14 / schön'
WRONG = 'Spatz "Grünfink" & <vogel> 8+8=16 / schön'
FRESH = 'Amsel "Rotkehlchen" & <vogel> 9+9=18 / schön'
OTHER = 'Meise "Buchfink" & <vogel> 6+6=12 / schön'
SECRETS = (RIGHT, WRONG, FRESH, OTHER)
NEWCOMER = "rui.costa"
"""A user without a passcode."""
FIRST = ("passcode-authentication", "passcode-registration", "passcode-renewal")
"""What stories of their own are told of."""


@dataclass(slots=True, kw_only=True)
class World:
    """One house and all that comes out of it."""

    surface: Surface
    folder: Path
    log: io.StringIO
    streams: io.StringIO
    answers: list[Answer] = field(default_factory=list)
    is_answering: bool = False

    @property
    def store(self) -> SqliteStore:
        """The store under it."""
        store = self.surface.bench.store
        assert isinstance(store, SqliteStore)
        return store

    async def walk(self) -> None:
        """Go the whole way: too long, wrong, right; every answer is kept."""
        browser = self.surface.browser()
        step = await self.kept(browser, browser.begin((await self.surface.bench.link()).secret))
        for passcode in (RIGHT * 9, WRONG, RIGHT):
            if b"_token" not in step.body:  # the journey stopped: somebody broke it
                return
            await self.kept(browser, browser.answer(step, passcode=passcode))
            page = self.answers[-1]
            if page.status == 303:
                step = await self.kept(browser, browser.follow(page))

    async def walk_by_api(self) -> None:
        """Go the whole way as an app does: unread, too long, wrong, right, and look once more."""
        app = await self.app()
        for data in ({"passcode": [RIGHT]}, {RIGHT: WRONG}, {"passcode": RIGHT * 9}):
            await app.answer(**data)
        for passcode in (WRONG, RIGHT):
            if app.shown["stepKey"] is not None:
                await app.answer(passcode=passcode)
        await app.look()

    async def app(self) -> App:
        """Begin as an app; every answer it gets is kept."""
        app = App(surface=self.surface, answers=self.answers)
        await app.begin((await self.surface.bench.link()).secret)
        return app

    async def kept_texts(self) -> AsyncIterator[str]:
        """Give the state of every instance and each event of its journal, as they are stored."""
        async for row in self.instances():
            yield msgspec.json.encode(row).decode()
            for event in await self.store.journal(MAIN_TENANT, row.id):
                yield (event.payload or b"").decode()

    async def instances(self) -> AsyncIterator[ProcessInstance]:
        """Give every instance, the newest first."""
        for row in (await self.store.instances(MAIN_TENANT, InstanceQuery(size=50))).rows:
            yield row

    async def walk_on(
        self, process: str, *tries: Mapping[str, str], user: str = "ines.carvalho"
    ) -> None:
        """Go through a shipped definition with these answers, one after the other."""
        browser = self.surface.browser()
        link = await self.surface.bench.link(process, {"userExternalId": user})
        step = await self.kept(browser, browser.begin(link.secret))
        for fields in tries:
            if b"_token" not in step.body:
                return
            self.is_answering = True
            page = await self.kept(browser, browser.answer(step, **fields))
            self.is_answering = False
            if page.status == 303:
                step = await self.kept(browser, browser.follow(page))

    async def kept(self, browser: Browser, asked: Awaitable[Answer]) -> Answer:
        """Keep an answer."""
        answer = await asked
        self.answers.append(answer)
        return answer

    def sinks(self) -> Iterator[tuple[str, bytes]]:
        """Give everything that came out, by name."""
        for number, answer in enumerate(self.answers):
            head = "\n".join(f"{name}: {value}" for name, value in answer.headers)
            yield f"answer {number} head", head.encode()
            yield f"answer {number} body", answer.body
        yield "log", self.log.getvalue().encode()
        yield "streams", self.streams.getvalue().encode()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield path.name, path.read_bytes()


@contextmanager
def _collected(folder: Path) -> Iterator[tuple[io.StringIO, io.StringIO]]:
    log, streams = io.StringIO(), io.StringIO()
    handlers = [logging.StreamHandler(log), logging.StreamHandler(log)]
    handlers[0].setFormatter(JsonLines())
    root, level, kept = logging.getLogger(), logging.getLogger().level, tempfile.tempdir
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    tempfile.tempdir = str(folder)
    try:
        with redirect_stdout(streams), redirect_stderr(streams):
            yield log, streams
    finally:
        tempfile.tempdir = kept
        root.setLevel(level)
        for handler in handlers:
            root.removeHandler(handler)


def collect(
    folder: Path,
    story: Callable[[World], Awaitable[None]],
    *,
    processes: Sequence[str] = FIRST,
    catalogue: Catalogue | None = None,
    probe: Probe = lambda name: None,
    store_probe: Probe = lambda name: None,
) -> list[tuple[str, bytes]]:
    """Tell a story in a fresh house; give every sink."""

    async def told(log: io.StringIO, streams: io.StringIO) -> World:
        clock = FrozenClock()
        store = await SqliteStore.open(folder / "store.db", clock=clock, probe=store_probe)
        house = bench(store, clock, catalogue=catalogue, probe=probe)
        for process in processes:
            await house.deploy(shipped=process)
        await house.user(passcode=RIGHT)
        await house.user(NEWCOMER, passcode=None)
        config = WebConfig(app_name="Farol Mutual", public_url=ORIGIN)
        front = Surface(bench=house, app=_nothing, config=config)
        front.app = build_web(journeys_of(front), config)
        world = World(surface=front, folder=folder, log=log, streams=streams)
        try:
            await story(world)
        finally:
            await store.close()
        return world

    with _collected(folder) as (log, streams):
        world = asyncio.run(told(log, streams))
        return list(world.sinks())


async def _nothing(scope: object, receive: object, send: object) -> None:
    """Stand where the surface will."""
