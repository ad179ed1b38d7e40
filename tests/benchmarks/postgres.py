"""Durable instances on PostgreSQL without HTTP, beside plain SQL with the same two commits."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections.abc import Sequence
from contextlib import AsyncExitStack

from engine.adapters.address import Address
from engine.adapters.encoding import micros
from engine.adapters.postgres import PostgresStore, statements
from engine.adapters.postgres.batches import AT_ONCE as BATCHES_AT_ONCE
from engine.adapters.postgres.changes import Changes, Guarded, in_order
from engine.adapters.postgres.pool import Pool
from engine.adapters.postgres.store import BATCH_LIMIT, WRITERS
from engine.model.names import MAIN_TENANT
from engine.ports.actor import Actor
from engine.ports.outside import no_probe
from engine.ports.store import Conflict
from engine.run.entry.tokens import Minted, TokenRequest
from tests.benchmarks import texts
from tests.benchmarks.houses import ONE_USER, House, hops_of, house
from tests.benchmarks.instances import AT_ONCE, rate_of
from tests.benchmarks.measure import Effort, Row, in_turn, middle, say
from tests.postgres import ABSENT, a_database, a_store_at, is_there

ID_PLACE, HOP_PLACE = 1, 7
"""Where the instance's and the hop's id stand among the values of a hop."""


async def durable(effort: Effort) -> list[Row]:
    """Measure durable instances/s; each of the many at once has a token, as each person has."""
    if not await is_there():
        say(f"  postgres: left out, {ABSENT}")
        return []
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(a_database())
        bare = await stack.enter_async_context(a_database())
        store = await stack.enter_async_context(a_store_at(ours))
        twin = await stack.enter_async_context(a_store_at(bare))
        rooms = itertools.cycle(await _rooms(await house(store)))
        plain = await _Plain.beside(twin, bare)
        fast, slow = await in_turn(
            effort,
            lambda: rate_of(lambda: next(rooms).instance(), effort.seconds),
            lambda: rate_of(plain.walk, effort.seconds),
        )
        await plain.close()
    return [
        Row(
            name="durable instances on PostgreSQL, no HTTP",
            unit="/s",
            ours=middle(fast),
            baseline=middle(slow),
            bar=0.5,
            note=f"{AT_ONCE} at once; baseline: plain SQL, the same two commits, the same groups",
        )
    ]


async def _rooms(one: House) -> list[House]:
    """Give the house once for each that walks at a time, with a token of its own."""
    return [dataclasses.replace(one, token=await _token(one, n)) for n in range(AT_ONCE)]


async def _token(one: House, number: int) -> Minted:
    app, process = one.application, one.token.token.process
    actor = Actor(name="bench", at=await app.store.now(), chance=app.chance)
    request = TokenRequest(
        name=f"{process} {number}", process=process, type="UNLIMITED", parameters=dict(ONE_USER)
    )
    minted = await app.office.create(MAIN_TENANT, request, by=actor)
    assert isinstance(minted, Minted), minted
    return minted


class _Plain:
    """The statements of two real hops, run again for other instances."""

    def __init__(
        self, address: Address, created: Sequence[object], ended: Sequence[object], at: int
    ) -> None:
        self._created, self._ended = created, ended
        self._at = at
        self._sql, self._refusals = statements.ALONE[True, False, True]
        self._changes = Changes(Pool(address, WRITERS), no_probe)
        self._pool = Pool(address, BATCHES_AT_ONCE)
        self._numbers = itertools.count(1)
        self._waiting: list[tuple[tuple[object, ...], asyncio.Future[None]]] = []
        self._at_work = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.tokens = itertools.cycle([""])

    @classmethod
    async def beside(cls, twin: PostgresStore, address: Address) -> _Plain:
        """Cut the statements out of real hops of another house."""
        created, ended = await hops_of(twin, texts.FIVE, 1)
        values = [[column[0] for column in statements.columns((hop,))] for hop in (created, ended)]
        assert created.redeem is not None
        plain = cls(address, values[0], values[1], micros(created.redeem.at))
        rooms = await _rooms(
            await house(twin, texts.FIVE.replace("process: ", "process: other-", 1))
        )
        plain.tokens = itertools.cycle([room.token.token.id for room in rooms])
        return plain

    async def walk(self) -> None:
        """Do an instance's two commits."""
        number = next(self._numbers)
        instance, token = f"{number:026d}", next(self.tokens)

        row = [[value] for value in self._filled(self._created, instance, "a")]
        used = (MAIN_TENANT, token, self._at)
        created = Guarded(self._sql, (*row, *used), self._refusals)
        answer = await self._changes.do(in_order(created))
        assert not isinstance(answer, Conflict), answer
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._filled(self._ended, instance, "b"), done))
        if self._at_work < BATCHES_AT_ONCE:
            self._at_work += 1
            task = asyncio.create_task(self._drain())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await done

    async def close(self) -> None:
        """End the connections."""
        await self._pool.close()

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH_LIMIT], self._waiting[BATCH_LIMIT:]
            columns = [list(column) for column in zip(*(row for row, _ in batch), strict=True)]
            async with self._pool.connection() as connection:
                won = await connection.fetch(statements.MOVE, *columns)
            assert len(won) == len(batch)
            for _, done in batch:
                done.set_result(None)
        self._at_work -= 1

    @staticmethod
    def _filled(values: Sequence[object], instance: str, end: str) -> tuple[object, ...]:
        filled = list(values)
        filled[ID_PLACE], filled[HOP_PLACE] = instance, f"{instance}{end}"
        return tuple(filled)
