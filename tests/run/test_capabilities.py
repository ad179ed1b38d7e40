"""The capabilities of the door, bound to a hop."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from engine.activity import Limits, Passcodes, Users
from engine.adapters.memory import MemoryStore
from engine.errors import ActivityFault, Busy, Contended
from engine.identity.authentication import Verifier
from engine.model.names import HopId, JsonObject
from engine.ports.store import ClaimKey
from engine.run.hop.capabilities import Lent, bind
from engine.secret import Secret
from engine.testing import FrozenClock, an_instance
from tests.identity.world import RIGHT, WRONG, World
from tests.interpret.flows import SIGN_IN
from tests.interpret.walk import graph_of


async def hop(world: World, step: ClaimKey | None = None) -> Verifier:
    return Verifier(
        unit=world.unit(),
        ledger=world.store,
        step=step or await world.step(),
        owner=HopId(world.chance.id()),
        name="instance:test",
        pool=world.pool,
        vault=world.vault,
        at=world.clock.now(),
        chance=world.chance,
    )


def passcodes_of(lent: Verifier) -> Passcodes:
    return cast("Passcodes", bind(lent_by(lent), ["Passcodes"])["Passcodes"])


def users_of(lent: Verifier) -> Users:
    return cast("Users", bind(lent_by(lent), ["Users"])["Users"])


def lent_by(verifier: Verifier) -> Lent:
    return Lent(
        verifier=verifier,
        records=MemoryStore(FrozenClock()),
        allowed_redirects=("https://www.example.org/",),
        graph=graph_of(SIGN_IN),
        instance=an_instance(),
    )


async def attempt_of(lent: Verifier, ext_id: str = "ana") -> JsonObject:
    begun = await passcodes_of(lent).start("customers", "default", user_id=None, ext_id=ext_id)
    return begun.attempt


def test_an_activity_gets_what_it_asks_for_and_no_more() -> None:
    async def story() -> list[list[str]]:
        lent = await hop(World())
        asked: list[list[str]] = [[], ["Users"], ["Users", "Passcodes"], ["Users", "Watchlists"]]
        return [sorted(bind(lent_by(lent), uses)) for uses in asked]

    assert asyncio.run(story()) == [[], ["Users"], ["Passcodes", "Users"], ["Users"]]


def test_users_are_told_as_they_are_at_the_moment() -> None:
    async def story() -> list[object]:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        for _ in range(6):
            await world.tries("ana", WRONG)
        users = users_of(await hop(world))
        found = [
            await users.by_id("customers", ana.id),
            await users.by_ext_id("customers", "ana"),
            await users.by_id("staff", ana.id),
            await users.by_ext_id("customers", "bob"),
        ]
        return [user and user["status"] for user in found]

    assert asyncio.run(story()) == ["TEMP_LOCKED", "TEMP_LOCKED", None, None]


def test_an_attempt_is_verified_and_the_hop_knows_it_must_own_the_step() -> None:
    async def story() -> tuple[bool, bool, bool]:
        world = World()
        await world.user(await world.customers(), "ana")
        lent = await hop(world)
        attempt = await attempt_of(lent)
        before = lent.unit.staged().owned
        right = await passcodes_of(lent).verify(attempt, Secret(RIGHT)) is not None
        return before, right, lent.unit.staged().owned

    assert asyncio.run(story()) == (False, True, True)


def test_a_step_that_another_request_verifies_gets_no_verdict() -> None:
    async def story() -> bool:
        world = World()
        await world.user(await world.customers(), "ana")
        first = await hop(world)
        attempt = await attempt_of(first)
        await passcodes_of(first).verify(attempt, Secret(WRONG))
        second = await hop(world, first.step)
        with pytest.raises(Contended):
            await passcodes_of(second).verify(attempt, Secret(RIGHT))
        return second.unit.staged().owned

    assert not asyncio.run(story())


def test_a_full_pool_is_told_as_it_is() -> None:
    async def story() -> None:
        world = World()
        await world.customers()
        lent = await hop(world)
        attempt = await attempt_of(lent)
        world.pool.free = 0
        with pytest.raises(Busy):
            await passcodes_of(lent).verify(attempt, Secret(RIGHT))

    asyncio.run(story())


def test_a_form_learns_the_upper_length_alone() -> None:
    async def story() -> Limits:
        world = World()
        await world.customers()
        lent = await hop(world)
        return await passcodes_of(lent).bounds(await attempt_of(lent, "nobody"))

    assert asyncio.run(story()) == Limits(max_length=256)


@pytest.mark.parametrize(("store", "policy"), [("staff", "default"), ("customers", "pin")])
def test_a_store_or_policy_that_is_not_there_is_the_definitions_fault(
    store: str, policy: str
) -> None:
    async def story() -> None:
        world = World()
        await world.customers()
        passcodes = passcodes_of(await hop(world))
        with pytest.raises(ActivityFault):
            await passcodes.start(store, policy, user_id=None, ext_id="ana")
        with pytest.raises(ActivityFault):
            await passcodes.bounds({"store": store, "policy": policy, "user": "x"})

    asyncio.run(story())


@pytest.mark.parametrize("value", [{}, {"store": "customers", "policy": "default", "user": 7}])
def test_a_slot_without_an_attempt_is_a_fault(value: JsonObject) -> None:
    async def story() -> None:
        passcodes = passcodes_of(await hop(World()))
        with pytest.raises(ActivityFault):
            await passcodes.verify(value, Secret(RIGHT))

    asyncio.run(story())
