"""`/readyz` tells whether anything can be kept, and asks the disk no more often than it must."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from engine.adapters.memory import MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.adapters.sqlite.database import Database
from engine.app import Application, wire
from engine.errors import StoreUnavailable
from engine.ports.store import Store
from engine.settings import Settings
from engine.testing import CheapPool, FrozenClock, SeededChance, SeededVault
from tests.adapters.disk import a_disk


def house(folder: Path, store: Store, clock: FrozenClock) -> Application:
    vault = SeededVault()
    return wire(
        Settings(data=folder), store, clock,
        chance=SeededChance(), vault=vault, pool=CheapPool(vault),
    )  # fmt: skip


def test_a_disk_that_takes_nothing_is_not_ready_and_is_again_once_it_does(tmp_path: Path) -> None:
    async def story(disk_fails: Callable[[apsw.Error | None], None], database: Database) -> None:
        clock = FrozenClock()
        store = await SqliteStore.open(database, clock=clock)
        application = house(tmp_path, store, clock)
        said = [await application.is_ready()]
        for failure in (apsw.FullError("full"), None):
            clock.move(timedelta(seconds=10))
            disk_fails(failure)
            said.append(await application.is_ready())
        await store.close()
        clock.move(timedelta(seconds=10))
        said.append(await application.is_ready())

        assert said == [True, False, True, False]

    with a_disk() as disk:
        database = Database(path=tmp_path / "store.db", vfs=disk.name)
        asyncio.run(story(lambda failure: setattr(disk, "fails", failure), database))


def counted(work: Callable[[Application, FrozenClock], Awaitable[None]]) -> int:
    """Do the work, and count how often the store was asked to write."""
    writes = 0

    def probe(name: str) -> None:
        nonlocal writes
        writes += name == "before-commit"

    async def story() -> None:
        clock = FrozenClock()
        await work(house(Path(), MemoryStore(clock, probe), clock), clock)

    asyncio.run(story())
    return writes


def test_a_thousand_probes_at_once_are_one_write() -> None:
    async def work(application: Application, clock: FrozenClock) -> None:
        assert all(await asyncio.gather(*(application.is_ready() for _ in range(1_000))))

    assert counted(work) == 1


def test_an_hour_of_probes_every_second_writes_every_ten_seconds() -> None:
    async def work(application: Application, clock: FrozenClock) -> None:
        for _ in range(3_600):
            await application.is_ready()
            clock.move(timedelta(seconds=1))

    assert counted(work) == 360


def test_a_clock_that_was_set_back_is_no_reason_to_believe_for_ever() -> None:
    async def work(application: Application, clock: FrozenClock) -> None:
        await application.is_ready()
        clock.move(timedelta(hours=-1))
        await application.is_ready()

    assert counted(work) == 2


def test_a_memory_store_that_takes_nothing_says_so() -> None:
    def probe(name: str) -> None:
        raise StoreUnavailable(reason=name)

    with pytest.raises(StoreUnavailable):
        asyncio.run(MemoryStore(FrozenClock(), probe).try_writing())
