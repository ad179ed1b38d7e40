"""The SQLite file: who may read it, what it is written with, what of the past is left in it."""

import importlib
import os
import pkgutil
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from engine import records
from engine.adapters.migrations import Migration
from engine.adapters.sqlite import queries
from engine.adapters.sqlite.database import Database, migrate, shipped
from engine.adapters.sqlite.kinds import TABLES
from engine.errors import SchemaRefused, StoreUnavailable
from engine.model.names import MAIN_TENANT, InstanceId
from engine.ports.store import Committed
from engine.records.identity import User
from engine.records.record import Absent, Delete, Put, Record, Staged
from engine.testing import NOON, a_hop, an_instance
from tests.adapters.conftest import Open

pytestmark = pytest.mark.anyio

WAIT = timedelta(seconds=1)


@pytest.fixture
async def connection(opened: Open, path: Path) -> apsw.Connection:
    await opened()
    return apsw.Connection(str(path))


async def test_the_file_and_its_log_belong_to_their_owner_alone(opened: Open, path: Path) -> None:
    previous = os.umask(0)
    try:
        store = await opened()
        await store.commit(a_hop())
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    finally:
        os.umask(previous)

    assert modes == {path.name + end: 0o600 for end in ("", "-wal", "-shm")}


async def test_every_connection_syncs_each_commit_and_wipes_what_it_deletes(path: Path) -> None:
    database = Database(path=path)
    database.prepare()

    for connection in (database.connect(), database.read_only(WAIT)):
        settings = [
            connection.pragma(name) for name in ("journal_mode", "synchronous", "secure_delete")
        ]
        connection.close()
        assert settings == ["wal", 2, 1]


async def test_a_reader_cannot_write(path: Path) -> None:
    database = Database(path=path)
    database.prepare()
    connection = database.read_only(WAIT)

    with pytest.raises(apsw.ReadOnlyError):
        connection.execute("DELETE FROM users")
    connection.close()


async def test_what_was_deleted_is_not_left_in_the_file(opened: Open, path: Path) -> None:
    mark = "deleted-person-4711"
    store = await opened()
    rows = [
        User(id=f"u{n}", store="s", ext_id=f"{mark}-{n}", created_at=NOON, updated_at=NOON)
        for n in range(50)
    ]
    await store.write(
        MAIN_TENANT, Staged(writes=tuple(Put(row=row, expect=Absent()) for row in rows))
    )
    written = any(mark.encode() in file.read_bytes() for file in path.parent.iterdir())

    await store.write(MAIN_TENANT, Staged(writes=tuple(Delete(row=row) for row in rows)))
    await store.close()

    assert written
    assert not any(mark.encode() in file.read_bytes() for file in path.parent.iterdir())


async def test_the_log_is_brought_home_while_writing_goes_on(opened: Open, path: Path) -> None:
    store = await opened()
    for revision in range(1, 201):  # each writes 100 kB anew
        big = {"_x": f"{revision:04}" * 25_000}
        await store.commit(a_hop(an_instance(revision=revision, variables=big)))

    log = path.with_name(path.name + "-wal")
    assert log.stat().st_size < 12 * 1024 * 1024


async def test_a_folder_that_is_not_there_is_said_so(opened: Open, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        await opened(tmp_path / "none" / "trustflow.db")


async def test_another_library_reads_the_file(opened: Open, path: Path) -> None:
    store = await opened()
    await store.commit(a_hop(an_instance(id=InstanceId("1" * 26))))
    await store.close()

    other = sqlite3.connect(path)
    try:
        assert other.execute("SELECT count(*) FROM instances").fetchone() == (1,)
    finally:
        other.close()


async def test_every_kind_of_record_has_its_table_and_columns(connection: apsw.Connection) -> None:
    for kind, table in TABLES.items():
        columns = {row[1] for row in connection.execute(f"PRAGMA table_xinfo({kind.TABLE})")}
        assert columns == {"tenant", "id", "version", "body", *table.columns}


def test_every_kind_of_record_is_on_the_list() -> None:
    kinds = {
        value
        for _, name, _ in pkgutil.iter_modules(records.__path__)
        for value in vars(importlib.import_module(f"engine.records.{name}")).values()
        if isinstance(value, type) and issubclass(value, Record) and hasattr(value, "TABLE")
    }
    assert kinds == set(TABLES)


async def test_tenant_stands_in_every_table_and_key(connection: apsw.Connection) -> None:
    tables = [
        str(name)
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        if name != "schema_versions"
    ]

    assert len(tables) >= 13
    for table in tables:
        keys = [row[1] for row in connection.execute(f"PRAGMA index_list({table})") if row[2]]
        firsts = [next(iter(connection.execute(f"PRAGMA index_info({key})")))[2] for key in keys]
        assert firsts, table
        assert set(firsts) == {"tenant"}, table


async def test_due_work_and_lists_are_read_by_an_index(connection: apsw.Connection) -> None:
    plan = [str(row[3]) for row in connection.execute("EXPLAIN QUERY PLAN " + queries.DUE, (1, 1))]

    assert any("waits_by_time" in line for line in plan)
    assert any("instances_by_deadline" in line for line in plan)
    assert not any(line.startswith(("SCAN waits", "SCAN instances")) for line in plan)


async def test_a_file_is_migrated_once(opened: Open, connection: apsw.Connection) -> None:
    again = await opened()

    versions = list(connection.execute("SELECT number, checksum FROM schema_versions"))
    assert await again.commit(a_hop()) == Committed()
    assert versions == [(step.number, step.checksum) for step in shipped()]


async def test_a_file_of_a_newer_program_is_refused(
    opened: Open, connection: apsw.Connection
) -> None:
    connection.execute("INSERT INTO schema_versions VALUES (999, 'later', 'x')")

    with pytest.raises(SchemaRefused) as refused:
        await opened()

    assert refused.value.facts == {"found": 999, "known": len(shipped())}


async def test_a_migration_that_was_edited_is_refused(
    opened: Open, connection: apsw.Connection
) -> None:
    connection.execute("UPDATE schema_versions SET checksum = 'x'")

    with pytest.raises(SchemaRefused):
        await opened()


def test_first_starts_at_one_moment_make_one_schema(path: Path) -> None:
    barrier, done = threading.Barrier(4), []

    def start() -> None:
        barrier.wait()
        Database(path=path).prepare()
        done.append(True)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    connection = apsw.Connection(str(path))
    versions = list(connection.execute("SELECT number FROM schema_versions"))
    connection.close()
    assert done == [True] * 4
    assert versions == [(step.number,) for step in shipped()]


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    connection = apsw.Connection(str(path))
    good = Migration(number=1, name="good", sql="CREATE TABLE one (x)")
    bad = Migration(number=2, name="bad", sql="CREATE TABLE two (x); SELECT nonsense FROM one")

    with pytest.raises(apsw.SQLError):
        migrate(connection, (good, bad))

    assert list(connection.execute("SELECT name FROM sqlite_schema")) == []
    migrate(connection, (good,))
    assert ("one",) in list(connection.execute("SELECT name FROM sqlite_schema"))
    connection.close()


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [step.number for step in shipped()] == list(range(1, len(shipped()) + 1))
