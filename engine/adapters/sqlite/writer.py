"""The one thread that changes the database: whatever waits at a moment shares one transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar, cast

import apsw
from msgspec import Struct
from msgspec.structs import replace

from engine.adapters.failures import unavailable, unknown
from engine.adapters.sqlite.database import FAILURES, Database
from engine.adapters.sqlite.kinds import SqlValue
from engine.adapters.sqlite.statements import Statement
from engine.errors import StoreUnavailable, TrustflowError
from engine.ports.outside import Probe
from engine.ports.store import Conflict

A = TypeVar("A")

UNFIT: Final = (OverflowError, TypeError, ValueError)
"""What binding a value raises that no column can hold: too big, of no known type, no Unicode."""
LONGEST_QUEUE: Final = 10_000
_CHECKPOINT_PAGES: Final = 1_000
_LONGEST_LOG_PAGES: Final = 8_000
"""32 MiB of log: readers that never pause would let it grow; from here they are waited for."""


class Refused(Exception):
    """The change does not fit what is kept: it is undone and answered so after the commit."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.conflict = Conflict(what=what)


class _TransactionLost(Exception):
    """SQLite has given up the transaction under a change: nothing more may run in it."""


class Transaction:
    """What one change may do: run guarded statements, and read what they decide by."""

    def __init__(self, connection: apsw.Connection, probe: Probe) -> None:
        self._connection, self._probe = connection, probe
        self.has_changed = False

    def run(self, statement: Statement) -> None:
        """Run one statement. Raises `Refused` where it had to change a row and did not."""
        self._connection.execute(statement.sql, statement.values)
        changed = self._connection.changes() > 0
        self.has_changed |= changed
        self._probe("after-statement")
        if statement.refused is not None and not changed:
            raise Refused(statement.refused)

    def row(self, sql: str, values: tuple[SqlValue, ...]) -> tuple[SqlValue, ...] | None:
        """Read one row, or None."""
        found = self.rows(sql, values)
        return found[0] if found else None

    def rows(self, sql: str, values: tuple[SqlValue, ...]) -> Sequence[tuple[SqlValue, ...]]:
        """Read every row."""
        return self._connection.execute(sql, values).fetchall()


Work = Callable[[Transaction], A]
"""One change. It may raise `Refused`, to be undone and answered with a conflict."""


class _Job(Struct, frozen=True):
    """A change that waits, who waits for its answer, and whether it may have to be undone."""

    work: Work[object]
    answer: asyncio.Future[object]
    undone: bool


