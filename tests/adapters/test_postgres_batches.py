"""Batches on PostgreSQL: whatever waits shares a commit, and nobody pays for a neighbour."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from engine.adapters.postgres import PostgresStore, statements
from engine.errors import StoreUnavailable
from engine.model.names import MAIN_TENANT, HopId, InstanceId, TenantId
from engine.ports.store import Committed, Conflict, Due, Hop
from engine.records.identity import User
from engine.records.record import Absent, Put, Staged
from engine.testing import NOON, FrozenClock, a_hop, an_instance
from tests.postgres import a_database

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


class House:
    """A store, and a way to the server beside it."""

    def __init__(
        self, store: PostgresStore, beside: "asyncpg.Connection[asyncpg.Record]", seen: list[str]
    ) -> None:
        self.store, self.beside, self.seen = store, beside, seen

    async def together(self, *hops: Hop) -> list[object]:
        """Commit hops that all wait at one moment; answers and errors in their order."""
        return list(await asyncio.gather(*map(self.store.commit, hops), return_exceptions=True))

    async def commits(self) -> int:
        """Count the transactions that wrote the hops that are there."""
        found = await self.beside.fetchval("SELECT count(DISTINCT xmin::text) FROM hops")
        assert isinstance(found, int)
        return found

    async def revision(self, hop: Hop) -> int:
        """Tell where a hop's instance stands."""
        loaded = await self.store.load(hop.instance.tenant, hop.instance.id)
        return loaded.instance.revision


@pytest.fixture
async def house(clock: FrozenClock) -> AsyncIterator[House]:
    seen: list[str] = []
    async with a_database() as address:
        store = await PostgresStore.open(address, clock=clock, probe=seen.append, batch_limit=32)
        beside = await asyncpg.connect(address.whole, timeout=5)
        yield House(store, beside, seen)
        await store.close()
        await beside.close()


def first_hop(number: int, **changes: object) -> Hop:
    return a_hop(an_instance(id=InstanceId(f"{number:026}")), **changes)


def next_hop(hop: Hop, **changes: object) -> Hop:
    revision = hop.instance.revision + 1
    return a_hop(an_instance(id=hop.instance.id, revision=revision), **changes)


def a_user(id: str) -> Staged:
    row = User(id=id, store="s", ext_id=id, created_at=NOON, updated_at=NOON)
    return Staged(writes=(Put(row=row, expect=Absent()),))


async def test_sixty_four_clients_share_their_commits(house: House) -> None:
    firsts = [first_hop(n) for n in range(64)]
    assert await house.together(*firsts) == [Committed()] * 64
    await house.beside.execute("DELETE FROM hops")

    async def client(hop: Hop) -> None:
        for _ in range(10):
            hop = next_hop(hop)
            assert await house.store.commit(hop) == Committed()

    await asyncio.gather(*map(client, firsts))

    assert await house.beside.fetchval("SELECT count(*) FROM hops") == 640
    assert 0 < await house.commits() <= 640 / 4


async def test_a_batch_holds_no_more_than_its_limit(house: House) -> None:
    firsts = [first_hop(n) for n in range(100)]
    await house.together(*firsts)
    house.seen.clear()

    answers = await house.together(*map(next_hop, firsts))

    assert answers == [Committed()] * 100
    assert house.seen.count("before-commit") == 4


async def test_a_hop_that_creates_redeems_or_stages_goes_alone(house: House) -> None:
    plain = next_hop(first_hop(1))

    assert statements.is_plain(plain)
    assert not statements.is_plain(first_hop(1))
    assert not statements.is_plain(next_hop(first_hop(1), staged=a_user("u")))
    assert not statements.is_plain(next_hop(first_hop(1), staged=Staged(owned=True)))


async def test_a_batch_holds_an_instance_once(house: House) -> None:
    hop = first_hop(1)
    await house.store.commit(hop)
    twins = [next_hop(hop, id=HopId(f"twin-{n}")) for n in range(16)]

    answers = await house.together(*twins, next_hop(next_hop(hop)))

    assert answers == [Committed(), *[Conflict(what="revision")] * 15, Committed()]
    assert await house.revision(hop) == 3
    assert [twin.id for twin in twins if await house.store.has_hop(MAIN_TENANT, twin.id)] == [
        twins[0].id
    ]


