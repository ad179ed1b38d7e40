"""2615: the eight ways to fail make the same calls in the same order (security B1, B2)."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import combinations
from typing import Final, Literal, get_args

import pytest
from msgspec.structs import replace

from engine.identity import authentication, choosing, devices
from engine.identity.authentication import Attempt, Verifier
from engine.identity.blocklist import is_common
from engine.identity.policies import policy_id
from engine.identity.users import by_ext_id, lock, set_status
from engine.ports.store import Committed
from engine.records.identity import Passcode, PasscodePolicy, User, use_key
from engine.records.record import Staged, Version
from engine.secret import Secret
from tests.identity.world import RIGHT, WRONG, World

Verify = Callable[[Verifier, Attempt, Secret], Awaitable[User | None]]

CLASSES: Final = (
    "unknown user", "wrong passcode", "locked", "throttled", "expired", "none registered",
    "disabled user", "wrong policy",
)  # fmt: skip


async def failing(kind: str, world: World | None = None) -> tuple[World, Attempt, str]:
    """Build one of the eight cases: a world, an attempt in it, and a passcode that must fail."""
    world = world or World()
    store = await world.customers()
    await world.policy(store, "other")
    ana = await world.user(store, "ana", None if kind == "none registered" else RIGHT)
    unit = world.unit()
    match kind:
        case "locked":
            lock(unit, world.actor, ana)
        case "disabled user":
            set_status(unit, world.actor, ana, "DISABLED")
        case "expired":
            row = await unit.find(Passcode, "by_use", use_key(ana.id, "default"))
            assert row is not None
            unit.put(replace(row, expires_at=world.clock.now()), Version(number=row.version))
        case "throttled":
            for _ in range(6):
                await world.tries("ana", WRONG)
        case _:
            pass
    assert await world.write(unit) == Committed()
    attempt = await world.begun(
        ext_id="nobody" if kind == "unknown user" else "ana",
        policy="other" if kind == "wrong policy" else "default",
    )
    return world, attempt, WRONG if kind == "wrong passcode" else RIGHT


Brought = Literal["nothing", "a stranger's", "her own"]
"""What a request brings of a known device."""


async def device_of(world: World, brought: Brought) -> str | None:
    """Give a device that is known for somebody else, or for ana's passcode, if she has one."""
    if brought == "nothing":
        return None
    user, passcode = "somebody else", "P"
    if brought == "her own":
        unit = world.unit()
        ana = await by_ext_id(unit, "customers", "ana")
        assert ana is not None
        row = await unit.find(Passcode, "by_use", use_key(ana.id, "default"))
        user, passcode = ana.id, "" if row is None else row.id
    at = world.clock.now()
    return devices.grant(world.vault, world.chance, None, user=user, passcode=passcode, at=at)


async def work_of(
    kind: str, verify: Verify, brought: Brought = "nothing"
) -> tuple[list[str], Staged]:
    """List every call a failing verification makes, and give what it staged."""
    world, attempt, passcode = await failing(kind)
    if kind == "throttled" and brought == "her own":  # the right one would let her in (C3)
        passcode = WRONG
    unit = world.unit()
    verifier = await world.verifier(unit, device=await device_of(world, brought))
    world.calls.clear()
    assert not await verify(verifier, attempt, Secret(passcode))
    return list(world.calls), unit.staged()


def unequal(verify: Verify, brought: Brought = "nothing") -> list[tuple[str, str]]:
    """Name the pairs of classes, of 28, whose work can be told apart."""
    work = {kind: asyncio.run(work_of(kind, verify, brought)) for kind in CLASSES}
    return [
        (one, other)
        for one, other in combinations(CLASSES, 2)
        if shape(work[one]) != shape(work[other])
    ]


def shape(work: tuple[list[str], Staged]) -> tuple[list[str], int, int, int]:
    calls, staged = work
    return calls, len(staged.writes), len(staged.audit), len(staged.resets)


@pytest.mark.parametrize("brought", get_args(Brought))
def test_all_twenty_eight_pairs_of_failing_classes_do_the_same_work(brought: Brought) -> None:
    assert unequal(authentication.verify, brought) == []


