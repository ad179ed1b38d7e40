"""Where a fault test's data lies: a file, or a schema of a server; kept, put back, looked at."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, TypeVar

import apsw
import asyncpg

from engine.adapters.address import Address
from engine.adapters.postgres import PostgresStore, schema
from engine.adapters.sqlite import SqliteStore
from engine.ports.outside import Clock, Probe, no_probe
from engine.ports.store import Store

T = TypeVar("T")
Rows = Mapping[str, Sequence[tuple[object, ...]]]
"""Table -> all its rows, in order: everything that a store knows."""

KEPT: Final = "kept_"
"""What the names of the tables begin with that hold what is put back."""
NAMED: Final = "SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY tablename"


class Place(Protocol):
    """One database that one test has for itself."""

    async def open(self, clock: Clock, probe: Probe = no_probe) -> Store:
        """Open it, as a program does that starts."""
        ...

    async def migrate(self, probe: Probe = no_probe) -> None:
        """Bring its schema to today's."""
        ...

    def keep(self) -> None:
        """Remember what is there now."""
        ...

    def back(self) -> None:
        """Put back what was kept."""
        ...

    def settled(self) -> None:
        """Wait until whoever was killed is gone; fails where the database is damaged."""
        ...

    def rows(self) -> Rows:
        """Give everything that is there."""
        ...

    def tell(self, sql: str) -> None:
        """Run a statement behind the store's back."""
        ...


@dataclass(frozen=True, slots=True)
class File:
    """A SQLite file in a folder of its own.

    `without`: a column that nobody looks at, for the machine's clock gives it.
    """

    folder: Path
    without: str = ""

    @property
    def path(self) -> Path:
        """Where the database is."""
        return self.folder / "trustflow.db"

    async def open(self, clock: Clock, probe: Probe = no_probe) -> Store:
        return await SqliteStore.open(self.path, clock=clock, probe=probe)

    async def migrate(self, probe: Probe = no_probe) -> None:
        store = await SqliteStore.open(self.path, clock=_NoClock(), probe=probe)
        await store.close()

    def keep(self) -> None:
        shutil.copy(self.path, self.folder / "kept")

    def back(self) -> None:
        for path in self.folder.glob("trustflow.db*"):
            path.unlink()
        shutil.copy(self.folder / "kept", self.path)

    def settled(self) -> None:
        connection = apsw.Connection(str(self.path))
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()

    def rows(self) -> Rows:
        connection = apsw.Connection(str(self.path))
        named = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        names = [str(name) for (name,) in connection.execute(named).fetchall()]
        found = {name: sorted(self._table(connection, name), key=repr) for name in names}
        connection.close()
        return found

    def _table(self, connection: apsw.Connection, name: str) -> Iterator[tuple[object, ...]]:
        columns = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({name})")]
        seen = ", ".join(column for column in columns if column != self.without)
        yield from connection.execute(f"SELECT {seen} FROM {name}")  # noqa: S608 - names of a schema

    def pages(self) -> int:
        """Count the pages of the file."""
        connection = apsw.Connection(str(self.path))
        (count,) = connection.execute("PRAGMA page_count").fetchall()[0]
        connection.close()
        return int(str(count))

    def tell(self, sql: str) -> None:
        connection = apsw.Connection(str(self.path))
        connection.execute(sql)
        connection.close()


class _NoClock:
    """A migration asks for no time."""

    def now(self) -> datetime:
        raise NotImplementedError

    async def sleep(self, length: object) -> None:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema of a PostgreSQL server. Each question comes at a connection of its own."""

    address: Address
    name: str

    async def open(self, clock: Clock, probe: Probe = no_probe) -> Store:
        return await PostgresStore.open(self.address, clock=clock, probe=probe)

    async def migrate(self, probe: Probe = no_probe) -> None:
        await schema.migrate(self.address, probe=probe)

    def keep(self) -> None:
        self.tell("; ".join(f"CREATE TABLE {KEPT}{name} AS TABLE {name}" for name in self.rows()))

    def back(self) -> None:
        known = _apart(self._names)
        kept = [name.removeprefix(KEPT) for name in known if name.startswith(KEPT)]
        if not kept:
            self.tell(f"DROP SCHEMA {self.name} CASCADE; CREATE SCHEMA {self.name}")
            return
        self.tell(
            "; ".join(f"DELETE FROM {name}; INSERT INTO {name} TABLE {KEPT}{name}" for name in kept)  # noqa: S608 - tables' names
        )

    def settled(self) -> None:
        async def others() -> int:
            asked = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
            mine = " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1"
            return int(await self._asked(lambda one: one.fetchval(asked + mine, self.name)))

        while _apart(others):
            pass

    def rows(self) -> Rows:
        async def all_rows(connection: asyncpg.Connection) -> Rows:
            found: dict[str, Sequence[tuple[object, ...]]] = {}
            for (name,) in await connection.fetch(NAMED, self.name):
                if not name.startswith(KEPT):
                    rows = await connection.fetch(f"SELECT * FROM {name}")  # noqa: S608 - a table's name
                    found[name] = sorted((tuple(map(_plain, row)) for row in rows), key=repr)
            return found

        return _apart(lambda: self._asked(all_rows))

    def tell(self, sql: str) -> None:
        _apart(lambda: self._asked(lambda connection: connection.execute(sql)))

    async def _names(self) -> list[str]:
        found = await self._asked(lambda connection: connection.fetch(NAMED, self.name))
        return [str(row[0]) for row in found]

    async def _asked(self, ask: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        connection = await asyncpg.connect(self.address.whole, timeout=5)
        try:
            return await ask(connection)
        finally:
            await connection.close()


def _plain(value: object) -> object:
    """Leave out when a migration was run; every other time is a number of the test's own clock."""
    return None if isinstance(value, datetime) else value


def _apart(ask: Callable[[], Coroutine[object, object, T]]) -> T:
    """Ask in a loop of its own, also where one runs already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(ask())).result()
