"""The SQLite store loses nothing that was answered: killed at each point, and without power."""

import shutil
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from engine.adapters.sqlite import SqliteStore
from engine.adapters.sqlite.database import Database
from engine.model.names import MAIN_TENANT, HopId, InstanceId
from engine.ports.store import Committed, InstanceQuery, PageQuery
from engine.records.identity import User
from engine.testing import FrozenClock, a_hop, an_instance
from tests.adapters import crash
from tests.adapters.disk import Disk, a_disk

pytestmark = pytest.mark.anyio

POINTS = ["before-begin", "after-statement", "before-commit", "after-commit-before-ack"]
Answered = list[tuple[HopId, InstanceId, int]]


def lives(folder: Path, point: str) -> list[tuple[Path, Answered]]:
    """Run until the point is passed less often than asked; each life's database and answers."""
    command = [sys.executable, crash.__file__, str(folder), point]
    subprocess.run(command, check=True, timeout=120)
    count = len(list(folder.glob("*.answered")))
    return [
        (folder / f"{life}.db", answers(folder / f"{life}.answered"))
        for life in range(1, count + 1)
    ]


def answers(path: Path) -> Answered:
    lines = [line.split() for line in path.read_text().splitlines()]
    return [(HopId(hop), InstanceId(id), int(revision)) for hop, id, revision in lines]


async def assert_nothing_lost(path: Path, answered: Answered) -> None:
    """What was answered is there, what is there is whole, and the store goes on."""
    store = await SqliteStore.open(path, clock=FrozenClock())
    try:
        for hop, id, revision in answered:
            assert await store.has_hop(MAIN_TENANT, hop)
            assert (await store.load(MAIN_TENANT, id)).instance.revision >= revision
        await assert_whole(store)
        assert await store.commit(a_hop(an_instance(id=InstanceId("9" * 26)))) == Committed()
    finally:
        await store.close()
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok"
    connection.close()


async def assert_whole(store: SqliteStore) -> None:
    """Each instance has a journal row and a user for exactly the revisions it has passed."""
    users = {row.id for row in (await store.page(MAIN_TENANT, User, PageQuery(size=200))).rows}
    for instance in (await store.instances(MAIN_TENANT, InstanceQuery(size=200))).rows:
        passed = range(1, instance.revision + 1)
        number = int(instance.id)
        rows = await store.journal(MAIN_TENANT, instance.id)
        assert [row.sequence for row in rows] == list(passed)
        assert {f"u{n}-{number}" in users for n in passed} == {number % 2 == 1}


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_at_any_point_loses_nothing_that_was_answered(
    tmp_path: Path, point: str
) -> None:
    *killed, (last, all_answered) = lives(tmp_path, point)

    for path, answered in killed:
        await assert_nothing_lost(path, answered)
    await assert_nothing_lost(last, all_answered)
    assert len(killed) >= crash.ROUNDS
    assert len(all_answered) == crash.ROUNDS * crash.WIDTH


CUTS = ((0, False), (0.5, False), (1, False), (1, True))


async def lost_to_power_cuts(
    folder: Path, disk: Disk, synchronous: str, *, size: int = 0, begin: int = 1
) -> tuple[int, int]:
    """Cut the power in four ways after each of 24 answers, from `begin` on.

    Returns:
        How many answered hops were gone, and how many bytes the log had brought home by then.
    """
    database = Database(path=folder / "trustflow.db", vfs=disk.name, synchronous=synchronous)
    store = await SqliteStore.open(database, clock=FrozenClock())
    answered: list[HopId] = []
    lost = 0
    for number in range(1, 25):
        hop = a_hop(an_instance(revision=number, variables={"_x": f"{number:02}" * size}))
        assert await store.commit(hop) == Committed()
        answered.append(hop.id)
        for kept, torn in CUTS if number >= begin else ():
            cut = folder / "cut"
            disk.cut(cut, kept, torn=torn)
            lost += len(answered) - found(cut / "trustflow.db", answered)
            shutil.rmtree(cut)
    brought_home = len(disk.media["trustflow.db"].synced)
    await store.close()
    return lost, brought_home


def found(path: Path, answered: list[HopId]) -> int:
    """How many hops a database holds after the power is back; it must be whole."""
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok"
    try:
        kept = {id for (id,) in connection.execute("SELECT id FROM hops")}
    except apsw.SQLError:  # not even the schema has survived
        kept = set()
    connection.close()
    return len(kept.intersection(answered))


async def test_a_power_cut_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    with a_disk() as disk:
        lost, _ = await lost_to_power_cuts(tmp_path, disk, "FULL")

    assert lost == 0


async def test_a_power_cut_while_the_log_is_brought_home_loses_nothing(tmp_path: Path) -> None:
    with a_disk() as disk:
        lost, brought_home = await lost_to_power_cuts(
            tmp_path, disk, "FULL", size=125_000, begin=15
        )

    assert lost == 0
    assert brought_home > 250_000


async def test_the_power_cut_would_find_a_commit_that_was_not_synced(tmp_path: Path) -> None:
    with a_disk() as disk:
        lost, _ = await lost_to_power_cuts(tmp_path, disk, "NORMAL")

    assert lost > 0
