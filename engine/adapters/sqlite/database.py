"""One database file: how it is opened, and how its schema is brought to today's."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import apsw

from engine.adapters import migrations
from engine.adapters.migrations import Migration
from engine.ports.outside import Probe, no_probe

PACKAGE: Final = "engine.adapters.sqlite"
FAILURES: Final = (apsw.Error, OSError, MemoryError)
"""What SQLite can raise, and Python itself where it has no room for what was read."""
LONGEST_WAIT: Final = timedelta(seconds=5)
"""How long another process may hold the file before a change is given up."""

_VERSIONS: Final = """
CREATE TABLE IF NOT EXISTS schema_versions (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where the file is, and how hard it is written.

    Attributes:
        vfs: Name of a registered VFS; tests break the disk with it.
        synchronous: FULL, or what a test wants to see fail.
    """

    path: Path
    vfs: str | None = None
    synchronous: str = "FULL"

    def connect(self, wait: timedelta = LONGEST_WAIT) -> apsw.Connection:
        """Open a connection. Raises apsw.Error where the file cannot be opened."""
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        connection = apsw.Connection(str(self.path), flags=flags, vfs=self.vfs)
        connection.set_busy_timeout(wait // timedelta(milliseconds=1))
        _write_ahead(connection, wait)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA journal_size_limit = 16777216")
        connection.execute(_SYNCHRONOUS[self.synchronous])
        return connection

    def read_only(self, wait: timedelta) -> apsw.Connection:
        """Open a connection that cannot change anything."""
        connection = self.connect(wait)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def prepare(self, probe: Probe = no_probe) -> None:
        """Make the file for its owner alone, and bring its schema to today's.

        `probe` is called as `migrate` says.

        Raises:
            SchemaRefused: A newer program, or a changed migration, has written it.
            apsw.Error: It cannot be opened or written.
        """
        if self.vfs is None:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = self.connect()
        try:
            migrate(connection, shipped(), probe)
        finally:
            connection.close()


def _write_ahead(connection: apsw.Connection, wait: timedelta) -> None:
    """Take the write-ahead log; where several make a new file's at once, SQLite does not wait."""
    for left in reversed(range(wait // _PAUSE + 1)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except apsw.BusyError:
            if not left:
                raise
            time.sleep(_PAUSE.total_seconds())
        else:
            return


_PAUSE: Final = timedelta(milliseconds=10)
"""How long until somebody else's switch is looked at again; theirs takes less, as a rule."""
_SYNCHRONOUS: Final = {
    "FULL": "PRAGMA synchronous = FULL",
    "NORMAL": "PRAGMA synchronous = NORMAL",
}


def shipped() -> tuple[Migration, ...]:
    """Read the migrations of this program in order."""
    return migrations.shipped(PACKAGE)


def migrate(
    connection: apsw.Connection, known: tuple[Migration, ...], probe: Probe = no_probe
) -> None:
    """Run what is missing, forward only, all in one transaction.

    `probe` is called at `in-migration`: before it begins, after each step, and after the commit.

    Raises:
        SchemaRefused: The file knows a migration this program does not, or another text of one.
    """
    probe("in-migration")
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(_VERSIONS)
        for migration in missing(connection, known):
            _run(connection, migration)
            probe("in-migration")
        connection.execute("COMMIT")
        probe("in-migration")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def missing(connection: apsw.Connection, known: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """Give the migrations that a file of ours still needs.

    Raises:
        SchemaRefused: A newer program, or a changed migration, has written it.
        apsw.Error: It is no file of ours, or cannot be read.
    """
    rows = connection.execute("SELECT number, checksum FROM schema_versions")
    done = {int(str(number)): str(checksum) for number, checksum in rows}
    return migrations.missing(done, known)


def _run(connection: apsw.Connection, migration: Migration) -> None:
    connection.execute(migration.sql)
    row = (migration.number, migration.name, migration.checksum)
    connection.execute("INSERT INTO schema_versions VALUES (?, ?, ?)", row)
