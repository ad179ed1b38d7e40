"""Choosing a passcode, below the journey: what is missing, who is meant, what is done once."""

from __future__ import annotations

import asyncio
from dataclasses import replace as changed
from datetime import timedelta

import pytest
from msgspec.structs import replace

from engine.errors import ActivityFault, Busy, Contended
from engine.identity import blocklist
from engine.identity.authentication import Attempt, Missing
from engine.identity.choosing import Refusal, Registered, begin_first, choose_first, renew
from engine.identity.passcodes import earlier, is_same
from engine.model.names import HopId
from engine.model.problem import Message
from engine.ports.store import Committed, PageQuery
from engine.records.identity import Passcode, PasscodePolicy
from engine.records.record import Version
from engine.secret import Secret
from tests.identity.world import RIGHT, WRONG, World

FRESH = "harbour pencil walnut eleven"


def test_a_registration_under_nothing_says_what_is_missing() -> None:
    async def story() -> list[object]:
        world = World()
        ana = await world.user(await world.customers(), "ana", None)
        return [
            await begin_first(world.unit(), store, policy=policy, user=ana.id)
            for store, policy in (("staff", "default"), ("customers", "pin"))
        ]

    assert asyncio.run(story()) == [Missing(what="store"), Missing(what="policy")]


def test_a_registration_of_nobody_is_a_fault_before_anything_is_done() -> None:
    async def story() -> list[str]:
        world = World()
        await world.customers()
        with pytest.raises(ActivityFault):
            await begin_first(world.unit(), "customers", policy="default", user="nobody")
        lent = await world.verifier(world.unit())
        world.calls.clear()
        gone = Attempt(store="customers", policy="default", user="nobody")
        with pytest.raises(ActivityFault):
            await choose_first(lent, gone, Secret(FRESH))
        return world.calls

    calls = asyncio.run(story())

    assert "hash" not in calls
    assert "claim_and_charge" not in calls


def test_a_users_own_store_alone_is_asked() -> None:
    async def story() -> None:
        world = World()
        ana = await world.user(await world.customers(), "ana", None)
        unit = world.unit()
        unit.put(replace(ana, store="staff"), Version(number=ana.version))
        assert await world.write(unit) == Committed()

        with pytest.raises(ActivityFault):
            await begin_first(world.unit(), "customers", policy="default", user=ana.id)

    asyncio.run(story())


def test_a_step_that_somebody_works_on_is_left_alone() -> None:
    async def story() -> None:
        world = World()
        ana = await world.user(await world.customers(), "ana", None)
        step = await world.step()
        attempt = Attempt(store="customers", policy="default", user=ana.id)
        one, other = [await world.verifier(world.unit(), step) for _ in range(2)]
        assert isinstance(await choose_first(one, attempt, Secret(FRESH)), Passcode)
        hashes = world.pool.calls.count("hash")

        with pytest.raises(Contended):
            await choose_first(other, attempt, Secret(FRESH))

        assert world.pool.calls.count("hash") == hashes

    asyncio.run(story())


def test_a_full_pool_keeps_nothing_and_charges_nobody() -> None:
    async def story() -> None:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        attempt = Attempt(store="customers", policy="default", user=ana.id)
        lent = await world.verifier(world.unit())
        world.pool.free = 0

        with pytest.raises(Busy):
            await renew(lent, attempt, old=Secret(RIGHT), new=Secret(FRESH))
        with pytest.raises(Busy):
            await choose_first(lent, attempt, Secret(FRESH))

        assert lent.unit.staged().is_empty

    asyncio.run(story())


def test_one_that_is_there_is_never_looked_at_nor_replaced() -> None:
    async def story() -> tuple[object, list[str]]:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        attempt = Attempt(store="customers", policy="default", user=ana.id)
        unit = world.unit()
        lent = await world.verifier(unit)
        world.calls.clear()
        found = await choose_first(lent, attempt, Secret(RIGHT))
        assert not unit.staged().writes
        return found, world.calls

    found, calls = asyncio.run(story())

    assert found == Registered()
    assert "hash" not in calls
    assert "verify" not in calls


@pytest.mark.parametrize(
    ("new", "why", "id"),
    [
        ("short", "policy", "passcode.short"),
        ("passwordpassword", "common", "passcode.common"),
        (RIGHT, "used", "passcode.used"),
    ],
)
def test_a_refusal_says_why_and_leaves_the_proof_but_not_the_failures(
    new: str, why: str, id: str
) -> None:
    async def story() -> tuple[object, int]:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        await world.tries("ana", WRONG)
        attempt = Attempt(store="customers", policy="default", user=ana.id)
        unit = world.unit()
        found = await renew(await world.verifier(unit), attempt, old=Secret(RIGHT), new=Secret(new))
        return found, len(unit.staged().resets)

    found, resets = asyncio.run(story())

    assert isinstance(found, Refusal)
    assert isinstance(found.text, Message)
    assert (found.why, found.text.id, resets) == (why, id, 1)


def test_a_hop_that_is_run_again_renews_once() -> None:
    async def story() -> tuple[int, int]:
        world = World()
        store = await world.customers()
        ana = await world.user(store, "ana")
        attempt = Attempt(store="customers", policy="default", user=ana.id)
        step, owner = await world.step(), HopId("o" * 26)
        unit = world.unit()
        for unit in (world.unit(), world.unit()):
            lent = await world.verifier(unit, step)
            lent = changed(lent, owner=owner)
            assert isinstance(
                await renew(lent, attempt, old=Secret(RIGHT), new=Secret(FRESH)), Passcode
            )
        assert await world.write(unit) == Committed()
        rows = await world.store.page(world.unit().tenant, Passcode, PageQuery())
        return len(rows.rows), rows.rows[0].serial

    assert asyncio.run(story()) == (1, 2)


def test_no_more_earlier_ones_are_read_than_there_are() -> None:
    async def story() -> list[int]:
        world = World()
        store = await world.customers()
        ana = await world.user(store, "ana")
        policy = replace(await world.policy(store, "default"), history_size=3)
        unit = world.unit()
        unit.put(policy, Version(number=policy.version))
        await world.write(unit)
        kept = await world.unit().get(PasscodePolicy, policy.id)
        assert kept is not None
        found: object = None
        for number in range(5):
            attempt = Attempt(store="customers", policy="default", user=ana.id)
            unit = world.unit()
            old = RIGHT if number == 0 else f"{FRESH} {number - 1}"
            lent = await world.verifier(unit)
            found = await renew(lent, attempt, old=Secret(old), new=Secret(f"{FRESH} {number}"))
            assert isinstance(found, Passcode)
            assert await world.write(unit) == Committed()
            world.clock.move(timedelta(minutes=1))
        assert isinstance(found, Passcode)
        return [row.serial for row in await earlier(world.unit(), found, 10)]

    assert asyncio.run(story()) == [5, 4, 3]


def test_two_writings_of_one_passcode_are_the_same() -> None:
    assert is_same(Secret("caf\u00e9"), Secret("cafe\u0301"))
    assert not is_same(Secret("maple"), Secret("Maple"))


def test_the_list_is_read_in_a_thread_and_once() -> None:
    blocklist.base_words.cache_clear()

    asyncio.run(blocklist.prepared())
    asyncio.run(blocklist.prepared())

    assert blocklist.base_words.cache_info().misses == 1
