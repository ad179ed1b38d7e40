"""Reading while the writer writes: a connection that changes nothing and sees what is committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from engine.adapters.failures import unavailable
from engine.adapters.sqlite.database import FAILURES, Database
from engine.adapters.sqlite.kinds import SqlValue

Row = tuple[SqlValue, ...]


class Reader:
    """One read-only connection, for one thread."""

    def __init__(self, database: Database, wait: timedelta) -> None:
        """Open it. Raises `StoreUnavailable`."""
        with answered():
            self._connection = database.read_only(wait)

    def one(self, sql: str, values: Row) -> Row | None:
        """Read the only row, or None."""
        found = self.all(sql, values)
        return found[0] if found else None

    def all(self, sql: str, values: Row) -> Sequence[Row]:
        """Read every row; nothing stays open behind it, so that the log can be brought home."""
        try:  # not `with answered()`: it would cost as much as the reading
            return self._connection.execute(sql, values).fetchall()
        except FAILURES as failure:
            raise unavailable(failure) from failure

    @contextmanager
    def at_one_time(self) -> Iterator[None]:
        """Let all reads of the block see the same state."""
        with answered():
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            with answered():
                self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextmanager
def answered() -> Iterator[None]:
    """Say that the store is unavailable where SQLite fails; SQLite's message is the cause."""
    try:
        yield
    except FAILURES as failure:
        raise unavailable(failure) from failure
