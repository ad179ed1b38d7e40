"""PostgreSQL in trouble: answers are lost, connections killed, disks full, locks crossed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import asyncpg
import pytest

from engine.adapters.address import Address
from engine.adapters.postgres import PostgresStore
from engine.errors import StoreUnavailable, UnknownOutcome
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, AccountKey, HopId, InstanceId
from engine.ports.store import Charged, ClaimKey, Committed, Conflict, Hop
from engine.records.identity import User
from engine.records.record import Absent, Put, Staged, Version
from engine.testing import NOON, FrozenClock, a_hop, an_instance
from tests.adapters.claimant import one_more
from tests.adapters.wire import COMMIT, Moment, Wire, a_wire
from tests.bench import RIGHT, WRONG, bench, ref
from tests.postgres import a_database

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

FIRST = InstanceId("0" * 26)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A store whose wire can be cut, and a way to the server beside it."""

    store: PostgresStore
    wire: Wire
    address: Address
    beside: "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def setup(clock: FrozenClock) -> AsyncIterator[Setup]:
    async with a_database() as address, a_wire(address) as (wire, near):
        store = await PostgresStore.open(near, clock=clock)
        beside = await asyncpg.connect(address.whole, timeout=5)
        yield Setup(store=store, wire=wire, address=address, beside=beside)
        await store.close()
        await beside.close()


def moved(revision: int, *, id: str = "", **changes: object) -> Hop:
    name = {"id": HopId(id)} if id else {}
    return a_hop(an_instance(revision=revision), **name, **changes)


def a_user(id: str = "u1", version: int | None = None) -> Put:
    row = User(id=id, store="s", ext_id=id, created_at=NOON, updated_at=NOON)
    return Put(row=row, expect=Absent() if version is None else Version(number=version))


async def where(store: PostgresStore) -> ProcessInstance:
    return (await store.load(MAIN_TENANT, FIRST)).instance


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", ["alone", "batch"])
async def test_a_commit_whose_answer_is_lost_is_unknown_and_looked_up(
    setup: Setup, moment: Moment, kind: str
) -> None:
    await setup.store.commit(moved(1))
    staged = Staged(writes=(a_user(),)) if kind == "alone" else Staged()
    hop = moved(2, id="the-lost-hop", staged=staged)
    setup.wire.cut(moment, COMMIT if kind == "alone" else b"the-lost-hop")

    with pytest.raises(UnknownOutcome):
        await setup.store.commit(hop)

    is_kept = moment == "after"
    assert setup.wire.cuts == 1
    assert await setup.store.has_hop(MAIN_TENANT, hop.id) == is_kept
    assert (await where(setup.store)).revision == (2 if is_kept else 1)
    again = await setup.store.commit(hop)
    assert again == (Conflict(what="revision") if is_kept else Committed())
    assert len(await setup.store.journal(MAIN_TENANT, FIRST)) == 2


@pytest.mark.parametrize("is_kept", [True, False])
async def test_a_commit_that_is_still_on_its_way_is_waited_for(setup: Setup, is_kept: bool) -> None:
    twin = setup.beside.transaction()
    await twin.start()
    await setup.beside.execute(
        "INSERT INTO hops (tenant, id, instance, revision, rows) VALUES ('main', 'me', 'i', 1, '')"
    )
    asking = asyncio.ensure_future(setup.store.has_hop(MAIN_TENANT, HopId("me")))
    done, _ = await asyncio.wait([asking], timeout=0.3)
    await (twin.commit() if is_kept else twin.rollback())

    assert not done
    assert await asking == is_kept


async def test_a_batch_whose_answer_is_lost_does_not_flood_the_server(setup: Setup) -> None:
    firsts = [an_instance(id=InstanceId(f"{n:026}")) for n in range(60)]
    await asyncio.gather(*(setup.store.commit(a_hop(one)) for one in firsts))
    hops = [a_hop(an_instance(id=one.id, revision=2), id=HopId(f"lost-{one.id}")) for one in firsts]
    setup.wire.cut("after", b"lost-")

    answers = await asyncio.gather(*map(setup.store.commit, hops), return_exceptions=True)
    kept = await asyncio.gather(*(setup.store.has_hop(MAIN_TENANT, hop.id) for hop in hops))

    assert all(isinstance(answer, UnknownOutcome) for answer in answers)
    assert all(kept)
    assert setup.wire.most <= 14


