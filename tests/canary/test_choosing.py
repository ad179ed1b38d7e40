"""No new passcode rests anywhere: registration and renewal, each step broken, all sinks scanned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

import activities
from engine.activity import Call, Ended
from engine.run.catalogue import Catalogue
from tests.canary.test_canary import leaks
from tests.canary.world import FRESH, NEWCOMER, OTHER, RIGHT, WRONG, World, collect

Story = Callable[[World], Awaitable[None]]
Run = Callable[[Call], Awaitable[Ended]]


def new(value: str, again: str | None = None, **more: str) -> dict[str, str]:
    return {"newPasscode": value, "confirmPasscode": value if again is None else again, **more}


async def registers(world: World) -> None:
    """Type too much, two different ones, one that everybody tries, then a good one."""
    await world.walk_on(
        "passcode-registration",
        new(FRESH * 9), new(FRESH, OTHER), new("passwordpassword"), new(FRESH),
        user=NEWCOMER,
    )  # fmt: skip


async def renews(world: World) -> None:
    """Prove it wrongly, choose the old one again, then a new one; then that one's turn."""
    await world.walk_on(
        "passcode-renewal",
        new(FRESH, passcode=WRONG), new(RIGHT, passcode=RIGHT), new(FRESH, OTHER, passcode=RIGHT),
        new(FRESH, passcode=RIGHT),
    )  # fmt: skip
    await world.walk_on("passcode-renewal", new(OTHER, passcode=FRESH))


async def has_one_already(world: World) -> None:
    """Be led from registration to renewal."""
    await world.walk_on("passcode-registration", new(FRESH, passcode=RIGHT))


STORIES = pytest.mark.parametrize("story", [registers, renews, has_one_already])


@STORIES
def test_a_whole_walk_leaves_no_passcode_anywhere(tmp_path: Path, story: Story) -> None:
    sinks = collect(tmp_path, story)

    assert any(b"Thank you, all done" in blob for _, blob in sinks)
    assert leaks(sinks) == []


@STORIES
@pytest.mark.parametrize("point", ["before-load", "before-commit", "after-commit"])
def test_a_hop_that_breaks_anywhere_leaves_no_passcode(
    tmp_path: Path, story: Story, point: str
) -> None:
    passed = 0

    def probe(name: str) -> None:
        nonlocal passed
        passed += name == point
        if name == point and passed % 2 == 0:
            raise RuntimeError(point)

    sinks = collect(tmp_path, story, probe=probe)

    assert leaks(sinks) == []


@STORIES
@pytest.mark.parametrize("point", ["before-begin", "after-statement", "before-commit"])
def test_a_store_that_breaks_anywhere_leaves_no_passcode(
    tmp_path: Path, story: Story, point: str
) -> None:
    worlds: list[World] = []

    def probe(name: str) -> None:
        if name == point and any(world.is_answering for world in worlds):
            raise apsw.FullError(point)

    async def told(world: World) -> None:
        worlds.append(world)
        await story(world)

    sinks = collect(tmp_path, told, store_probe=probe)

    assert leaks(sinks) == []


def with_another(label: str, run: Run) -> Catalogue:
    """Our catalogue with another activity under this label."""
    return Catalogue.of(
        replace(one, run=run) if one.signature.label == label else one for one in activities.ALL
    )


async def throws_all(call: Call) -> Ended:
    raise ValueError(f"{call!r} {call.slots} {dict(call.bag)}")


async def tells(call: Call) -> Ended:
    slot = next(iter(call.slots))
    value = call.secret(slot, "newPasscode").reveal()
    return Ended(error="PasscodeTooCommon", message=value)


COMPLETES = pytest.mark.parametrize(
    ("label", "story"),
    [("Complete Passcode Registration", registers), ("End Passcode Renewal", renews)],
)


@COMPLETES
def test_an_activity_that_throws_all_it_has_leaves_no_passcode(
    tmp_path: Path, label: str, story: Story
) -> None:
    assert leaks(collect(tmp_path, story, catalogue=with_another(label, throws_all))) == []


@COMPLETES
def test_a_planted_leak_of_the_new_one_is_found(tmp_path: Path, label: str, story: Story) -> None:
    assert leaks(collect(tmp_path, story, catalogue=with_another(label, tells))) != []
