"""The SQLite writer: whatever waits shares a commit, and nobody pays for a neighbour's mistake."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw
import pytest

from engine.adapters.sqlite import SqliteStore
from engine.adapters.sqlite.database import Database
from engine.errors import StoreUnavailable, UnknownOutcome
from engine.model.names import MAIN_TENANT, AccountKey, HopId, InstanceId
from engine.ports.store import (
    Attempts,
    AuditQuery,
    Charged,
    Claimed,
    ClaimKey,
    Committed,
    Conflict,
    Hop,
    InstanceQuery,
    PageQuery,
    Redeem,
)
from engine.records.identity import User
from engine.records.record import Absent, AuditRow, Put, Staged
from engine.testing import NOON, a_hop, a_token, an_instance
from tests.adapters.conftest import Open
from tests.adapters.disk import a_disk

pytestmark = pytest.mark.anyio


def first_hop(number: int, **changes: object) -> Hop:
    return a_hop(an_instance(id=InstanceId(f"{number:026}")), **changes)


def next_hop(hop: Hop) -> Hop:
    revision = hop.instance.revision + 1
    return a_hop(an_instance(id=hop.instance.id, revision=revision))


def a_user(id: str, ext_id: str) -> Staged:
    row = User(id=id, store="s", ext_id=ext_id, created_at=NOON, updated_at=NOON)
    return Staged(writes=(Put(row=row, expect=Absent()),))


async def together(store: SqliteStore, *hops: Hop) -> list[object]:
    """Commit hops that all wait at one moment; answers and errors in their order."""
    return list(await asyncio.gather(*map(store.commit, hops), return_exceptions=True))


@contextmanager
def every_connection(prepare: Callable[[apsw.Connection], None]) -> Iterator[None]:
    """Prepare every connection that is opened inside the block."""
    apsw.connection_hooks.append(prepare)
    try:
        yield
    finally:
        apsw.connection_hooks.remove(prepare)


class Fault:
    """A probe that raises once, at the given point, when it is armed."""

    def __init__(self, point: str, error: BaseException) -> None:
        self.point, self.error, self.armed = point, error, False

    def __call__(self, point: str) -> None:
        if self.armed and point == self.point:
            self.armed = False
            raise self.error


async def test_sixty_four_clients_share_their_commits(opened: Open) -> None:
    commits: list[str] = []

    def trace(connection: apsw.Connection) -> None:
        connection.trace_v2(
            apsw.SQLITE_TRACE_STMT,
            lambda event: commits.append(event["sql"]) if event["sql"] == "COMMIT" else None,
        )

    with every_connection(trace):
        store = await opened()
        await together(store, *(first_hop(n) for n in range(64)))
        commits.clear()

        async def client(number: int) -> None:
            hop = first_hop(number)
            for _ in range(10):
                hop = next_hop(hop)
                assert await store.commit(hop) == Committed()

        await asyncio.gather(*(client(n) for n in range(64)))

    assert 0 < len(commits) <= 640 / 4


async def test_a_batch_holds_no_more_than_its_limit(opened: Open) -> None:
    begins: list[str] = []
    store = await opened(
        probe=lambda point: begins.append(point) if point == "before-begin" else None,
        batch_limit=8,
    )

    answers = await together(store, *(first_hop(n) for n in range(64)))

    assert answers == [Committed()] * 64
    assert len(begins) == 8


async def test_nothing_is_answered_before_its_commit(opened: Open) -> None:
    seen: list[tuple[str, bool]] = []
    tasks: list[asyncio.Task[object]] = []
    store = await opened(
        probe=lambda point: seen.append((point, any(task.done() for task in tasks)))
    )
    taken = first_hop(1)

    tasks += [
        asyncio.ensure_future(store.commit(hop))
        for hop in (taken, first_hop(1, id=HopId("refused")), first_hop(2))
    ]
    answers = await asyncio.gather(*tasks)

    assert answers == [Committed(), Conflict(what="exists"), Committed()]
    assert seen[-1] == ("after-commit-before-ack", False)


async def test_a_hop_refused_inside_a_batch_leaves_nothing_behind_and_its_neighbours_whole(
    opened: Open,
) -> None:
    store = await opened()
    await store.write(MAIN_TENANT, a_user("u0", ext_id="taken"))
    fresh = a_user("u1", ext_id="fresh").writes
    refused = Staged(
        writes=(*fresh, *a_user("u2", ext_id="taken").writes),
        audit=(AuditRow(id="a1", at=NOON, actor="me", action="user.add", subject="user:u1"),),
    )
    hops = [
        first_hop(1, staged=a_user("u5", ext_id="five")),
        first_hop(2, staged=refused),
        first_hop(3),
    ]

    answers = await together(store, *hops)

    users = await store.page(MAIN_TENANT, User, PageQuery())
    assert answers == [Committed(), Conflict(what="record"), Committed()]
    assert [await store.has_hop(MAIN_TENANT, hop.id) for hop in hops] == [True, False, True]
    assert [row.id for row in users.rows] == ["u0", "u5"]
    assert (await store.instances(MAIN_TENANT, InstanceQuery())).total == 2
    assert (await store.audit(MAIN_TENANT, AuditQuery())).total == 0


async def test_a_refused_redemption_inside_a_batch_creates_nothing(opened: Open) -> None:
    store = await opened()
    token = Put(row=a_token(), expect=Absent())
    await store.write(MAIN_TENANT, Staged(writes=(token,)))
    use = Redeem(token=a_token().id, at=NOON)

    answers = await together(store, *(first_hop(n, redeem=use) for n in range(5)))

    assert answers == [Committed()] + [Conflict(what="token")] * 4
    assert (await store.instances(MAIN_TENANT, InstanceQuery())).total == 1


async def test_a_plain_hop_that_must_be_undone_costs_its_neighbours_nothing(opened: Open) -> None:
    store = await opened()
    await store.commit(first_hop(1, id=HopId("taken")))
    hops = [first_hop(2), first_hop(3, id=HopId("taken")), first_hop(4)]

    answers = await together(store, *hops)

    listed = await store.instances(MAIN_TENANT, InstanceQuery())
    assert answers == [Committed(), Conflict(what="exists"), Committed()]
    assert [row.id[-1] for row in listed.rows] == ["4", "2", "1"]


async def test_a_statement_that_fails_fails_its_own_hop_alone(opened: Open) -> None:
    fault = Fault("after-statement", apsw.CorruptError("made up"))
    store = await opened(probe=fault)
    hops = [first_hop(n, staged=a_user(f"u{n}", ext_id=f"e{n}")) for n in range(3)]

    fault.armed = True
    answers = await together(store, *hops)

    assert isinstance(answers[0], StoreUnavailable)
    assert answers[1:] == [Committed(), Committed()]
    assert [await store.has_hop(MAIN_TENANT, hop.id) for hop in hops] == [False, True, True]
    assert await store.get(MAIN_TENANT, User, "u0") is None


@pytest.mark.parametrize(
    "mistake",
    [
        OverflowError("made up"),
        TypeError("made up"),
        ValueError("made up"),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "made up"),
    ],
    ids=lambda mistake: type(mistake).__name__,
)
@pytest.mark.parametrize("staged", [True, False])
async def test_a_value_that_sqlite_cannot_take_fails_its_own_hop_alone(
    opened: Open, mistake: Exception, staged: bool
) -> None:
    fault = Fault("after-statement", mistake)
    store = await opened(probe=fault)
    users = [a_user(f"u{n}", ext_id=f"e{n}") for n in range(3)]
    hops = [first_hop(n, **({"staged": users[n]} if staged else {})) for n in range(3)]

    fault.armed = True
    answers = await together(store, *hops)
    kept = [await store.has_hop(MAIN_TENANT, hop.id) for hop in hops]

    assert answers[1:] == [Committed(), Committed()]
    assert kept[1:] == [True, True]
    assert isinstance(answers[0], StoreUnavailable if staged else Committed)
    assert kept[0] is not staged


async def test_a_number_beyond_64_bits_costs_its_neighbours_nothing(opened: Open) -> None:
    store = await opened()
    token = a_token(id="big", name="big", max_count=10**20)

    refused, committed = await asyncio.gather(
        store.write(MAIN_TENANT, Staged(writes=(Put(row=token, expect=Absent()),))),
        store.commit(first_hop(1)),
        return_exceptions=True,
    )

    assert isinstance(refused, StoreUnavailable)
    assert committed == Committed()


async def test_hops_whose_transaction_was_given_up_run_one_by_one(opened: Open) -> None:
    connections: list[apsw.Connection] = []
    points: list[str] = []

    def probe(point: str) -> None:
        points.append(point)
        if points.count("after-statement") == 5:  # the fifth statement loses the transaction
            points.append("after-statement")
            connections[-1].execute("ROLLBACK")
            raise apsw.FullError("made up")

    with every_connection(connections.append):
        store = await opened(probe=probe)
        answers = await together(store, *(first_hop(n) for n in range(4)))

    assert answers == [Committed()] * 4
    assert points.count("before-begin") == 5
    assert (await store.instances(MAIN_TENANT, InstanceQuery())).total == 4


async def test_a_disk_that_fills_up_in_the_middle_of_a_batch_loses_no_whole_hop(
    opened: Open, path: Path
) -> None:
    before = await opened()
    await before.commit(first_hop(0))
    pages = _pages(path)

    def narrow(connection: apsw.Connection) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 12}")

    hops = [
        first_hop(1),
        first_hop(2, staged=a_user("u2", ext_id="two")),
        a_hop(an_instance(id=InstanceId(f"{3:026}"), variables={"_x": "x" * 200_000})),
        first_hop(4, staged=a_user("u4", ext_id="four")),
        first_hop(5),
    ]
    with every_connection(narrow):
        store = await opened()
        answers = await together(store, *hops)
        kept = [await store.has_hop(MAIN_TENANT, hop.id) for hop in hops]

    assert [type(answer) for answer in answers] == [
        Committed, Committed, StoreUnavailable, Committed, Committed
    ]  # fmt: skip
    assert kept == [True, True, False, True, True]
    assert (await before.instances(MAIN_TENANT, InstanceQuery())).total == 5
    assert await before.commit(first_hop(9)) == Committed()
    assert _whole(path)


async def test_a_full_disk_says_so_and_heals_without_a_restart(opened: Open, path: Path) -> None:
    limits: list[apsw.Connection] = []
    await (await opened()).commit(first_hop(0))
    pages = _pages(path)
    with every_connection(limits.append):
        store = await opened()
        await store.commit(first_hop(1))
    _limit(limits, pages)
    big = [
        a_hop(an_instance(id=InstanceId(f"{n:026}"), variables={"_x": "x" * 9_000}))
        for n in range(2, 6)
    ]

    full = await together(store, *big)
    read = await store.load(MAIN_TENANT, first_hop(0).instance.id)
    _limit(limits, 100_000)
    healed = await together(store, *big)

    assert all(isinstance(answer, StoreUnavailable) for answer in full)
    assert read.instance == first_hop(0).instance
    assert healed == [Committed()] * 4


async def test_a_commit_whose_answer_is_lost_has_happened(opened: Open) -> None:
    fault = Fault("after-commit-before-ack", apsw.IOError("made up"))
    store = await opened(probe=fault)
    hops = [first_hop(1), first_hop(2)]

    fault.armed = True
    answers = await together(store, *hops)

    assert all(isinstance(answer, UnknownOutcome) for answer in answers)
    assert [await store.has_hop(MAIN_TENANT, hop.id) for hop in hops] == [True, True]
    assert await store.commit(next_hop(hops[0])) == Committed()


async def test_a_commit_that_fails_has_not_happened(opened: Open) -> None:
    fault = Fault("before-commit", apsw.IOError("made up"))
    store = await opened(probe=fault)
    hops = [first_hop(1), first_hop(1, id=HopId("refused")), first_hop(2)]

    fault.armed = True
    answers = await together(store, *hops)

    assert all(isinstance(answer, UnknownOutcome) for answer in answers)
    assert [await store.has_hop(MAIN_TENANT, hop.id) for hop in hops] == [False] * 3
    assert await together(store, *hops) == [Committed(), Conflict(what="exists"), Committed()]


async def test_a_commit_that_fails_keeps_nobody_else_waiting(opened: Open) -> None:
    connections: list[apsw.Connection] = []
    fault = Fault("before-commit", apsw.IOError("made up"))
    store = await opened(probe=fault)
    with every_connection(connections.append):
        other = await opened()
        await other.commit(first_hop(1))
    connections[-1].set_busy_timeout(0)

    fault.armed = True
    answers = await together(store, first_hop(2))

    assert isinstance(answers[0], UnknownOutcome)
    assert await other.commit(first_hop(3)) == Committed()


async def test_a_log_that_cannot_be_synced_makes_the_outcome_unknown(
    opened: Open, path: Path
) -> None:
    with a_disk() as disk:
        store = await opened(Database(path=path, vfs=disk.name))
        await store.commit(first_hop(1))

        disk.fails = apsw.IOError("made up")
        answers = await together(store, first_hop(2), first_hop(3))
        disk.fails = None
        again = await together(store, first_hop(2), first_hop(3))
        await store.close()

    assert all(isinstance(answer, UnknownOutcome) for answer in answers)
    assert again == [Committed()] * 2
    assert _whole(path)


async def test_a_batch_that_cannot_begin_keeps_nothing(opened: Open) -> None:
    fault = Fault("before-begin", apsw.CantOpenError("made up"))
    store = await opened(probe=fault)

    fault.armed = True
    answers = await together(store, first_hop(1), first_hop(2))

    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    assert not await store.has_hop(MAIN_TENANT, first_hop(1).id)
    assert await store.commit(first_hop(1)) == Committed()


async def test_a_mistake_in_a_charge_stops_nobody(opened: Open) -> None:
    connections: list[apsw.Connection] = []
    store = await opened()
    with every_connection(connections.append):
        other = await opened()
        await other.commit(first_hop(1))
    connections[-1].set_busy_timeout(0)
    step = ClaimKey(tenant=MAIN_TENANT, instance=first_hop(1).instance.id, revision=1)

    with pytest.raises(UnknownOutcome):
        await store.claim_and_charge(step, HopId("h"), AccountKey("user:u"), lambda *_: [][1])

    assert await store.attempts(MAIN_TENANT, AccountKey("user:u")) is None
    assert await other.commit(first_hop(2)) == Committed()
    assert await store.commit(next_hop(first_hop(1))) == Committed()


async def test_a_waiter_that_has_given_up_harms_nobody(opened: Open) -> None:
    store = await opened()
    gone = asyncio.ensure_future(store.commit(first_hop(1)))
    await asyncio.sleep(0)  # noqa: TID251 - lets the task begin, waits for nothing

    gone.cancel()
    answer = await store.commit(first_hop(2))

    assert answer == Committed()
    assert gone.cancelled()


async def test_what_waits_when_the_store_closes_is_still_committed(
    path: Path, opened: Open
) -> None:
    store = await opened()
    commits = [asyncio.ensure_future(store.commit(first_hop(n))) for n in range(5)]
    await asyncio.sleep(0)  # noqa: TID251 - lets the tasks begin, waits for nothing

    await store.close()

    assert await asyncio.gather(*commits) == [Committed()] * 5
    with pytest.raises(StoreUnavailable):
        await store.commit(first_hop(9))


async def test_two_writers_on_one_file_never_both_win(opened: Open) -> None:
    one, two = await opened(), await opened()
    await one.commit(first_hop(1))

    answers = await asyncio.gather(
        *(
            store.commit(
                a_hop(an_instance(id=first_hop(1).instance.id, revision=2), id=HopId(f"h{n}"))
            )
            for n, store in enumerate([one, two] * 32)
        )
    )

    assert answers.count(Committed()) == 1
    assert answers.count(Conflict(what="revision")) == 63


async def test_a_file_locked_for_long_is_said_to_be_unavailable(opened: Open, path: Path) -> None:
    connections: list[apsw.Connection] = []
    with every_connection(connections.append):
        store = await opened()
        await store.commit(first_hop(1))
    connections[-1].set_busy_timeout(1)  # the writer's; five seconds are not a test's to wait
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")

    locked = await together(store, first_hop(2))
    read = await store.load(MAIN_TENANT, first_hop(1).instance.id)
    other.execute("ROLLBACK")
    other.close()

    assert isinstance(locked[0], StoreUnavailable)
    assert read.instance == first_hop(1).instance
    assert await store.commit(first_hop(2)) == Committed()


async def test_two_connections_claim_a_step_once(opened: Open) -> None:
    one, two = await opened(), await opened()
    await one.commit(first_hop(1))
    step = ClaimKey(tenant=MAIN_TENANT, instance=first_hop(1).instance.id, revision=1)

    def charge(before: Attempts | None, now: object, account: AccountKey) -> Attempts:
        return Attempts(account=account, failures=1, last_at=NOON)

    answers = await asyncio.gather(
        *(
            store.claim_and_charge(step, HopId(f"h{n}"), AccountKey("user:u"), charge)
            for n, store in enumerate([one, two] * 50)
        )
    )

    assert sum(isinstance(answer, Charged) for answer in answers) == 1
    assert answers.count(Claimed()) == 99


def _limit(connections: list[apsw.Connection], pages: int) -> None:
    for connection in connections:
        with suppress(apsw.ConnectionClosedError):
            connection.execute(f"PRAGMA max_page_count = {pages}")


def _pages(path: Path) -> int:
    connection = apsw.Connection(str(path))
    count = connection.pragma("page_count")
    connection.close()
    assert isinstance(count, int)
    return count


def _whole(path: Path) -> bool:
    connection = apsw.Connection(str(path))
    answer = connection.pragma("integrity_check")
    connection.close()
    return bool(answer == "ok")