async def test_a_unit_whose_answer_is_lost_is_told_by_its_preconditions(setup: Setup) -> None:
    setup.wire.cut("after", COMMIT)

    with pytest.raises(UnknownOutcome):
        await setup.store.write(MAIN_TENANT, Staged(writes=(a_user(),)))

    again = await setup.store.write(MAIN_TENANT, Staged(writes=(a_user(),)))
    assert again == Conflict(what="record")
    assert await setup.store.get(MAIN_TENANT, User, "u1") is not None


async def test_a_charge_whose_answer_is_lost_is_not_charged_again(setup: Setup) -> None:
    await setup.store.commit(moved(1))
    step = ClaimKey(tenant=MAIN_TENANT, instance=FIRST, revision=1)
    me, account = HopId("me"), AccountKey("user:u1")
    setup.wire.cut("after", COMMIT)

    answer = await setup.store.claim_and_charge(step, me, account, one_more)

    assert setup.wire.cuts == 1
    assert isinstance(answer, Charged)
    assert answer.attempts.failures == 1


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_person_does_not_notice_a_lost_answer(
    setup: Setup, clock: FrozenClock, moment: Moment
) -> None:
    house = bench(setup.store, clock)
    await house.deploy()
    await house.user()
    begun = await house.begin((await house.link()).secret)
    instance = (await house.at(begun)).instance
    assert instance.wait is not None
    setup.wire.cut(moment, COMMIT)  # it charges the account
    await house.answer(begun, passcode=WRONG)
    setup.wire.cut(moment, COMMIT, passing=1)  # it keeps the verdict

    done = await house.answer(begun, passcode=RIGHT)

    assert setup.wire.cuts == 2
    state = (await house.loop.current(ref(begun))).instance
    assert state.status == "COMPLETED_ENDED_SUCCESS", done
    rows = await setup.store.journal(MAIN_TENANT, begun.instance)
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_change_that_loses_its_connection_before_commit_keeps_nothing(
    setup: Setup, moment: Moment
) -> None:
    await setup.store.commit(moved(1))
    hop = moved(2, staged=Staged(writes=(a_user("the-lost-user"),)))
    setup.wire.cut(moment, b"the-lost-user")

    with pytest.raises(StoreUnavailable):
        await setup.store.commit(hop)

    assert not await setup.store.has_hop(MAIN_TENANT, hop.id)
    assert (await where(setup.store)).revision == 1
    assert await setup.store.commit(hop) == Committed()


async def test_connections_that_died_unused_are_replaced(setup: Setup) -> None:
    await setup.store.commit(moved(1))
    await setup.store.commit(moved(2))
    setup.wire.cut_all()

    found = await where(setup.store)
    unit = await setup.store.write(MAIN_TENANT, Staged(writes=(a_user(),)))

    assert found.revision == 2
    assert unit == Committed()
    assert await setup.store.commit(moved(3)) == Committed()


async def test_a_server_that_ends_every_connection_is_asked_anew(setup: Setup) -> None:
    await setup.store.commit(moved(1))
    await setup.store.commit(moved(2))
    ports = setup.wire.ports()
    killed = await setup.beside.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE client_port = ANY($1)",
        ports,
    )

    assert killed == len(ports) > 1
    assert (await where(setup.store)).revision == 2
    assert await setup.store.commit(moved(3, staged=Staged(writes=(a_user(),)))) == Committed()


async def test_a_server_that_is_gone_is_said_to_be_unavailable(setup: Setup) -> None:
    nowhere = Address.parse("postgresql://me@127.0.0.1:1/x")

    with pytest.raises(StoreUnavailable):
        await PostgresStore.open(nowhere)


@pytest.mark.slow
async def test_nothing_waits_for_ever(setup: Setup) -> None:
    await setup.store.commit(moved(1))
    other = an_instance(id=InstanceId("1" * 26))
    await setup.store.commit(a_hop(other))
    async with setup.beside.transaction():
        await setup.beside.execute("SELECT FROM instances WHERE id = $1 FOR UPDATE", FIRST)
        setup.wire.cut("silent", b"the-unheard-hop")

        async with asyncio.timeout(12):
            locked, unheard = await asyncio.gather(
                setup.store.commit(moved(2, staged=Staged(writes=(a_user(),)))),
                setup.store.commit(
                    a_hop(an_instance(id=other.id, revision=2), id=HopId("the-unheard-hop"))
                ),
                return_exceptions=True,
            )

    assert isinstance(locked, StoreUnavailable)
    assert isinstance(unheard, UnknownOutcome)
    assert await setup.store.commit(moved(2)) == Committed()


