"""What is verified, and what a verdict leaves: seen at the place in the pool itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from engine.identity.authentication import prove
from engine.records.identity import Passcode
from engine.run.unit import Unit
from engine.secret import Secret
from tests.identity.world import RIGHT, WRONG, World


@dataclass
class Agreeing:
    """A place in the pool that finds every passcode right, and tells what it was held beside."""

    held_beside: list[str] = field(default_factory=list)

    async def verify(self, stored: str, passcode: Secret) -> bool:
        self.held_beside.append(stored)
        return True

    async def hash(self, passcode: Secret) -> str:
        raise NotImplementedError


async def tried(failures: int, *, waits: bool = False) -> tuple[Unit, list[str], Passcode, bool]:
    """Try once after this many failures, finding whatever is tried right; `waits`: at once."""
    world = World()
    store = await world.customers()
    ana = await world.user(store, "ana", None)
    row = await world.registers(ana, RIGHT, policy=await world.policy(store, "default"))
    assert isinstance(row, Passcode)
    for _ in range(failures):
        await world.tries("ana", WRONG)
        world.clock.move(timedelta(seconds=0 if waits else 3600))
    unit, slot = world.unit(), Agreeing()
    attempt = await world.begun(ext_id="ana")
    proof = await prove(await world.verifier(unit), attempt, Secret(RIGHT), slot)
    return unit, slot.held_beside, row, proof is not None


def test_a_try_that_counts_is_verified_against_what_is_kept() -> None:
    unit, held_beside, row, proven = asyncio.run(tried(0))

    assert (held_beside, proven) == ([row.hash], True)
    assert unit.staged().owned


def test_a_try_that_is_not_allowed_never_meets_what_is_kept_and_proves_nothing() -> None:
    unit, held_beside, row, proven = asyncio.run(tried(6, waits=True))

    assert (len(held_beside), proven) == (1, False)
    assert held_beside != [row.hash]
    assert [audit.action for audit in unit.staged().audit] == ["attempt.limit"]
    assert unit.staged().owned


@pytest.mark.parametrize(("failures", "actions"), [(0, []), (5, []), (6, ["attempt.unlock"])])
def test_a_success_tells_of_the_wait_it_ends_and_of_no_other(
    failures: int, actions: list[str]
) -> None:
    unit, _, _, proven = asyncio.run(tried(failures))

    assert proven
    assert [audit.action for audit in unit.staged().audit] == actions


def test_rows_of_the_audit_are_numbered_within_their_hop_from_one_on() -> None:
    unit, _, _, _ = asyncio.run(tried(6))

    (audit,) = unit.staged().audit
    assert audit.id.endswith(".1")


def test_ids_made_up_for_strangers_begin_as_true_ones_may() -> None:
    async def story() -> set[str]:
        world = World()
        await world.customers()
        return {(await world.begun(ext_id=f"stranger{n}")).user[:2] for n in range(64)}

    assert len(asyncio.run(story())) > 16


def test_whoever_names_nobody_is_one_stranger() -> None:
    async def story() -> set[str]:
        world = World()
        await world.customers()
        return {(await world.begun(ext_id=name)).user for name in (None, "")}

    assert len(asyncio.run(story())) == 1
