"""No passcode rests anywhere, whichever shipped definition is walked and wherever it breaks (D6).

The walks are those of the browser tests, so that a new definition cannot be forgotten here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import apsw
import pytest
from msgspec.structs import replace as changed

import activities
from engine.activity import Activity, Answered, Call, Ended, Woken, done
from engine.model.graph import ActivityNode
from engine.run.catalogue import Catalogue
from tests.canary.test_canary import leaks
from tests.canary.walker import walk_through
from tests.canary.world import World, collect
from tests.shipped import WALKS, Walk, graph_of, shipped

SHIPPED: Final = shipped()
USED: Final = {
    process: {
        node.signature.label
        for node in graph_of(process).nodes.values()
        if isinstance(node, ActivityNode)
    }
    for process in SHIPPED
}
LABELS: Final = sorted(set().union(*USED.values()))


def processes_with(label: str) -> tuple[str, ...]:
    """Give the shipped definitions that have this activity."""
    return tuple(process for process in SHIPPED if label in USED[process])


def walks_of(process: str) -> list[Walk]:
    found = [walk for walk in WALKS if walk.process == process]
    assert found, f"nobody walks {process}"
    return found


def story_of(*processes: str, again: bool = False) -> Callable[[World], Awaitable[None]]:
    """Walk every way through definitions, one after the other."""

    async def story(world: World) -> None:
        for process in processes:
            for walk in walks_of(process):
                await walk_through(world, walk, again=again)

    return story


def looked_at(sinks: list[tuple[str, bytes]]) -> None:
    """Scan what came out; answers, log and files must be among it."""
    names = [name for name, _ in sinks]
    assert len(names) > 12
    assert {"log", "streams", "store.db"} <= set(names)
    assert leaks(sinks) == []


@pytest.mark.parametrize("process", SHIPPED)
def test_all_ways_through_leave_no_passcode_anywhere(tmp_path: Path, process: str) -> None:
    ends: list[str] = []

    async def story(world: World) -> None:
        for walk in walks_of(process):
            await walk_through(world, walk)
            ends.append((await anext(world.instances())).node)

    looked_at(collect(tmp_path, story, processes=(process,)))

    assert ends == [walk.end for walk in walks_of(process)]


@pytest.mark.parametrize("process", SHIPPED)
@pytest.mark.parametrize("point", ["before-load", "before-commit", "after-commit"])
def test_each_step_is_killed_once_and_leaves_no_passcode(
    tmp_path: Path, process: str, point: str
) -> None:
    worlds, passed = list[World](), 0

    def probe(name: str) -> None:
        nonlocal passed
        if name == point and any(world.is_answering for world in worlds):
            passed += 1
            if passed % 2:
                raise RuntimeError(point)

    async def story(world: World) -> None:
        worlds.append(world)
        await story_of(process, again=True)(world)

    sinks = collect(tmp_path, story, processes=(process,), probe=probe)

    assert passed > 1
    assert b'"event": "fault"' in dict(sinks)["log"]
    looked_at(sinks)


@pytest.mark.parametrize("process", SHIPPED)
@pytest.mark.parametrize("point", ["before-begin", "after-statement", "before-commit"])
def test_a_store_that_breaks_once_at_each_step_leaves_no_passcode(
    tmp_path: Path, process: str, point: str
) -> None:
    worlds, passed = list[World](), 0

    def probe(name: str) -> None:
        nonlocal passed
        if name == point and any(world.is_answering for world in worlds):
            passed += 1
            if passed % 2:
                raise apsw.FullError(point)

    async def story(world: World) -> None:
        worlds.append(world)
        await story_of(process, again=True)(world)

    sinks = collect(tmp_path, story, processes=(process,), store_probe=probe)

    assert passed > 1
    looked_at(sinks)


def with_other(label: str, **code: object) -> Catalogue:
    """Our catalogue with other code under a label."""
    return Catalogue.of(
        replace(one, **code) if one.signature.label == label else one  # type: ignore[arg-type]  # code that fits
        for one in activities.ALL
    )


def throws(call: Call, woken: Woken | None = None) -> Ended:
    raise ValueError(f"{call!r} {call.slots} {dict(call.bag)} {woken!r}")


def signed(label: str) -> Activity:
    return next(one for one in activities.ALL if one.signature.label == label)


@pytest.mark.parametrize("label", LABELS)
def test_an_activity_that_throws_all_it_has_leaves_no_passcode(tmp_path: Path, label: str) -> None:
    processes, part = processes_with(label)[:1], "resume" if signed(label).resume else "run"

    sinks = collect(
        tmp_path, story_of(*processes), processes=processes,
        catalogue=with_other(label, **{part: throws}),
    )  # fmt: skip

    assert leaks(sinks) == []


TAKES: Final = sorted(
    label for label in LABELS if any(use.takes for use in signed(label).signature.keys)
)
CARRIES: Final = sorted(
    label for label in LABELS if any(use.carries for use in signed(label).signature.keys)
)


async def tells(call: Call) -> Ended:
    """Put the first secret that was handed over into a message."""
    name, slot = next((name, slot) for name, slot in call.slots.items() if slot.secrets)
    value = call.secret(name, next(iter(slot.secrets))).reveal()
    code = next(error.code for error in BY_SLOT[name].signature.errors if not error.demanded)
    return Ended(error=code, message=value)


BY_SLOT: Final = {
    use.input: signed(label) for label in TAKES for use in signed(label).signature.keys
}


async def answers(call: Call, woken: Woken) -> Ended:
    """Put the first secret of an answer among its plain values."""
    assert isinstance(woken, Answered)
    values = {**woken.submission.values, "more": next(iter(call.bag.values())).reveal()}
    return done(submission=changed(woken.submission, values=values))


@pytest.mark.parametrize("label", TAKES)
def test_a_leak_planted_where_a_passcode_is_taken_is_found(tmp_path: Path, label: str) -> None:
    processes = processes_with(label)
    planted = with_other(label, run=tells)

    sinks = collect(tmp_path, story_of(*processes), processes=processes, catalogue=planted)

    assert leaks(sinks) != []


@pytest.mark.parametrize("label", CARRIES)
def test_a_leak_planted_in_a_form_is_found(tmp_path: Path, label: str) -> None:
    processes = processes_with(label)
    planted = with_other(label, resume=answers)

    sinks = collect(tmp_path, story_of(*processes), processes=processes, catalogue=planted)

    assert leaks(sinks) != []


def test_every_activity_that_holds_a_passcode_is_shipped_and_looked_at() -> None:
    holding = {
        one.signature.label
        for one in activities.ALL
        if any(use.takes or use.carries for use in one.signature.keys)
    }

    assert holding == set(TAKES) | set(CARRIES)
