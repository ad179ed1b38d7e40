"""Known devices: strangers lock nobody out, a device has a small budget, and opens nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.vault import KeyRing
from engine.identity import devices
from engine.identity.attempts import user_account
from engine.identity.users import lock
from engine.ports.store import Committed
from engine.records.identity import IdentityStore, User
from engine.testing import NOON, SeededChance, SeededVault
from tests.identity.world import RIGHT, WRONG, World

VAULT = SeededVault()


def granted(user: str = "ana", passcode: str = "p1", *, to: str | None = None) -> str:
    return devices.grant(
        VAULT, SeededChance(), devices.read(to), user=user, passcode=passcode, at=NOON
    )


def known(
    value: str, user: str = "ana", passcode: str = "p1", *, vault: KeyRing = VAULT, days: float = 0
) -> bool:
    device = devices.read(value)
    assert device is not None
    return devices.is_known(vault, device, user, passcode, NOON + timedelta(days=days))


def test_a_device_is_known_for_that_passcode_of_that_user_alone() -> None:
    value = granted()

    assert known(value)
    assert not known(value, "bob")
    assert not known(value, passcode="p2")
    assert not known(granted(passcode=""), passcode="")


def test_a_device_is_known_for_half_a_year_and_never_before() -> None:
    value = granted()

    assert known(value, days=180)
    assert not known(value, days=181)
    assert not known(value, days=-1)


def test_a_value_that_somebody_wrote_or_another_house_signed_is_worth_nothing() -> None:
    value = granted()
    id, mark = value.split(".")
    day, mac = mark.split("-", 1)
    other = KeyRing({"k": b"x" * 32})

    assert not known(f"{id}.{int(day) + 1}-{mac}")
    assert not known(f"{id[::-1]}.{mark}")
    assert not known(f"{id}.{day}-{mac[::-1]}")
    assert not known(value, vault=other)


def test_four_people_may_share_a_device_and_the_fifth_takes_the_place_of_the_first() -> None:
    value = None
    for name in ("a", "b", "c", "d", "b", "e"):
        value = granted(name, to=value)
    assert value is not None

    assert len(value) <= devices.LONGEST
    assert [name for name in "abcde" if known(value, name)] == ["b", "c", "d", "e"]
    assert len(set(value.split("."))) == 5


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=320))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = devices.read(text)

    assert found is None or len(found.marks) <= devices.MOST


def test_a_day_in_other_words_is_none() -> None:
    id, mark = granted().split(".")

    assert devices.read(f"{id}.{mark}") is not None
    assert devices.read(f"{id}.0{mark}") is None


@pytest.mark.parametrize("value", [None, "", "x", "a" * 43, "a" * 43 + ".", "a" * 301])
def test_what_is_not_of_our_form_is_nothing(value: str | None) -> None:
    assert devices.read(value) is None


async def furnished() -> tuple[World, User, str]:
    """Give a world in which ana has signed in on her own device."""
    world = World()
    ana = await world.user(await world.customers(), "ana")
    assert await world.tries("ana", RIGHT)
    assert world.known_as is not None
    return world, ana, world.known_as


def test_strangers_lock_nobody_out_of_a_known_device() -> None:
    async def story() -> list[bool]:
        world, ana, device = await furnished()
        for _ in range(60):
            await world.tries("ana", WRONG)
            world.clock.move(timedelta(hours=1, seconds=1))
        elsewhere = await world.tries("ana", RIGHT)
        here = await world.tries("ana", RIGHT, device=device)
        spent = await world.ledger(user_account(ana.id))
        assert spent is not None  # what strangers did stays counted
        assert spent.disabled
        return [elsewhere, here, await world.tries("ana", RIGHT)]

    assert asyncio.run(story()) == [False, True, False]


def test_failures_on_a_known_device_are_counted_there_and_a_success_forgets_them() -> None:
    async def story() -> None:
        world, ana, device = await furnished()
        read = devices.read(device)
        assert read is not None
        own = devices.account(ana.id, read)
        for _ in range(3):
            assert not await world.tries("ana", WRONG, device=device)
        spent = await world.ledger(own)

        assert spent is not None
        assert spent.failures == 3
        assert await world.ledger(user_account(ana.id)) is None
        assert await world.tries("ana", RIGHT, device=device)
        assert await world.ledger(own) is None

    asyncio.run(story())


def test_a_device_that_has_used_up_its_budget_is_a_stranger() -> None:
    async def story() -> list[bool]:
        world, ana, device = await furnished()
        for _ in range(10):
            await world.tries("ana", WRONG, device=device)
            world.clock.move(timedelta(hours=1, seconds=1))
        assert await world.ledger(user_account(ana.id)) is None
        guessed = [await world.tries("ana", WRONG, device=device) for _ in range(6)]
        account = await world.ledger(user_account(ana.id))
        assert account is not None
        assert account.failures == 6
        waits = await world.tries("ana", RIGHT, device=device)
        world.clock.move(timedelta(minutes=1))
        return [*guessed, waits, await world.tries("ana", RIGHT, device=device)]

    assert asyncio.run(story()) == [False] * 7 + [True]


def test_a_device_with_its_budget_waits_as_an_account_does() -> None:
    async def story() -> list[bool]:
        world, _, device = await furnished()
        for _ in range(6):
            await world.tries("ana", WRONG, device=device)
        waits = await world.tries("ana", RIGHT, device=device)
        world.clock.move(timedelta(seconds=31))
        return [waits, await world.tries("ana", RIGHT, device=device)]

    assert asyncio.run(story()) == [False, True]


def test_a_device_of_another_user_is_a_strangers() -> None:
    async def story() -> bool:
        world, _, device = await furnished()
        store = await world.unit().get(IdentityStore, "customers")
        assert store is not None
        bob = await world.user(store, "bob")
        for _ in range(6):
            await world.tries("bob", WRONG, device=device)
        assert (await world.ledger(user_account(bob.id))) is not None
        return await world.tries("bob", RIGHT, device=device)

    assert asyncio.run(story()) is False


def test_a_lock_by_an_operator_holds_on_known_devices_too() -> None:
    async def story() -> bool:
        world, ana, device = await furnished()
        unit = world.unit()
        kept = await unit.get(User, ana.id)
        assert kept is not None
        lock(unit, world.actor, kept)
        assert await world.write(unit) == Committed()
        return await world.tries("ana", RIGHT, device=device)

    assert asyncio.run(story()) is False


def test_a_failure_hands_nothing_out() -> None:
    async def story() -> str | None:
        world, _, device = await furnished()
        await world.tries("ana", WRONG, device=device)
        return world.known_as

    assert asyncio.run(story()) is None