async def test_a_refused_hop_does_not_touch_its_neighbours(house: House) -> None:
    firsts = [first_hop(n) for n in range(8)]
    await house.together(*firsts)
    hops = [next_hop(hop) for hop in firsts]
    hops[3] = next_hop(hops[3])  # made from a revision that never was
    hops[5] = next_hop(first_hop(99))  # of an instance that never was

    answers = await house.together(*hops)

    assert [answer for answer in answers if answer != Committed()] == [
        Conflict(what="revision")
    ] * 2
    assert [await house.revision(hop) for hop in firsts] == [2, 2, 2, 1, 2, 1, 2, 2]
    assert await house.beside.fetchval("SELECT count(*) FROM hops") == 14


async def test_a_hop_id_that_is_taken_fails_alone(house: House) -> None:
    firsts = [first_hop(n) for n in range(4)]
    await house.together(*firsts)
    hops = [next_hop(hop) for hop in firsts]
    hops[2] = next_hop(firsts[2], id=firsts[0].id)

    answers = await house.together(*hops)

    assert answers == [Committed(), Committed(), Conflict(what="exists"), Committed()]
    assert await house.revision(firsts[2]) == 1


async def test_a_value_that_no_column_holds_fails_alone(house: House) -> None:
    firsts = [first_hop(n) for n in range(4)]
    await house.together(*firsts)
    hops = [next_hop(hop) for hop in firsts]
    hops[1] = next_hop(firsts[1], id=HopId("a\x00b"))

    answers = await house.together(*hops)

    assert isinstance(answers.pop(1), StoreUnavailable)
    assert answers == [Committed()] * 3
    assert await house.store.commit(next_hop(firsts[1])) == Committed()


async def test_two_tenants_of_one_id_are_two_instances_of_a_batch(house: House) -> None:
    other = a_hop(an_instance(tenant=TenantId("other"), id=InstanceId("1".zfill(26))))
    hop = first_hop(1)
    assert await house.together(hop, other) == [Committed()] * 2
    moved = an_instance(tenant=TenantId("other"), id=other.instance.id, revision=2)

    answers = await house.together(next_hop(hop), a_hop(moved), next_hop(next_hop(hop)))

    assert answers == [Committed()] * 3
    assert (await house.revision(hop), await house.revision(other)) == (3, 2)


async def test_whoever_gives_up_is_passed_over(house: House) -> None:
    firsts = [first_hop(n) for n in range(4)]
    await house.together(*firsts)
    waiting = [asyncio.ensure_future(house.store.commit(next_hop(hop))) for hop in firsts]
    await asyncio.wait(waiting, timeout=0)
    waiting[0].cancel()

    answers = await asyncio.gather(*waiting, return_exceptions=True)

    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [Committed()] * 3
    assert await house.store.commit(next_hop(next_hop(firsts[1]))) == Committed()


async def test_a_closed_store_takes_nothing_and_finishes_what_waits(house: House) -> None:
    hop = first_hop(1)
    await house.store.commit(hop)
    waiting = asyncio.ensure_future(house.store.commit(next_hop(hop)))
    await asyncio.wait([waiting], timeout=0)

    await house.store.close()

    assert await waiting == Committed()
    for late in (next_hop(next_hop(hop)), first_hop(2)):
        with pytest.raises(StoreUnavailable):
            await house.store.commit(late)


async def test_due_work_that_another_one_moves_is_passed_over(
    house: House, clock: FrozenClock
) -> None:
    firsts = [first_hop(n) for n in range(3)]
    await house.together(*firsts)
    clock.move(timedelta(hours=2))

    async with house.beside.transaction():
        await house.beside.execute(
            "SELECT FROM waits WHERE instance = $1 FOR UPDATE", firsts[1].instance.id
        )
        meanwhile = await house.store.due(10)
    after = await house.store.due(10)

    due = [Due(tenant=MAIN_TENANT, instance=hop.instance.id) for hop in firsts]
    assert meanwhile == [due[0], due[2]]
    assert after == due
