"""One database file: how it is opened, and how its schema is brought to today's."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Final

import apsw

from engine.errors import SchemaRefused

LONGEST_WAIT: Final = timedelta(seconds=5)
"""How long another process may hold the file before a change is given up."""

_VERSIONS: Final = """
CREATE TABLE IF NOT EXISTS schema_versions (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One numbered step of the schema; never edited once released."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of its text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


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
        connection.execute("PRAGMA journal_mode = WAL")
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

    def prepare(self) -> None:
        """Make the file for its owner alone, and bring its schema to today's.

        Raises:
            SchemaRefused: A newer program, or a changed migration, has written it.
            apsw.Error: It cannot be opened or written.
        """
        if self.vfs is None:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = self.connect()
        try:
            migrate(connection, shipped())
        finally:
            connection.close()


_SYNCHRONOUS: Final = {
    "FULL": "PRAGMA synchronous = FULL",
    "NORMAL": "PRAGMA synchronous = NORMAL",
}


def shipped() -> tuple[Migration, ...]:
    """Read the migrations of this program, `<number>_<name>.sql`, in order."""
    folder = resources.files("engine.adapters.sqlite") / "migrations"
    texts = sorted(
        (file.name, file.read_text()) for file in folder.iterdir() if file.name.endswith(".sql")
    )
    return tuple(_migration(name, sql) for name, sql in texts)


def _migration(file_name: str, sql: str) -> Migration:
    number, _, name = file_name.removesuffix(".sql").partition("_")
    return Migration(number=int(number), name=name, sql=sql)


def migrate(connection: apsw.Connection, migrations: tuple[Migration, ...]) -> None:
    """Run what is missing, forward only, all in one transaction.

    Raises:
        SchemaRefused: The file knows a migration this program does not, or another text of one.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(_VERSIONS)
        done = _done(connection)
        _refuse_strangers(done, migrations)
        for migration in migrations:
            if migration.number not in done:
                _run(connection, migration)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _done(connection: apsw.Connection) -> dict[int, str]:
    rows = connection.execute("SELECT number, checksum FROM schema_versions ORDER BY number")
    return {int(str(number)): str(checksum) for number, checksum in rows}


def _refuse_strangers(done: dict[int, str], migrations: tuple[Migration, ...]) -> None:
    known = {migration.number: migration.checksum for migration in migrations}
    for number, checksum in done.items():
        if number not in known:
            raise SchemaRefused(found=number, known=max(known, default=0))
        if known[number] != checksum:
            raise SchemaRefused(found=number, reason="its text was another one")


def _run(connection: apsw.Connection, migration: Migration) -> None:
    connection.execute(migration.sql)
    row = (migration.number, migration.name, migration.checksum)
    connection.execute("INSERT INTO schema_versions VALUES (?, ?, ?)", row)