async def test_whoever_gives_up_leaves_no_connection_in_use(setup: Setup) -> None:
    await setup.store.commit(moved(1))
    async with setup.beside.transaction():
        await setup.beside.execute("SELECT FROM instances FOR UPDATE")
        for number in range(20):
            waiting = asyncio.ensure_future(
                setup.store.commit(moved(2, staged=Staged(writes=(a_user(f"u{number}"),))))
            )
            await asyncio.wait([waiting], timeout=0.02)
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting

    assert await setup.store.commit(moved(2, staged=Staged(writes=(a_user(),)))) == Committed()


async def test_one_node_has_a_bounded_number_of_connections(setup: Setup) -> None:
    hops = [a_hop(an_instance(id=InstanceId(f"{n:026}"))) for n in range(100)]

    answers = await asyncio.gather(
        *map(setup.store.commit, hops), *(setup.store.now() for _ in range(100))
    )

    assert answers[:100] == [Committed()] * 100
    assert 1 < setup.wire.most <= 12


async def raising(setup: Setup, code: str, when: str) -> None:
    """Let the server fail with a code whenever a hop's row is written `when` that holds."""
    await setup.beside.execute(f"""
        CREATE SEQUENCE tries;
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          PERFORM nextval('tries'); RAISE EXCEPTION 'failed' USING ERRCODE = '{code}';
        END $$;
        CREATE TRIGGER fail BEFORE INSERT ON hops FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION fail()
    """)


@pytest.fixture
async def troubled(setup: Setup) -> AsyncIterator[Setup]:
    yield setup
    await setup.beside.execute(
        "DROP FUNCTION IF EXISTS fail CASCADE; DROP SEQUENCE IF EXISTS tries"
    )


async def test_a_full_disk_fails_one_hop_and_not_its_neighbours(troubled: Setup) -> None:
    instances = [an_instance(id=InstanceId(f"{n:026}")) for n in range(8)]
    for instance in instances:
        await troubled.store.commit(a_hop(instance))
    await raising(troubled, "53100", "NEW.id = 'full'")
    hops = [
        a_hop(an_instance(id=one.id, revision=2), id=HopId("full" if n == 3 else f"good-{n}"))
        for n, one in enumerate(instances)
    ]

    answers = await asyncio.gather(*map(troubled.store.commit, hops), return_exceptions=True)

    assert isinstance(answers.pop(3), StoreUnavailable)
    assert answers == [Committed()] * 7
    loaded = [(await troubled.store.load(MAIN_TENANT, one.id)).instance for one in instances]
    assert [one.revision for one in loaded] == [2, 2, 2, 1, 2, 2, 2, 2]


async def test_a_failure_says_nothing_of_what_was_written(troubled: Setup) -> None:
    await raising(troubled, "53100", "true")

    with pytest.raises(StoreUnavailable) as failed:
        await troubled.store.commit(moved(1))

    assert failed.value.facts == {"reason": "DiskFullError"}


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_what_passes_is_run_again_three_times_at_most(troubled: Setup, code: str) -> None:
    await raising(troubled, code, "true")

    with pytest.raises(StoreUnavailable):
        await troubled.store.commit(moved(1))

    assert await troubled.beside.fetchval("SELECT last_value FROM tries") == 3


async def test_crossed_locks_are_undone_and_run_again(setup: Setup) -> None:
    rows = Staged(writes=(a_user("u1"), a_user("u2")))
    assert await setup.store.write(MAIN_TENANT, rows) == Committed()
    touch = "UPDATE users SET store = store WHERE id = $1"
    async with setup.beside.transaction():
        await setup.beside.execute(touch, "u2")
        crossing = asyncio.ensure_future(
            setup.store.write(MAIN_TENANT, Staged(writes=(a_user("u1", 1), a_user("u2", 1))))
        )
        await asyncio.wait([crossing], timeout=0.3)
        await setup.beside.execute(touch, "u1")

    assert await crossing == Committed()
    users = [await setup.store.get(MAIN_TENANT, User, id) for id in ("u1", "u2")]
    assert [user and user.version for user in users] == [2, 2]
