"""Reading: one statement at any free connection, or a page and its count at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from engine.adapters.choosing import Listing
from engine.adapters.failures import unavailable
from engine.adapters.postgres.failures import FAILURES, is_lost
from engine.adapters.postgres.kinds import PgValue, Row
from engine.adapters.postgres.pool import Pool


class Reader:
    """Read what is committed. Where the connection is found dead, another one is asked once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def one(self, sql: str, *values: PgValue) -> Row | None:
        """Read the only row, or None."""
        found = await self.all(sql, *values)
        return found[0] if found else None

    async def all(self, sql: str, *values: PgValue) -> Sequence[Row]:
        """Read every row.

        Raises:
            StoreUnavailable: The server does not answer.
        """
        if _is_nowhere(values):
            return ()
        try:
            return await self._fetched(sql, values)
        except FAILURES as failure:
            if not is_lost(failure) or isinstance(failure, TimeoutError):
                raise unavailable(failure) from failure
        self._pool.forget_idle()
        try:
            return await self._fetched(sql, values)
        except FAILURES as failure:
            raise unavailable(failure) from failure

    async def listed(
        self, listing: Listing, chosen: Sequence[PgValue], *, start: int, length: int
    ) -> tuple[Sequence[Row], int]:
        """Read one page, and how many rows there are in all, as of the same moment.

        Raises:
            StoreUnavailable: The server does not answer.
        """
        if _is_nowhere(chosen):
            return (), 0
        try:
            async with (
                self._pool.connection() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                rows = await connection.fetch(listing.page, *chosen, length, start)
                total = await connection.fetchval(listing.count, *chosen)
        except FAILURES as failure:
            raise unavailable(failure) from failure
        return cast("Sequence[Row]", rows), cast("int", total)

    async def _fetched(self, sql: str, values: Sequence[PgValue]) -> Sequence[Row]:
        async with self._pool.connection() as connection:
            return cast("Sequence[Row]", await connection.fetch(sql, *values))


def _is_nowhere(values: Sequence[PgValue]) -> bool:
    """Say whether a text is asked for that no column can hold, and so nothing is found by."""
    return any(isinstance(value, str) and "\x00" in value for value in values)
