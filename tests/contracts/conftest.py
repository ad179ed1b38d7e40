"""Every adapter under the same suite: `store` is opened anew for each test and adapter."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from engine.adapters.memory import MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.ports.store import Store
from engine.testing import FrozenClock
from tests.postgres import a_store

Opened = AbstractAsyncContextManager[Store]
Opener = Callable[[Path, FrozenClock], Opened]


@asynccontextmanager
async def memory(folder: Path, clock: FrozenClock) -> AsyncIterator[Store]:
    yield MemoryStore(clock)


@asynccontextmanager
async def sqlite(folder: Path, clock: FrozenClock) -> AsyncIterator[Store]:
    store = await SqliteStore.open(folder / "trustflow.db", clock=clock)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def postgres(folder: Path, clock: FrozenClock) -> AsyncIterator[Store]:
    async with a_store(clock) as store:
        yield store


ADAPTERS: dict[str, Opener] = {"memory": memory, "sqlite": sqlite, "postgres": postgres}
MARKS = {"postgres": [pytest.mark.postgres]}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(params=[pytest.param(name, marks=MARKS.get(name, ())) for name in ADAPTERS])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FrozenClock
) -> AsyncIterator[Store]:
    async with ADAPTERS[request.param](tmp_path, clock) as opened:
        yield opened
