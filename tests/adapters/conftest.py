"""A clock, and a SQLite store opened as a test wants it, closed at its end."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from engine.adapters.sqlite import SqliteStore
from engine.testing import FrozenClock

Open = Callable[..., Awaitable[SqliteStore]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trustflow.db"


@pytest.fixture
async def opened(path: Path, clock: FrozenClock) -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def open_store(where: object = path, **given: object) -> SqliteStore:
            store = await SqliteStore.open(where, clock=clock, **given)  # type: ignore[arg-type]  # a test's own
            stack.push_async_callback(store.close)
            return store

        yield open_store
