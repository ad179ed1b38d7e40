"""Hops that stage nothing, many in one statement: whatever waits at a moment shares a commit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.adapters.failures import unknown
from engine.adapters.postgres import statements
from engine.adapters.postgres.changes import Changes
from engine.adapters.postgres.failures import FAILURES, is_lost
from engine.adapters.postgres.pool import Pool
from engine.errors import StoreUnavailable, TrustflowError, UnknownOutcome
from engine.model.names import HopId, InstanceId, TenantId
from engine.ports.outside import Probe
from engine.ports.store import Committed, Conflict, Hop

LONGEST_QUEUE: Final = 10_000
AT_ONCE: Final = 2
"""Batches on their way at a time: while the server writes one, the next one is put together."""

Answer = Committed | Conflict | TrustflowError
Key = tuple[TenantId, InstanceId]


@dataclass(frozen=True, slots=True)
class _Job:
    """A hop that waits, and who waits for its answer."""

    hop: Hop
    answer: asyncio.Future[Committed | Conflict]

    @property
    def key(self) -> Key:
        """The instance it moves."""
        return self.hop.instance.tenant, self.hop.instance.id

    def tell(self, answer: Answer) -> None:
        """Wake who waits; who has given up is passed over."""
        if self.answer.done():
            return
        if isinstance(answer, TrustflowError):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


class Batches:
    """Put waiting hops together, one of each instance at a time.

    A batch is one statement, and so it is one transaction that is committed as it is sent: where
    its answer is lost, nobody knows. What the server refuses as a whole runs again, one by one.
    """

    def __init__(self, pool: Pool, changes: Changes, probe: Probe, limit: int) -> None:
        """`probe`: called at the points that `Changes` names; `limit`: hops of one batch."""
        self._pool, self._changes, self._probe, self._limit = pool, changes, probe, limit
        self._waiting: deque[_Job] = deque()
        self._moving: set[Key] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_work = 0
        self._is_closed = False

    async def do(self, hop: Hop) -> Committed | Conflict:
        """Commit one hop, durable when this returns.

        Raises:
            StoreUnavailable: Nothing of it was kept.
            UnknownOutcome: The answer was lost.
        """
        if self._is_closed or len(self._waiting) >= LONGEST_QUEUE:
            raise StoreUnavailable(reason="closed" if self._is_closed else "too many changes wait")
        job = _Job(hop, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        self._begin()
        return await job.answer

    async def close(self) -> None:
        """Finish what waits."""
        self._is_closed = True
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self) -> None:
        if self._at_work < AT_ONCE and self._waiting:
            # Not at once: all that this turn of the loop still brings joins the batch.
            self._at_work += 1
            task = asyncio.get_running_loop().create_task(self._drain(), name="postgres-batch")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _drain(self) -> None:
        try:
            while jobs := self._taken():
                await self._settle(jobs)
        finally:
            self._at_work -= 1
            if not self._at_work:  # a programmer's mistake has ended it: others still wait
                self._begin()

    def _taken(self) -> list[_Job]:
        """Take hops off the queue in their order, of each instance the first."""
        taken: list[_Job] = []
        left: list[_Job] = []
        while self._waiting and len(taken) < self._limit:
            job = self._waiting.popleft()
            (left if job.key in self._moving else taken).append(job)
            self._moving.add(job.key)
        self._waiting.extendleft(reversed(left))
        return taken

    async def _settle(self, jobs: Sequence[_Job]) -> None:
        try:
            answers = await self._answers([job.hop for job in jobs])
            for job in jobs:
                job.tell(answers.get((job.hop.instance.tenant, job.hop.id), _REFUSED))
        finally:
            for job in jobs:
                self._moving.discard(job.key)
                job.tell(UnknownOutcome(reason="the batch was given up"))

    async def _answers(self, hops: Sequence[Hop]) -> Mapping[tuple[TenantId, HopId], Answer]:
        try:
            return await self._together(hops)
        except (StoreUnavailable, UnknownOutcome) as error:
            return {_id(hop): _another(error) for hop in hops}
        except FAILURES as failure:
            if is_lost(failure):
                self._pool.forget_idle()
                return {_id(hop): unknown(failure) for hop in hops}
        return {_id(hop): await self._alone(hop) for hop in hops}

    async def _together(self, hops: Sequence[Hop]) -> Mapping[tuple[TenantId, HopId], Answer]:
        async with self._pool.connection() as connection:
            self._probe("before-begin")
            self._probe("before-commit")
            winners = await connection.fetch(statements.MOVE, *statements.columns(hops))
            self._probe("after-commit-before-ack")
        return {(tenant, hop): Committed() for tenant, hop in winners}

    async def _alone(self, hop: Hop) -> Answer:
        try:
            return await self._changes.do(statements.of_hop(hop))
        except TrustflowError as error:
            return error


_REFUSED: Final = Conflict(what="revision")


def _id(hop: Hop) -> tuple[TenantId, HopId]:
    return hop.instance.tenant, hop.id


def _another(error: TrustflowError) -> TrustflowError:
    """Make an error of its own for each who waits: one that is raised twice tells both stories."""
    other = type(error)(**error.facts)
    other.__cause__ = error
    return other
