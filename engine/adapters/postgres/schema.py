"""How a database's schema is brought to today's, by one node at a time, and how it is looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from engine.adapters import migrations
from engine.adapters.address import Address
from engine.adapters.failures import unavailable
from engine.adapters.migrations import Migration
from engine.adapters.postgres.failures import FAILURES
from engine.adapters.postgres.pool import Connection, connect, ended
from engine.errors import SchemaMissing, StoreUnavailable
from engine.ports.outside import Probe, no_probe

PACKAGE: Final = "engine.adapters.postgres"
LONGEST: Final = timedelta(minutes=30)
"""How long the migrations may take, waiting for another node's included."""

_ONE_AT_A_TIME: Final = """SELECT pg_advisory_xact_lock(
  hashtextextended('trustflow migrations of ' || current_schema(), 0))"""
_PATIENT: Final = "SELECT set_config('statement_timeout', $1, true)"
_VERSIONS: Final = """CREATE TABLE IF NOT EXISTS schema_versions (
  number bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
  run_at timestamptz NOT NULL DEFAULT now()
)"""
_IS_THERE: Final = "SELECT to_regclass('schema_versions') IS NOT NULL"
_DONE: Final = "SELECT number, checksum FROM schema_versions"
_RUN: Final = "INSERT INTO schema_versions (number, name, checksum) VALUES ($1, $2, $3)"
_ENCODING: Final = "SELECT current_setting('server_encoding')"


def shipped() -> tuple[Migration, ...]:
    """Read the migrations of this program in order."""
    return migrations.shipped(PACKAGE)


async def migrate(
    address: Address,
    known: tuple[Migration, ...] | None = None,
    probe: Probe = no_probe,
) -> tuple[Migration, ...]:
    """Run what is missing, forward only, all in one transaction; give what was run.

    Args:
        address: Where the database is.
        known: This program's migrations without.
        probe: Called at `in-migration`: before it begins, after each step, and after the commit.

    Raises:
        SchemaRefused: The database knows a migration this program does not, or another text.
        StoreUnavailable: It cannot be reached or written; nothing was changed.
    """
    try:
        connection = await connect(address)
    except (*FAILURES, ValueError) as failure:
        raise unavailable(failure) from failure
    try:
        probe("in-migration")
        async with connection.transaction():
            due = await _migrated(connection, shipped() if known is None else known, probe)
        probe("in-migration")
        return due
    except FAILURES as failure:
        raise unavailable(failure) from failure
    finally:
        await ended(connection)


async def _migrated(
    connection: Connection, known: tuple[Migration, ...], probe: Probe
) -> tuple[Migration, ...]:
    longest = LONGEST.total_seconds()
    await connection.fetchval(_PATIENT, str(LONGEST // timedelta(milliseconds=1)))
    await connection.execute(_ONE_AT_A_TIME, timeout=longest)
    if await connection.fetchval(_ENCODING) != "UTF8":
        raise StoreUnavailable(reason="the database's encoding is not UTF8")
    await connection.execute(_VERSIONS)
    due = migrations.missing(await _done(connection), known)
    for migration in due:
        await connection.execute(migration.sql, timeout=longest)
        await connection.execute(_RUN, migration.number, migration.name, migration.checksum)
        probe("in-migration")
    return due


async def missing(connection: Connection) -> tuple[Migration, ...]:
    """Give the migrations that the database still needs.

    Raises:
        SchemaRefused: A newer program, or a changed migration, has written it.
    """
    is_there = await connection.fetchval(_IS_THERE)
    return migrations.missing(await _done(connection) if is_there else {}, shipped())


async def must_be_todays(connection: Connection) -> None:
    """Refuse any schema but this program's.

    Raises:
        SchemaMissing: It is older, or there is none.
        SchemaRefused: It is newer.
    """
    due = await missing(connection)
    if due:
        raise SchemaMissing(migrations=len(due))


async def _done(connection: Connection) -> dict[int, str]:
    rows = await connection.fetch(_DONE)
    return {int(number): str(checksum) for number, checksum in rows}
