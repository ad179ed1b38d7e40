"""A new pepper and dearer hashing: what is kept stays good, and is made anew when it is proven."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest

from engine.adapters.hashing import LEAST_MEMORY_KIB, LEAST_PASSES, ArgonPool
from engine.adapters.memory import MemoryStore
from engine.adapters.vault import FileVault
from engine.errors import SettingsRefused, VaultRefused
from engine.identity.policies import policy_id
from engine.model.names import MAIN_TENANT
from engine.ports.outside import HashPool, Vault
from engine.records.identity import Passcode, PasscodePolicy, sealed_by, use_key
from engine.run.current import Current
from engine.run.unit import Unit
from engine.secret import Secret
from engine.testing import CheapPool, FrozenClock, SeededVault
from tests.bench import RIGHT, WRONG, Bench, bench
from tests.run.test_choosing import FRESH, RENEWAL, SUCCESS, THIRD, begin, chooses, policy, words


async def houses(first: HashPool, second: HashPool) -> tuple[Bench, Bench]:
    """Make one store's house as it was, with a user in it, and as it is after a restart."""
    clock = FrozenClock()
    store = MemoryStore(clock)
    # A bench knows how to count a cheap pool's work; here nobody asks.
    pools = cast("CheapPool", first), cast("CheapPool", second)
    before, after = (bench(store, clock, pool=pool, seed=n) for n, pool in enumerate(pools))
    await before.deploy()
    await before.deploy(shipped=RENEWAL)
    await before.user()
    return before, after


async def hash_of(house: Bench) -> str:
    unit = Unit(house.store, MAIN_TENANT)
    assert await unit.get(PasscodePolicy, policy_id("customers", "default")) is not None
    page = [row for row in await _rows(house) if row.status == "ACTIVE"]
    assert len(page) == 1
    assert await unit.find(Passcode, "by_use", use_key(page[0].user, "default")) == page[0]
    return page[0].hash


async def _rows(house: Bench) -> tuple[Passcode, ...]:
    from engine.ports.store import PageQuery

    return (await house.store.page(MAIN_TENANT, Passcode, PageQuery())).rows


async def signs_in(house: Bench, passcode: str) -> bool:
    found = await house.answer(await begin(house, "passcode-authentication"), passcode=passcode)
    assert isinstance(found, Current)
    return found.instance.status == SUCCESS


def peppered(count: int) -> HashPool:
    return CheapPool(SeededVault(count))


def test_an_older_pepper_verifies_and_the_next_good_sign_in_takes_todays() -> None:
    async def story() -> None:
        before, after = await houses(peppered(1), peppered(2))
        assert "keyid=k1-test" in await hash_of(before)

        assert not await signs_in(after, WRONG)
        assert "keyid=k1-test" in await hash_of(after)
        assert await signs_in(after, RIGHT)
        renewed = await hash_of(after)

        assert "keyid=k2-test" in renewed
        assert await signs_in(after, RIGHT)
        assert await hash_of(after) == renewed

    asyncio.run(story())


def test_earlier_passcodes_of_an_older_pepper_are_still_compared() -> None:
    async def story() -> None:
        before, after = await houses(peppered(1), peppered(2))
        await policy(before, history_size=2)
        await chooses(before, await begin(before, RENEWAL), FRESH, passcode=RIGHT)

        now = await chooses(after, await begin(after, RENEWAL), RIGHT, passcode=FRESH)

        assert words(now)[0] == "passcode.used"
        last = await chooses(after, await begin(after, RENEWAL), THIRD, passcode=FRESH)
        assert last.instance.status == SUCCESS
        assert {row.serial: sealed_by(row) for row in await _rows(after)} == {
            1: "k1-test", 2: "k1-test", 3: "k2-test",
        }  # fmt: skip

    asyncio.run(story())


def test_a_pepper_that_is_gone_holds_the_journey_and_lets_nobody_in() -> None:
    async def story() -> None:
        class Lost(SeededVault):
            def __init__(self) -> None:
                super().__init__(2)
                del self._keys["k1-test"]

        _, after = await houses(peppered(1), CheapPool(Lost()))

        found = await after.answer(await begin(after, "passcode-authentication"), passcode=RIGHT)

        assert isinstance(found, Current)
        assert found.instance.status == "ACTIVE"
        assert found.instance.incident is not None
        assert found.instance.incident.code == VaultRefused.code

    asyncio.run(story())


def argon(vault: Vault, passes: int) -> ArgonPool:
    return ArgonPool(vault, memory_kib=LEAST_MEMORY_KIB, passes=passes, workers=1)


def test_dearer_hashing_is_taken_up_at_the_next_good_sign_in() -> None:
    vault = SeededVault()
    pools = argon(vault, LEAST_PASSES), argon(vault, LEAST_PASSES + 1)

    async def story() -> None:
        before, after = await houses(*pools)
        assert f"t={LEAST_PASSES}," in await hash_of(before)

        assert await signs_in(after, RIGHT)

        assert f"t={LEAST_PASSES + 1}," in await hash_of(after)
        assert not await signs_in(after, WRONG)
        assert await signs_in(after, RIGHT)

    try:
        asyncio.run(story())
    finally:
        for pool in pools:
            pool.close()


def test_no_setting_is_cheaper_than_the_floor() -> None:
    with pytest.raises(SettingsRefused):
        argon(SeededVault(), LEAST_PASSES - 1)


def test_a_running_server_verifies_what_a_command_sealed_with_a_newer_key(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    serving = FileVault.open(folder)
    command = FileVault.rotate(folder)
    newer = command.current("pepper")

    assert serving.mac("pepper", b"tag", newer) == command.mac("pepper", b"tag")
    assert serving.current("pepper") != command.current("pepper")
    with pytest.raises(VaultRefused):
        serving.mac("pepper", b"tag", "k9-00000000")


def test_a_record_says_which_key_seals_it() -> None:
    async def story() -> None:
        pool = peppered(2)
        async with pool.reserve() as slot:
            hashed = await slot.hash(Secret(RIGHT))
        row = Passcode(
            id="p", user="u", policy="default", hash=hashed, created_at=FrozenClock().now()
        )

        assert sealed_by(row) == "k2-test"

    asyncio.run(story())