def test_the_work_is_one_hash_one_charge_and_one_audit_row() -> None:
    calls, staged = asyncio.run(work_of("unknown user", authentication.verify))

    assert calls.count("verify") == 1
    assert calls.count("claim_and_charge") == 1
    assert calls.index("reserve") < calls.index("claim_and_charge") < calls.index("verify")
    assert len(staged.audit) == 1
    assert not staged.writes


async def without_work_for_strangers(
    verifier: Verifier, attempt: Attempt, passcode: Secret
) -> User | None:
    """The planted fault: whoever has no passcode is refused at once."""
    use = use_key(attempt.user, attempt.policy)
    if await verifier.unit.find(Passcode, "by_use", use) is None:
        return None
    return await authentication.verify(verifier, attempt, passcode)


async def with_a_second_look_at_known_users(
    verifier: Verifier, attempt: Attempt, passcode: Secret
) -> User | None:
    """A planted fault of one call: the ledger is read once more where a passcode is kept."""
    right = await authentication.verify(verifier, attempt, passcode)
    use = use_key(attempt.user, attempt.policy)
    if await verifier.unit.find(Passcode, "by_use", use) is not None:
        verifier.vault.current("accounts")
    return right


@pytest.mark.parametrize("planted", [without_work_for_strangers, with_a_second_look_at_known_users])
def test_a_planted_difference_is_caught(planted: Verify) -> None:
    assert ("unknown user", "wrong passcode") in unequal(planted)


def test_the_audit_tells_operators_apart_what_it_hides_from_others() -> None:
    actions = {
        kind: asyncio.run(work_of(kind, authentication.verify))[1].audit[0].action
        for kind in CLASSES
    }

    assert actions.pop("throttled") == "attempt.limit"
    assert set(actions.values()) == {"attempt.failed"}


def test_no_audit_row_holds_what_was_tried() -> None:
    for kind in CLASSES:
        _, staged = asyncio.run(work_of(kind, authentication.verify))

        assert RIGHT not in repr(staged)
        assert WRONG not in repr(staged)


def test_a_lock_that_is_over_is_no_class_of_its_own() -> None:
    async def story() -> bool:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        unit = world.unit()
        lock(unit, world.actor, ana, until=world.clock.now() + timedelta(minutes=1))
        await world.write(unit)
        world.clock.move(timedelta(minutes=1))
        return await world.tries("ana", RIGHT)

    assert asyncio.run(story())


async def renewing(verifier: Verifier, attempt: Attempt, passcode: Secret) -> User | None:
    """Renew, with a new passcode that is as bad as can be: nothing of it may matter."""
    found = await choosing.renew(verifier, attempt, old=passcode, new=Secret("passwordpassword"))
    assert found is None
    return None


def test_a_renewal_that_proves_nothing_does_the_work_of_a_failed_sign_in() -> None:
    assert unequal(renewing) == []
    for kind in CLASSES:
        renewed = asyncio.run(work_of(kind, renewing))
        tried = asyncio.run(work_of(kind, authentication.verify))
        assert shape(renewed) == shape(tried)


async def judging_first(verifier: Verifier, attempt: Attempt, passcode: Secret) -> User | None:
    """The planted fault: a new one is looked at before the old one is proven."""
    policy = await verifier.unit.get(PasscodePolicy, policy_id(attempt.store, attempt.policy))
    if policy is not None and len("passwordpassword") < policy.min_length:
        return None
    if is_common("passwordpassword"):
        return None
    return await renewing(verifier, attempt, passcode)


def test_a_planted_look_at_the_new_one_is_caught() -> None:
    planted = asyncio.run(work_of("wrong passcode", judging_first))
    tried = asyncio.run(work_of("wrong passcode", authentication.verify))

    assert shape(planted) != shape(tried)


async def looking_at_known_devices_alone(
    verifier: Verifier, attempt: Attempt, passcode: Secret
) -> User | None:
    """The planted fault: only where somebody is there, their device is looked at."""
    if await verifier.unit.get(User, attempt.user) is None:
        verifier = dataclasses.replace(verifier, device=None)
    return await authentication.verify(verifier, attempt, passcode)


def test_a_planted_look_at_the_device_is_caught() -> None:
    found = unequal(looking_at_known_devices_alone, "a stranger's")

    assert ("unknown user", "wrong passcode") in found
