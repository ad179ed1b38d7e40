"""The PostgreSQL schema: migrated once, forward only, by one node at a time; its sessions, time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from engine.adapters.address import Address
from engine.adapters.migrations import Migration
from engine.adapters.postgres import PostgresStore, queries, schema, statements
from engine.adapters.postgres.kinds import TABLES
from engine.adapters.postgres.pool import Connection, connect
from engine.adapters.sqlite import kinds as sqlite_kinds
from engine.errors import SchemaMissing, SchemaRefused, StoreUnavailable, UnknownInstance
from engine.model.names import MAIN_TENANT, InstanceId
from engine.ports.store import Committed
from engine.records.identity import User
from engine.records.record import Absent, Put, Staged
from engine.testing import NOON, a_hop, an_instance
from tests.postgres import a_database, a_store_at, an_empty_schema

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

STEPS = schema.shipped()


@pytest.fixture
async def empty() -> AsyncIterator[Address]:
    async with an_empty_schema() as address:
        yield address


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    """Give a connection as the store makes it."""
    async with a_database() as address:
        opened = await connect(address)
        yield opened
        await opened.close()


async def told(address: Address, sql: str) -> list[tuple[object, ...]]:
    opened = await asyncpg.connect(address.whole, timeout=5)
    try:
        return [tuple(row) for row in await opened.fetch(sql)]
    finally:
        await opened.close()


async def test_a_database_that_was_not_migrated_is_refused(empty: Address) -> None:
    with pytest.raises(SchemaMissing, match="trustflow migrate"):
        await PostgresStore.open(empty)


async def test_a_database_is_migrated_once(empty: Address) -> None:
    first, again = await schema.migrate(empty), await schema.migrate(empty)

    assert (first, again) == (STEPS, ())
    kept = await told(empty, "SELECT number, checksum FROM schema_versions ORDER BY number")
    assert kept == [(step.number, step.checksum) for step in STEPS]


@pytest.mark.parametrize("released", range(1, len(STEPS) + 1))
async def test_every_released_schema_arrives_at_todays(empty: Address, released: int) -> None:
    await schema.migrate(empty, STEPS[:released])
    await told(
        empty,
        "INSERT INTO users (tenant, id, version, by_ext_id, store, body)"  # as the first one has it
        " VALUES ('main', 'u1', 1, 's' || chr(31) || 'ines', 's', '"
        '{"id":"u1","version":1,"store":"s","ext_id":"ines","created_at":"2026-01-15T12:00:00Z",'
        '"updated_at":"2026-01-15T12:00:00Z"}'
        "')",
    )

    assert await schema.migrate(empty) == STEPS[released:]
    async with a_store_at(empty) as store:
        user = await store.get(MAIN_TENANT, User, "u1")
        assert user is not None
        assert user.ext_id == "ines"
        assert await store.commit(a_hop()) == Committed()


async def test_a_database_of_a_newer_program_is_refused(empty: Address) -> None:
    later = Migration(number=len(STEPS) + 1, name="later", sql="SELECT 1")
    await schema.migrate(empty, (*STEPS, later))

    for refused in (schema.migrate(empty), PostgresStore.open(empty)):
        with pytest.raises(SchemaRefused) as error:
            await refused
        assert error.value.facts == {"found": len(STEPS) + 1, "known": len(STEPS)}


async def test_a_migration_that_was_edited_is_refused(empty: Address) -> None:
    await schema.migrate(empty)
    edited = (replace(STEPS[0], sql=STEPS[0].sql + " "), *STEPS[1:])

    with pytest.raises(SchemaRefused):
        await schema.migrate(empty, edited)


async def test_a_migration_that_fails_leaves_the_database_as_it_was(empty: Address) -> None:
    good = Migration(number=1, name="good", sql="CREATE TABLE one (x int)")
    bad = Migration(number=2, name="bad", sql="CREATE TABLE two (x int); SELECT nonsense FROM one")

    with pytest.raises(StoreUnavailable):
        await schema.migrate(empty, (good, bad))

    tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()"
    assert await told(empty, tables) == []
    assert await schema.migrate(empty, (good,)) == (good,)


async def test_migrations_at_one_moment_make_one_schema(empty: Address) -> None:
    done = await asyncio.gather(*(schema.migrate(empty) for _ in range(4)))

    assert sorted(map(len, done)) == [0, 0, 0, len(STEPS)]


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [step.number for step in STEPS] == list(range(1, len(STEPS) + 1))


async def test_every_kind_of_record_has_its_table_and_columns(connection: Connection) -> None:
    assert set(TABLES) == set(sqlite_kinds.TABLES)
    for kind, table in TABLES.items():
        rows = await connection.fetch(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = $1",
            kind.TABLE,
        )
        columns = {row[0] for row in rows}
        assert columns == {"tenant", "id", "version", "body", *table.columns}


async def test_tenant_stands_in_every_table_and_key(connection: Connection) -> None:
    rows = await connection.fetch("""
        SELECT tables.relname, columns.attname FROM pg_index keys
        JOIN pg_class tables ON tables.oid = keys.indrelid
        JOIN pg_attribute columns ON columns.attrelid = tables.oid
          AND columns.attnum = keys.indkey[0]
        WHERE keys.indisunique AND tables.relnamespace = current_schema()::regnamespace
          AND tables.relname <> 'schema_versions'
    """)

    assert len({table for table, _ in rows}) >= 13
    assert {column for _, column in rows} == {"tenant"}


async def test_what_a_hop_changes_of_an_instance_is_in_no_index(connection: Connection) -> None:
    indexes = await connection.fetch(
        "SELECT indexdef FROM pg_indexes"
        " WHERE schemaname = current_schema() AND tablename = 'instances'"
    )
    options = await connection.fetchval(
        "SELECT reloptions FROM pg_class WHERE oid = 'instances'::regclass"
    )

    # when it was made never changes
    columns = sorted(index[0].split("(")[1] for index in indexes)
    assert columns == ["tenant, created)", "tenant, id)"]
    assert "fillfactor=50" in options


async def test_hops_and_due_work_find_their_rows_by_index(connection: Connection) -> None:
    hop = a_hop(an_instance(revision=2))
    await connection.execute("SET plan_cache_mode = force_custom_plan")
    due = await connection.fetch("EXPLAIN " + queries.DUE, 1, 1)
    move = await connection.fetch("EXPLAIN " + statements.MOVE, *statements.columns((hop,)))

    assert any("waits_by_time" in row[0] for row in due)
    assert any("instances_pkey" in row[0] for row in move)
    assert not any("Seq Scan" in row[0] for row in (*due, *move))


async def test_every_session_waits_for_the_disk_and_for_nothing_without_end(
    connection: Connection,
) -> None:
    names = ("synchronous_commit", "statement_timeout", "idle_in_transaction_session_timeout")
    found = {name: await connection.fetchval(f"SHOW {name}") for name in names}

    assert found == {
        "synchronous_commit": "on",
        "statement_timeout": "5s",
        "idle_in_transaction_session_timeout": "8s",
    }


async def test_time_is_the_servers_to_the_microsecond(connection: Connection) -> None:
    async with a_database() as address, a_store_at(address) as store:
        await store.commit(a_hop())
        before = await connection.fetchval("SELECT clock_timestamp()")
        times = [await store.now(), (await store.load(MAIN_TENANT, InstanceId("0" * 26))).now]
        times += [await store.now() for _ in range(3)]
        after = await connection.fetchval("SELECT clock_timestamp()")

    assert [before, *times, after] == sorted([before, *times, after])
    assert any(time.microsecond % 1_000 for time in times)


async def test_texts_that_no_column_holds_are_found_nowhere() -> None:
    async with a_database() as address, a_store_at(address) as store:
        with pytest.raises(UnknownInstance):
            await store.load(MAIN_TENANT, InstanceId("a\x00"))
        assert await store.get(MAIN_TENANT, User, "a\x00") is None
        assert await store.find(MAIN_TENANT, User, "by_ext_id", "s\x1fa\x00") is None


async def test_a_row_that_no_column_holds_is_refused() -> None:
    row = User(id="u1", store="s", ext_id="a\x00", created_at=NOON, updated_at=NOON + timedelta(1))
    async with a_database() as address, a_store_at(address) as store:
        with pytest.raises(StoreUnavailable):
            await store.write(MAIN_TENANT, Staged(writes=(Put(row=row, expect=Absent()),)))
        assert await store.is_fresh()
