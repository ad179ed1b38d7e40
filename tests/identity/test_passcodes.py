"""Choosing, registering, listing and unregistering passcodes (security A1 to A4, A7)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from engine.errors import Busy
from engine.identity.passcodes import (
    problems_of,
    register,
    registered,
    status_at,
    unregister,
)
from engine.model.names import MAIN_TENANT
from engine.model.problem import Message
from engine.ports.store import Committed
from engine.records.identity import Passcode, PasscodePolicy, User
from engine.secret import Secret
from engine.testing import NOON
from tests.identity.world import RIGHT, WRONG, World

POLICY = PasscodePolicy(id="customers/default", store="customers", name="default", created_at=NOON)
ANA = User(
    id="01ANAANAANAANAANAANAANAANA",
    store="customers",
    ext_id="ana.silva@example.com",
    attributes={"firstName": "Anabela-Margarida"},
    created_at=NOON,
    updated_at=NOON,
)


def told(passcode: str, **facts: Any) -> list[str]:
    problems = problems_of(Secret(passcode), replace(POLICY, **facts), ANA, MAIN_TENANT)
    assert all(isinstance(problem.text, Message) for problem in problems)
    return [problem.text.id for problem in problems if isinstance(problem.text, Message)]


@pytest.mark.parametrize(
    ("passcode", "facts", "problem"),
    [
        ("", {}, "passcode.new.missing"),
        ("maple-river-ze", {}, "passcode.short"),
        ("maple-river-zeb", {}, None),
        ("\U0001f98a" * 7 + "\U0001f40c" * 7, {}, "passcode.short"),
        ("\u1e9b\u0323" * 14, {}, "passcode.short"),
        ("\ufb01sh and a river", {}, None),
        ("ab" * 127 + "xyz", {}, "passcode.long"),
        ("maple river zebra 9", {"character_set": "ALPHANUMERIC"}, "passcode.alphanumeric"),
        ("mapleriverzebra9", {"character_set": "ALPHANUMERIC"}, None),
        ("5829431x", {"character_set": "NUMERIC", "min_length": 6}, "passcode.numeric"),
        ("\u0665\u0668\u0662\u0669\u0664\u0663", {"character_set": "NUMERIC", "min_length": 6},
         "passcode.numeric"),
        ("582943", {"character_set": "NUMERIC", "min_length": 6}, None),
        ("passwordpassword", {}, "passcode.common"),
        ("trustflow-trustflow", {}, "passcode.common"),
        ("ana.silva@example.com", {}, "passcode.common"),
        ("AnaSilva@Example.com1", {}, "passcode.common"),
        ("Anabela Margarida 77", {}, "passcode.common"),
        (ANA.id, {}, "passcode.common"),
        ("customerscustomers", {}, "passcode.common"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_passcode_is_told_by_name(
    passcode: str, facts: dict[str, Any], problem: str | None
) -> None:
    assert told(passcode, **facts) == ([] if problem is None else [problem])


def test_length_is_told_in_numbers_and_nothing_of_the_value() -> None:
    problems = problems_of(Secret("short"), POLICY, ANA, MAIN_TENANT)

    assert problems[0].field == "newPasscode"
    assert problems[0].text == Message(id="passcode.short", values={"min": "15"})
    assert "short'" not in repr(problems).replace("passcode.short", "")


def test_a_passcode_is_kept_as_a_hash_and_found_again() -> None:
    async def story() -> tuple[tuple[Passcode, ...], str]:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        rows = await registered(world.store, MAIN_TENANT, ana)
        return rows, repr(world.store.__dict__)

    rows, everything = asyncio.run(story())

    assert [row.policy for row in rows] == ["default"]
    assert rows[0].hash.startswith("$argon2id$")
    assert RIGHT not in everything


def test_one_passcode_is_in_use_per_user_and_policy() -> None:
    async def story() -> tuple[object, object]:
        world = World()
        store = await world.customers()
        ana = await world.user(store, "ana")
        again = await world.registers(ana, WRONG, policy=await world.policy(store, "default"))
        other = await world.registers(ana, WRONG, policy=await world.policy(store, "other"))
        return again, other

    again, other = asyncio.run(story())

    assert isinstance(again, tuple)
    assert [problem.field for problem in again] == ["policyName"]
    assert isinstance(other, Passcode)


def test_an_unregistered_passcode_opens_nothing_and_another_takes_its_place() -> None:
    async def story() -> tuple[bool, bool, int]:
        world = World()
        store = await world.customers()
        ana = await world.user(store, "ana")
        unit = world.unit()
        (row,) = await registered(world.store, MAIN_TENANT, ana)
        await unregister(unit, world.actor, row)
        policy = await world.policy(store, "default")
        fresh = await register(
            unit, world.actor, ana, policy=policy, passcode=Secret(WRONG), pool=world.pool
        )
        assert isinstance(fresh, Passcode)
        assert await world.write(unit) == Committed()
        rows = await registered(world.store, MAIN_TENANT, ana)
        return await world.tries("ana", RIGHT), await world.tries("ana", WRONG), len(rows)

    assert asyncio.run(story()) == (False, True, 1)


def test_a_refused_passcode_is_not_hashed_and_a_full_pool_registers_nothing() -> None:
    async def story() -> tuple[list[str], bool]:
        world = World()
        store = await world.customers()
        ana = await world.user(store, "ana", None)
        policy, unit = await world.policy(store, "default"), world.unit()
        await world.registers(ana, "passwordpassword", policy=policy)
        calls = list(world.calls)
        world.pool.free = 0
        with pytest.raises(Busy):
            await register(
                unit, world.actor, ana, policy=policy, passcode=Secret(RIGHT), pool=world.pool
            )
        return calls, unit.staged().is_empty

    assert asyncio.run(story()) == ([], True)


def test_a_passcode_of_a_policy_with_validity_expires() -> None:
    async def story() -> tuple[bool, bool, Passcode]:
        world = World()
        store = await world.customers()
        ana = await world.user(store, "ana", None)
        policy = await world.policy(store, "default")
        day = replace(policy, validity=timedelta(days=1))
        row = await world.registers(ana, RIGHT, policy=day)
        assert isinstance(row, Passcode)
        before = await world.tries("ana", RIGHT)
        world.clock.move(timedelta(days=1))
        return before, await world.tries("ana", RIGHT), row

    before, after, row = asyncio.run(story())

    assert (before, after) == (True, False)
    assert status_at(row, NOON) == "ACTIVE"
    assert status_at(row, NOON + timedelta(days=1)) == "EXPIRED"
    assert status_at(replace(row, status="BLOCKED"), NOON + timedelta(days=2)) == "BLOCKED"
