"""Kill -9 at each named point of a hop, each time it is passed: no answered step is lost."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from msgspec.structs import replace

from engine.adapters.sqlite import SqliteStore
from engine.interpret import advance, new_instance
from engine.model.event import Started
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, InstanceId
from engine.model.turn import Turn
from engine.ports.store import InstanceQuery
from engine.run.hop.journal import broken_at, event_of
from engine.testing import FrozenClock
from tests.bench import ROOT, Bench, bench

POINTS = (
    "before-load",
    "before-commit",
    "before-begin",
    "after-statement",
    "after-commit-before-ack",
    "after-commit",
)


def deaths(folder: Path, point: str) -> tuple[int, dict[int, list[tuple[str, int]]]]:
    """Run the journeys that die there; give how many died, and what each acknowledged."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.run.journeyer", str(folder), point],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    lines = [line.split() for line in run.stdout.splitlines()]
    acknowledged: dict[int, list[tuple[str, int]]] = {}
    for words in lines:
        if words[0] == "done":
            acknowledged.setdefault(int(words[1]), []).append((words[2], int(words[3])))
    return sum(words[0] == "died" for words in lines), acknowledged


async def rebuilt(house: Bench, instance: ProcessInstance) -> ProcessInstance:
    """Rebuild an instance from its journal and bundle alone."""
    graph = await house.library.graph(MAIN_TENANT, instance.bundle)
    journal = await house.store.journal(MAIN_TENANT, instance.id)
    assert broken_at(journal) is None
    first = event_of(journal[0])
    assert isinstance(first, Started)
    state = new_instance(
        graph, tenant=MAIN_TENANT, id=instance.id, parameters={}, at=first.at,
        deadline=first.deadline,
    )  # fmt: skip
    for row in journal:
        event = event_of(row)
        assert event is not None
        turn = advance(graph, state, event)
        assert isinstance(turn, Turn)
        state = turn.instance
    return replace(
        state, revision=instance.revision, sequence=instance.sequence, chain=instance.chain
    )


async def looked_at(path: Path, acknowledged: list[tuple[str, int]]) -> None:
    clock = FrozenClock()
    store = await SqliteStore.open(path, clock=clock)
    house = bench(store, clock, seed=99)
    for id, revision in acknowledged:
        loaded = await store.load(MAIN_TENANT, InstanceId(id))
        assert loaded.instance.revision >= revision
    for kept in (await store.instances(MAIN_TENANT, InstanceQuery())).rows:
        assert await rebuilt(house, kept) == kept
    await store.close()
    answer = apsw.Connection(str(path)).execute("pragma integrity_check").fetchall()
    assert answer == [("ok",)]


@pytest.mark.parametrize("point", POINTS)
def test_what_was_answered_survives_a_kill_at(point: str, tmp_path: Path) -> None:
    kills, acknowledged = deaths(tmp_path, point)

    for path in tmp_path.glob("*.db"):
        asyncio.run(looked_at(path, acknowledged.get(int(path.stem), [])))

    assert kills > 0, f"{point} was never passed"
    assert len(acknowledged[kills + 1]) == 3, "the journey that lived is whole"
