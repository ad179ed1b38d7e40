"""What registering, renewing and unregistering a passcode leave, besides the hash."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from msgspec.structs import replace

from engine.errors import ActivityFault
from engine.identity import devices
from engine.identity.authentication import Attempt
from engine.identity.choosing import choose_first
from engine.identity.passcodes import keep, problems_of, register, succeed, unregister
from engine.model.names import MAIN_TENANT
from engine.records.identity import PasscodePolicy, User
from engine.run.unit import Unit
from engine.secret import Secret
from engine.testing import SeededChance, SeededVault
from tests.identity.world import RIGHT, World

HASHED = "a stored hash"


async def house() -> tuple[World, User, PasscodePolicy]:
    world = World()
    store = await world.customers()
    ana = await world.user(store, "ana", None)
    return world, ana, await world.policy(store, "default")


def told(unit: Unit) -> list[tuple[str, str, dict[str, str]]]:
    return [(row.action, row.subject, dict(row.facts)) for row in unit.staged().audit]


def test_each_change_of_a_passcode_is_told_by_whose_and_which_and_never_by_what() -> None:
    async def story() -> None:
        world, ana, policy = await house()
        first, then, gone = world.unit(), world.unit(), world.unit()

        one = keep(first, world.actor, ana, policy=policy, hashed=HASHED)
        other = await succeed(then, world.actor, one, policy=policy, hashed=HASHED)
        await unregister(gone, world.actor, other)

        assert told(first) == [("passcode.register", f"passcode:{one.id}", {"user": ana.id})]
        assert told(then) == [
            ("passcode.renew", f"passcode:{other.id}", {"user": ana.id, "replaces": one.id})
        ]
        assert told(gone) == [("passcode.unregister", f"passcode:{other.id}", {"user": ana.id})]

    asyncio.run(story())


def test_a_passcode_that_is_refused_is_told_and_not_hashed() -> None:
    async def story() -> None:
        world, ana, policy = await house()

        found = await register(
            world.unit(), world.actor, ana, policy=policy, passcode=Secret("short"), pool=world.pool
        )

        assert isinstance(found, tuple)
        assert len(found) == 1
        assert "hash" not in world.calls

    asyncio.run(story())


def test_the_longest_passcode_that_a_policy_allows_is_taken() -> None:
    async def story() -> None:
        _, ana, policy = await house()
        longest = replace(policy, max_length=len(RIGHT))

        assert problems_of(Secret(RIGHT), longest, ana, MAIN_TENANT) == ()
        assert len(problems_of(Secret(RIGHT + "x"), longest, ana, MAIN_TENANT)) == 1

    asyncio.run(story())


def test_a_first_passcode_under_a_policy_that_is_gone_is_a_fault() -> None:
    async def story() -> str:
        world, ana, _ = await house()
        attempt = Attempt(store="customers", policy="gone", user=ana.id)
        try:
            await choose_first(await world.verifier(world.unit()), attempt, Secret(RIGHT))
        except ActivityFault as fault:
            return str(fault)
        return ""

    assert "no such policy" in asyncio.run(story())


def test_a_passcode_expires_as_its_policy_says_from_its_making_on() -> None:
    async def story() -> None:
        world, ana, policy = await house()
        for validity in (None, timedelta(days=30)):
            limited = replace(policy, validity=validity)

            row = keep(world.unit(), world.actor, ana, policy=limited, hashed=HASHED)

            assert row.expires_at == (None if validity is None else world.clock.now() + validity)
            assert (row.serial, row.hash, row.policy) == (1, HASHED, "default")

    asyncio.run(story())


def test_a_device_has_a_row_in_the_ledger_that_does_not_tell_its_value() -> None:
    value = devices.grant(
        SeededVault(), SeededChance(), None, user="ana", passcode="p1", at=World().clock.now()
    )
    device = devices.read(value)
    assert device is not None

    _, user, digest = devices.account("ana", device).split(":")

    assert (user, len(bytes.fromhex(digest))) == ("ana", 16)
    assert device.id not in digest