class Writer:
    """Take changes from the event loop, commit them in groups, answer each one after its commit."""

    def __init__(self, database: Database, probe: Probe, batch_limit: int) -> None:
        """Belong to the running event loop; the connection is opened with the first change.

        `probe` is called at `before-begin`, `after-statement`, `before-commit` and
        `after-commit-before-ack` of each batch.
        """
        self._database, self._probe, self._batch_limit = database, probe, batch_limit
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._waiting: deque[_Job] = deque()
        self._batch: list[_Job] = []
        self._at_work = self._is_closed = False
        self._connection: apsw.Connection | None = None
        self._log_pages = 0

    async def do(self, work: Work[A], *, undone: bool = True) -> A | Conflict:
        """Make one change, durable when this returns.

        Args:
            work: Runs in the writer's thread.
            undone: False for a change that is refused by its first statement or not at all. It
                goes without a savepoint, a fifth of its cost; should it have to be undone all
                the same, the whole batch is, and each of its changes runs alone.

        Raises:
            StoreUnavailable: Nothing of it was kept.
            UnknownOutcome: The commit's answer was lost.
        """
        if self._is_closed or len(self._waiting) >= LONGEST_QUEUE:
            raise StoreUnavailable(reason="closed" if self._is_closed else "too many changes wait")
        answer: asyncio.Future[object] = self._loop.create_future()
        self._waiting.append(_Job(work, answer, undone))
        if not self._at_work:
            self._at_work = True
            # Not at once: all that this turn of the loop still brings joins the first batch.
            self._loop.call_soon(self._begin)
        return cast("A | Conflict", await answer)

    async def empty_log(self) -> None:
        """Bring the whole log home and cut it to nothing, as far as nobody reads from it."""
        await self._loop.run_in_executor(
            self._thread, self._checkpoint, apsw.SQLITE_CHECKPOINT_TRUNCATE
        )

    async def close(self) -> None:
        """Finish what waits, then close the connection."""
        self._is_closed = True
        await self._loop.run_in_executor(self._thread, self._finish)
        self._thread.shutdown()

    def _begin(self) -> None:
        self._thread.submit(self._drain).add_done_callback(self._look_after)

    def _recover(self, mistake: BaseException) -> None:
        """Answer a batch that a programmer's mistake has broken, and go on with what waits."""
        for job in self._batch:
            if not job.answer.done():
                job.answer.set_exception(unknown(mistake))
        self._begin()

    def _look_after(self, drained: Future[None]) -> None:
        mistake = drained.exception()
        if mistake is not None:
            self._disconnect()  # and with it goes whatever transaction was open
            self._loop.call_soon_threadsafe(self._recover, mistake)

    def _drain(self) -> None:
        while True:
            while self._waiting:
                self._batch = self._taken()
                outcomes = self._settled(self._batch)
                self._loop.call_soon_threadsafe(_answer, self._batch, outcomes)
                self._tend_log()
            self._at_work = False
            if not self._waiting:  # else one came in between, and saw the thread at work
                return
            self._at_work = True

    def _taken(self) -> list[_Job]:
        count = min(len(self._waiting), self._batch_limit)
        return [self._waiting.popleft() for _ in range(count)]

    def _settled(self, jobs: list[_Job]) -> list[object]:
        try:
            return self._committed(jobs)
        except _TransactionLost:
            return [self._alone(replace(job, undone=True)) for job in jobs]

    def _alone(self, job: _Job) -> object:
        try:
            return self._committed([job])[0]
        except _TransactionLost as lost:
            return unavailable(lost.__cause__ or lost)

    def _committed(self, jobs: list[_Job]) -> list[object]:
        """Run the changes in one transaction.

        Raises:
            _TransactionLost: One of them lost it; nothing of any was kept.
        """
        try:
            connection = self._opened()
            self._probe("before-begin")
            connection.execute("BEGIN IMMEDIATE")
        except FAILURES as failure:
            return [unavailable(failure) for _ in jobs]
        outcomes = [self._tried(connection, job) for job in jobs]
        try:
            self._probe("before-commit")
            connection.execute("COMMIT")
            self._probe("after-commit-before-ack")
        except FAILURES as failure:
            self._disconnect()
            return [unknown(failure) for _ in jobs]
        return outcomes

    def _tried(self, connection: apsw.Connection, job: _Job) -> object:
        transaction = Transaction(connection, self._probe)
        try:
            if job.undone:
                connection.execute("SAVEPOINT hop")
            answer = job.work(transaction)
            if job.undone:
                connection.execute("RELEASE hop")
        except Refused as refused:
            _undo(connection, job, transaction, refused)
            return refused.conflict
        except (*FAILURES, *UNFIT) as failure:
            _undo(connection, job, transaction, failure)
            return unavailable(failure)
        return answer

    def _opened(self) -> apsw.Connection:
        """Give the connection, a new one where the last one's state is not known."""
        if self._connection is None:
            self._connection = self._database.connect()
            self._connection.set_wal_hook(self._log_grew)
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*FAILURES):
                connection.close(True)

    def _finish(self) -> None:
        self._drain()
        self._disconnect()

    def _log_grew(self, _: apsw.Connection, __: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _tend_log(self) -> None:
        """Bring the log home once it is long; nobody waits for an answer meanwhile."""
        if self._log_pages >= _CHECKPOINT_PAGES:
            too_long = self._log_pages >= _LONGEST_LOG_PAGES
            self._checkpoint(
                apsw.SQLITE_CHECKPOINT_RESTART if too_long else apsw.SQLITE_CHECKPOINT_PASSIVE
            )

    def _checkpoint(self, mode: int) -> None:
        if self._connection is not None:
            with suppress(*FAILURES):
                self._connection.wal_checkpoint(mode=mode)


def _undo(
    connection: apsw.Connection, job: _Job, transaction: Transaction, cause: BaseException
) -> None:
    """Go back to before the change. Raises `_TransactionLost` where there is no way back."""
    if not connection.in_transaction:
        raise _TransactionLost from cause
    if not job.undone:
        if transaction.has_changed:
            raise _TransactionLost from cause
        return
    try:
        connection.execute("ROLLBACK TO hop")
        connection.execute("RELEASE hop")
    except FAILURES as failure:
        raise _TransactionLost from failure


def _answer(jobs: Sequence[_Job], outcomes: Sequence[object]) -> None:
    """Wake everybody who waits; who has given up is passed over."""
    for job, outcome in zip(jobs, outcomes, strict=True):
        if job.answer.done():
            continue
        if isinstance(outcome, TrustflowError):
            job.answer.set_exception(outcome)
        else:
            job.answer.set_result(outcome)
