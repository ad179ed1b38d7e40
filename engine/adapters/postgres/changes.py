"""Changes that go alone: each one in a transaction of its own, kept whole or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar, cast

import asyncpg
import msgspec

from engine.adapters.failures import unavailable, unknown
from engine.adapters.postgres.failures import FAILURES, is_lost, is_passing
from engine.adapters.postgres.kinds import PgValue, Row
from engine.adapters.postgres.pool import Connection, Pool
from engine.ports.outside import Probe
from engine.ports.store import Committed, Conflict

A = TypeVar("A")

TRIES: Final = 3
"""How often a change is run that met another one's locks in the wrong order."""


class Statement(msgspec.Struct, frozen=True, gc=False):
    """One statement and its values; where `refused` is given it must change a row.

    Attributes:
        refused: What a `Conflict` names when no row was changed.
        taken: The same when another row has one of its unique texts.
    """

    sql: str
    values: tuple[object, ...]
    refused: str | None = None
    taken: str = "record"


class Guarded(msgspec.Struct, frozen=True, gc=False):
    """One statement that answers with a row of counts; none of them may be 0.

    Attributes:
        refusals: What a `Conflict` names, count by count, the first 0 first.
        taken: The same when another row has one of its unique texts.
    """

    sql: str
    values: tuple[object, ...]
    refusals: tuple[str, ...]
    taken: str = "record"


class Refused(Exception):
    """The change does not fit what is kept: it is undone and answered so."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.conflict = Conflict(what=what)


class _RunAgain(Exception):
    """The server has undone the change for another one's sake, or was not there any more."""


class Transaction:
    """What one change may do: run guarded statements, and read what they decide by."""

    def __init__(self, connection: Connection, probe: Probe) -> None:
        self._connection, self._probe = connection, probe

    async def run(self, statement: Statement) -> None:
        """Run one statement. Raises `Refused` where it had to change a row and did not."""
        try:
            told = await self._connection.execute(statement.sql, *statement.values)
        except asyncpg.UniqueViolationError as failure:
            raise Refused(statement.taken) from failure
        self._probe("after-statement")
        if statement.refused is not None and told.endswith(" 0"):
            raise Refused(statement.refused)

    async def guard(self, guarded: Guarded) -> None:
        """Run one statement. Raises `Refused` where one of its counts is 0."""
        try:
            counts = await self._connection.fetchrow(guarded.sql, *guarded.values)
        except asyncpg.UniqueViolationError as failure:
            raise Refused(guarded.taken) from failure
        self._probe("after-statement")
        for name, count in zip(guarded.refusals, counts or (), strict=True):
            if not count:
                raise Refused(name)

    async def row(self, sql: str, *values: PgValue) -> Row | None:
        """Read one row, or None; what it says to lock is locked until the commit."""
        return cast("Row | None", await self._connection.fetchrow(sql, *values))

    async def rows(self, sql: str, *values: PgValue) -> Sequence[Row]:
        """Read every row."""
        return cast("Sequence[Row]", await self._connection.fetch(sql, *values))


Work = Callable[[Transaction], Awaitable[A]]
"""One change. It may raise `Refused`, to be undone and answered with a conflict.

It is run again after a deadlock, so it changes nothing but through its transaction.
"""


def in_order(*changes: Guarded | Statement) -> Work[Committed]:
    """Make a change of statements that must all hold, one after the other."""

    async def work(transaction: Transaction) -> Committed:
        for change in changes:
            if isinstance(change, Guarded):
                await transaction.guard(change)
            else:
                await transaction.run(change)
        return Committed()

    return work


class Changes:
    """Run changes, as many at a time as there are connections."""

    def __init__(self, pool: Pool, probe: Probe) -> None:
        """Take connections from a pool.

        `probe` is called at `before-begin`, `after-statement`, `before-commit` and
        `after-commit-before-ack` of each transaction.
        """
        self._pool, self._probe = pool, probe

    async def do(self, work: Work[A]) -> A | Conflict:
        """Make one change, durable when this returns.

        Raises:
            StoreUnavailable: Nothing of it was kept.
            UnknownOutcome: The commit's answer was lost.
        """
        for _ in range(TRIES - 1):
            try:
                return await self._once(work)
            except _RunAgain:
                continue
        try:
            return await self._once(work)
        except _RunAgain as again:
            raise unavailable(again.__cause__ or again) from again

    async def _once(self, work: Work[A]) -> A | Conflict:
        async with self._pool.connection() as connection:
            self._probe("before-begin")
            await self._begin(connection)
            try:
                answer = await work(Transaction(connection, self._probe))
            except Refused as refused:
                await _undo(connection)
                return refused.conflict
            except FAILURES as failure:
                await _undo(connection)
                if is_passing(failure):
                    raise _RunAgain from failure
                raise unavailable(failure) from failure
            self._probe("before-commit")
            await _commit(connection)
            self._probe("after-commit-before-ack")
            return answer

    async def _begin(self, connection: Connection) -> None:
        try:
            await connection.execute("BEGIN")
        except FAILURES as failure:
            self._pool.forget_idle()  # the server was started anew, say
            if is_lost(failure) and not isinstance(failure, TimeoutError):
                raise _RunAgain from failure
            raise unavailable(failure) from failure


async def _undo(connection: Connection) -> None:
    """Go back to before the change; the server does it itself once the connection is gone."""
    try:
        await connection.execute("ROLLBACK")
    except FAILURES:
        connection.terminate()


async def _commit(connection: Connection) -> None:
    try:
        told = await connection.execute("COMMIT")
    except FAILURES as failure:
        if is_lost(failure):
            raise unknown(failure) from failure
        if is_passing(failure):
            raise _RunAgain from failure
        raise unavailable(failure) from failure
    if told != "COMMIT":  # it answers ROLLBACK where a statement had failed
        raise unavailable(RuntimeError(told))
