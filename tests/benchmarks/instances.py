"""Instances of the five-node journey without HTTP: in memory, and durable beside plain SQL."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.adapters.memory import MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.adapters.sqlite.database import Database
from engine.adapters.sqlite.writer import Writer
from engine.adapters.system import SystemClock
from tests.benchmarks import plain, texts
from tests.benchmarks.houses import House, hops_of, house
from tests.benchmarks.measure import Effort, Row, in_turn, middle

SPIFFWORKFLOW_MICROSECONDS = 900
XSTATE_MICROSECONDS = 400
AT_ONCE = 64
BATCH_LIMIT = 256

Walk = Callable[[], Awaitable[object]]


async def memory(effort: Effort) -> list[Row]:
    """Measure the CPU time of an instance in memory: all but the disk, the journal included."""
    one = await house(MemoryStore(SystemClock()))
    await cpu_of(one, 200)
    (found,) = await in_turn(effort, lambda: cpu_of(one, 500))
    return [
        Row(
            name="instance in memory, validation and journal on",
            unit="us CPU",
            ours=middle(found),
            baseline=SPIFFWORKFLOW_MICROSECONDS,
            bar=1.0,
            better="less",
            note="baseline: SpiffWorkflow, its figure in design 11, not measured here; "
            f"towards XState's {XSTATE_MICROSECONDS}",
        )
    ]


async def cpu_of(one: House, count: int) -> float:
    """Walk so many instances; give the microseconds of CPU of one."""
    began = time.process_time()
    for _ in range(count):
        await one.instance()
    return (time.process_time() - began) / count * 1e6


async def durable(effort: Effort) -> list[Row]:
    """Measure durable instances/s beside plain SQL with the same two commits in the same groups."""
    with TemporaryDirectory() as folder:
        ours, bare = Path(folder) / "ours.db", Path(folder) / "plain.db"
        store = await SqliteStore.open(ours, clock=SystemClock())
        twin = await SqliteStore.open(bare, clock=SystemClock())
        one = await house(store)
        walk_plainly = await plain_walk(twin)
        writer = Writer(Database(path=bare), lambda point: None, BATCH_LIMIT)
        fast, slow = await in_turn(
            effort,
            lambda: rate_of(one.instance, effort.seconds),
            lambda: rate_of(lambda: walk_plainly(writer), effort.seconds),
        )
        await writer.close()
        await twin.close()
        await store.close()
    return [
        Row(
            name="durable instances on SQLite, no HTTP",
            unit="/s",
            ours=middle(fast),
            baseline=middle(slow),
            bar=0.5,
            note=f"{AT_ONCE} at once; baseline: plain SQL, the same two commits, the same groups",
        )
    ]


async def plain_walk(twin: SqliteStore) -> Callable[[Writer], Awaitable[None]]:
    """Give what does an instance's two commits in plain SQL, into the twin's file."""
    created, ended = (plain.Stencil.of(hop) for hop in await hops_of(twin, texts.FIVE, 1))
    numbers = itertools.count(1)

    async def walk(writer: Writer) -> None:
        number = next(numbers)
        instance = f"{number:026d}"
        await plain.commit(writer, created.filled(instance, f"{instance}a", 1))
        await plain.commit(writer, ended.filled(instance, f"{instance}b", 2))

    return walk


async def rate_of(walk: Walk, seconds: float) -> float:
    """Walk many at once for so long; give the walks per second."""
    done = 0
    began = time.perf_counter()
    end = began + seconds

    async def one_after_the_other() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await walk()
            done += 1

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return done / (time.perf_counter() - began)
