"""Numbered steps of a schema, forward only: what a program brings, and what a database has run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from engine.errors import SchemaRefused


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


def shipped(package: str) -> tuple[Migration, ...]:
    """Read a package's migrations, `migrations/<number>_<name>.sql`, in order."""
    folder = resources.files(package) / "migrations"
    texts = sorted(
        (file.name, file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    )
    return tuple(_migration(name, sql) for name, sql in texts)


def _migration(file_name: str, sql: str) -> Migration:
    number, _, name = file_name.removesuffix(".sql").partition("_")
    return Migration(number=int(number), name=name, sql=sql)


def missing(done: Mapping[int, str], known: Sequence[Migration]) -> tuple[Migration, ...]:
    """Give the steps that are still to be run.

    Args:
        done: What the database has run: number -> checksum.
        known: What this program brings.

    Raises:
        SchemaRefused: The database knows a step this program does not, or another text of one.
    """
    checksums = {migration.number: migration.checksum for migration in known}
    for number, checksum in sorted(done.items()):
        if number not in checksums:
            raise SchemaRefused(found=number, known=max(checksums, default=0))
        if checksums[number] != checksum:
            raise SchemaRefused(found=number, reason="its text was another one")
    return tuple(migration for migration in known if migration.number not in done)
