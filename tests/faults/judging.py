"""What must be true of a store whatever was killed: each instance is its journal, none is stuck."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from engine.interpret import advance, new_instance
from engine.model.event import Started
from engine.model.graph import ProcessGraph
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, InstanceId
from engine.model.turn import Turn
from engine.ports.store import InstanceQuery, Store
from engine.records.journal import JournalRow
from engine.run.hop.journal import broken_at, event_of
from engine.run.pump import Pump
from engine.testing import NOON, FrozenClock
from tests.bench import Bench, bench
from tests.faults.places import Place
from tests.faults.walks import ELSEWHERE

LATER: Final = timedelta(days=20)
"""Every wait and every deadline of the walks is over by then."""
Found = dict[InstanceId, ProcessInstance]


def judge(place: Place) -> int:
    """Look at a database that was killed; give how many instances were rebuilt. Changes it.

    The rows of the instances are deleted, and each is made again of its journal and definition
    alone. Before that, time passes until nothing is left to wait for.
    """
    kept = asyncio.run(_ended(place))
    hops = Counter(InstanceId(str(instance)) for _, _, instance, *_ in place.rows()["hops"])
    place.tell("DELETE FROM instances")
    return asyncio.run(_rebuilt(place, kept, hops))


async def _ended(place: Place) -> Found:
    store = await place.open(FrozenClock(NOON))
    house = bench(store, FrozenClock(NOON), seed=99, redirects=ELSEWHERE)
    await assert_replays(house)
    await store.close()
    late = FrozenClock(NOON + LATER)
    store = await place.open(late)
    house = bench(store, late, seed=100, redirects=ELSEWHERE)
    while await Pump(store, house.loop, late).sweep():
        pass
    found = await instances(store)
    for instance in found.values():
        assert instance.is_over or instance.is_held or instance.status == "REVIEW", instance
    await store.close()
    return found


async def _rebuilt(place: Place, kept: Found, hops: Counter[InstanceId]) -> int:
    store = await place.open(FrozenClock(NOON))
    house = bench(store, FrozenClock(NOON), seed=99)
    for id, instance in kept.items():
        graph = await house.library.graph(MAIN_TENANT, instance.bundle)
        journal = await store.journal(MAIN_TENANT, id)
        assert broken_at(journal) is None
        if any(row.payload is None for row in journal):
            continue  # erased: the chain alone is left, and it holds
        made = replayed(graph, id, journal, revision=hops[id])
        assert made == instance
    await store.close()
    return len(kept)


async def instances(store: Store) -> Found:
    """Read every instance."""
    found: Found = {}
    while True:
        page = await store.instances(MAIN_TENANT, InstanceQuery(page=len(found) // 200, size=200))
        found |= {instance.id: instance for instance in page.rows}
        if len(found) >= page.total:
            return found


async def assert_replays(house: Bench) -> int:
    """Hold every instance beside its journal; give how many there are."""
    found = await instances(house.store)
    for id, instance in found.items():
        graph = await house.library.graph(MAIN_TENANT, instance.bundle)
        journal = await house.store.journal(MAIN_TENANT, id)
        assert broken_at(journal) is None
        if all(row.payload is not None for row in journal):
            assert replayed(graph, id, journal, revision=instance.revision) == instance
    return len(found)


def replayed(
    graph: ProcessGraph, id: InstanceId, journal: Sequence[JournalRow], *, revision: int
) -> ProcessInstance:
    """Make an instance of its journal and definition alone; `revision`: how many hops it had."""
    first = event_of(journal[0])
    assert isinstance(first, Started)
    state = new_instance(
        graph, tenant=MAIN_TENANT, id=id, parameters={}, at=first.at, deadline=first.deadline
    )
    for row in journal:
        event = event_of(row)
        assert event is not None
        turn = advance(graph, state, event)
        assert isinstance(turn, Turn), (row.kind, turn)
        state = turn.instance
    last = journal[-1]
    return replace(state, revision=revision, sequence=last.sequence, chain=last.chain.hex())
