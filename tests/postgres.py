"""A PostgreSQL server for tests, on this machine alone: each test works in a schema of its own.

The tests are marked `postgres`.
"""

from __future__ import annotations

import asyncio
import atexit
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import pytest

from engine.adapters.address import Address
from engine.adapters.postgres import PostgresStore, schema
from engine.ports.outside import Clock, Probe, no_probe

PORT: Final = int(os.environ.get("PGPORT", "5432"))  # noqa: TID251 - where `.ci/run` has started one
HOST: Final = "127.0.0.1"
USERS: Final = ("postgres", "root")
DATABASE: Final = "postgres"
ABSENT: Final = f"no PostgreSQL server lets {' or '.join(USERS)} in at {HOST}:{PORT}"

_numbers = itertools.count(1)
_found: list[str | None] = []
_made_schemas: list[str] = []
_free: list[Address] = []


def skip_without_server() -> None:
    """Skip aloud where no server is: called before each test that is marked `postgres`."""
    if not _found:
        _found.append(asyncio.run(_looked_for()))
    if _found[0] is None:
        pytest.skip(ABSENT)


async def is_there() -> bool:
    """Whether a server is there, for what runs outside pytest."""
    if not _found:
        _found.append(await _looked_for())
    return _found[0] is not None


def server() -> str:
    """Give the server's URL with a user it lets in."""
    assert _found, "the test is not marked postgres"  # then nobody has looked
    assert _found[0] is not None
    return _found[0]


async def _looked_for() -> str | None:
    for user in USERS:
        url = f"postgresql://{user}@{HOST}:{PORT}/{DATABASE}"
        try:
            connection = await asyncpg.connect(url, timeout=5)
        except (OSError, asyncpg.PostgresError):
            continue
        await connection.close()
        return url
    return None


@asynccontextmanager
async def an_empty_schema() -> AsyncIterator[Address]:
    """Make a schema, and drop it with all that it holds."""
    url = server()
    name = f"trustflow_test_{os.getpid()}_{next(_numbers)}"
    await _told(url, f"CREATE SCHEMA {name}")
    try:
        yield Address.parse(f"{url}?search_path={name}")
    finally:
        await _told(url, f"DROP SCHEMA {name} CASCADE")


@asynccontextmanager
async def a_database() -> AsyncIterator[Address]:
    """Give a schema that is today's and empty; nobody else works in it meanwhile.

    Making one takes the server hundreds of milliseconds, emptying it a few: they are kept until
    the tests end.
    """
    url = server()
    if not _free:
        _free.append(await _made(url))
    address = _free.pop()
    try:
        yield address
    finally:
        await _emptied(address)
        _free.append(address)


async def _made(url: str) -> Address:
    name = f"trustflow_test_{os.getpid()}_{next(_numbers)}"
    await _told(url, f"CREATE SCHEMA {name}")
    address = Address.parse(f"{url}?search_path={name}")
    if not _made_schemas:
        atexit.register(lambda: asyncio.run(_dropped(url)))
    _made_schemas.append(name)
    await schema.migrate(address)
    return address


async def _emptied(address: Address) -> None:
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    connection = await asyncpg.connect(address.whole, timeout=5)
    names = [row[0] for row in await connection.fetch(tables) if row[0] != "schema_versions"]
    await connection.execute("; ".join(f"DELETE FROM {name}" for name in names))  # noqa: S608 - names of tables
    await connection.close()


async def _dropped(url: str) -> None:
    for name in _made_schemas:
        await _told(url, f"DROP SCHEMA {name} CASCADE")


def tell(url: str, command: str) -> None:
    """Run a command at a server, for what has no loop of its own."""
    asyncio.run(_told(url, command))


async def _told(url: str, command: str) -> None:
    connection = await asyncpg.connect(url, timeout=5)
    await connection.execute(command)
    await connection.close()


@asynccontextmanager
async def a_store(
    clock: Clock | None = None, probe: Probe = no_probe
) -> AsyncIterator[PostgresStore]:
    """Open a store in a schema of its own."""
    async with a_database() as address, a_store_at(address, clock, probe) as store:
        yield store


@asynccontextmanager
async def a_store_at(
    address: Address, clock: Clock | None = None, probe: Probe = no_probe
) -> AsyncIterator[PostgresStore]:
    """Open a store at an address."""
    store = await PostgresStore.open(address, clock=clock, probe=probe)
    try:
        yield store
    finally:
        await store.close()
