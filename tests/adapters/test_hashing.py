"""Hashing keeps to its floors, its bounds and its threads (A4, A5)."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from engine.adapters.hashing import ArgonPool, Hasher, Parameters
from engine.adapters.system import SystemClock
from engine.errors import Busy, SettingsRefused, VaultRefused
from engine.ports.outside import Purpose
from engine.secret import Secret
from engine.testing import CHEAP, CheapPool, SeededChance, SeededVault

pytestmark = pytest.mark.anyio

RIGHT, WRONG = Secret("correct horse battery staple"), Secret("correct horse battery stable")


@pytest.fixture
async def pool() -> AsyncIterator[ArgonPool]:
    made = ArgonPool(SeededVault(), workers=1, queue=2, chance=SeededChance())
    yield made
    made.close()


def cheap(vault: SeededVault | None = None) -> Hasher:
    return Hasher(vault or SeededVault(), SeededChance(), CHEAP)


async def test_a_passcode_opens_its_own_record_and_no_other_does(pool: ArgonPool) -> None:
    async with pool.reserve() as slot:
        stored = await slot.hash(RIGHT)

        assert await slot.verify(stored, RIGHT)
        assert not await slot.verify(stored, WRONG)


async def test_a_record_says_how_it_was_made_and_by_which_pepper(pool: ArgonPool) -> None:
    async with pool.reserve() as slot:
        stored = await slot.hash(RIGHT)

    pattern = (
        r"\$argon2id\$v=19\$m=19456,t=2,p=1,keyid=k1-test\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}"
    )
    assert re.fullmatch(pattern, stored)


def test_two_records_of_one_passcode_share_nothing() -> None:
    hasher = cheap()

    one, two = hasher.hash(RIGHT).split("$"), hasher.hash(RIGHT).split("$")

    assert one[:4] == two[:4]
    assert not set(one[4:]) & set(two[4:])


def test_a_record_is_worth_nothing_without_the_pepper() -> None:
    stored = cheap().hash(RIGHT)
    keys = SeededVault()
    keys._keys["k1-test"] = bytes(32)

    assert not cheap(keys).verify(stored, RIGHT)


@pytest.mark.parametrize(("one", "same"), [("Caf\u00e9", "Cafe\u0301"), ("\uff21bc", "Abc")])
def test_spellings_that_unicode_calls_one_open_the_same_record(one: str, same: str) -> None:
    hasher = cheap()

    assert hasher.verify(hasher.hash(Secret(one)), Secret(same))


async def test_no_passcode_opens_the_dummy_and_it_costs_what_any_record_costs(
    pool: ArgonPool,
) -> None:
    async with pool.reserve() as slot:
        stored = await slot.hash(RIGHT)
        opened = [await slot.verify(pool.dummy, secret) for secret in (RIGHT, WRONG, Secret(""))]

    assert opened == [False, False, False]
    assert pool.dummy.split("$")[:4] == stored.split("$")[:4]
    assert [len(part) for part in pool.dummy.split("$")] == [
        len(part) for part in stored.split("$")
    ]


def test_a_record_of_other_parameters_or_an_older_pepper_is_old() -> None:
    today = Hasher(SeededVault(2), SeededChance(), CHEAP)
    other = Hasher(SeededVault(2), SeededChance(), Parameters(memory_kib=16, passes=1))

    assert not today.is_old(today.hash(RIGHT))
    assert today.is_old(other.hash(RIGHT))
    assert today.is_old(cheap(SeededVault(1)).hash(RIGHT))


def test_an_older_pepper_still_opens_what_it_made() -> None:
    stored = cheap(SeededVault(1)).hash(RIGHT)

    assert cheap(SeededVault(2)).verify(stored, RIGHT)


def test_a_record_of_a_lost_pepper_is_refused_not_tried() -> None:
    stored = cheap(SeededVault(2)).hash(RIGHT)

    with pytest.raises(VaultRefused):
        cheap(SeededVault(1)).verify(stored, RIGHT)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text.replace("argon2id", "argon2i"),
        lambda text: text.replace("v=19", "v=16"),
        lambda text: text.replace("p=1", "p=4"),
        lambda text: text.replace("m=8", "m=x"),
        lambda text: text.replace(",keyid=k1-test", ""),
        lambda text: text[:-3] + "*!*",
    ],
)
def test_a_record_that_cannot_be_read_is_refused(damage: object) -> None:
    hasher = cheap()
    assert callable(damage)

    with pytest.raises(VaultRefused):
        hasher.verify(damage(hasher.hash(RIGHT)), RIGHT)


@pytest.mark.parametrize(
    "weak", [{"memory_kib": 19_455}, {"passes": 1}, {"workers": 0}, {"queue": 9}, {"queue": -1}]
)
def test_weaker_settings_are_refused(weak: dict[str, int]) -> None:
    with pytest.raises(SettingsRefused):
        ArgonPool(SeededVault(), **weak)  # type: ignore[arg-type]  # a setting of each name is an int


async def test_a_full_pool_says_so_at_once(pool: ArgonPool) -> None:
    places = [pool.reserve() for _ in range(3)]
    for place in places:
        await place.__aenter__()

    with pytest.raises(Busy) as refused:
        await pool.reserve().__aenter__()
    await places[0].__aexit__(None, None, None)
    async with pool.reserve() as slot:
        worked = await slot.verify(pool.dummy, WRONG)

    assert refused.value.retry_after == 1
    assert worked is False
    for place in places[1:]:
        await place.__aexit__(None, None, None)


async def test_who_gives_up_keeps_the_place_until_the_work_is_done() -> None:
    begun, gate = threading.Event(), threading.Event()

    class Slow(SeededVault):
        def mac(self, purpose: Purpose, message: bytes, key_id: str | None = None) -> bytes:
            begun.set()
            gate.wait(10)  # a failing test must end too
            return super().mac(purpose, message, key_id)

    pool = ArgonPool(Slow(), workers=1, queue=0)

    async def verify() -> None:
        async with pool.reserve() as slot:
            await slot.verify(pool.dummy, WRONG)

    task = asyncio.ensure_future(verify())
    await asyncio.to_thread(begun.wait)
    task.cancel()
    await asyncio.wait([task])
    with pytest.raises(Busy):
        await pool.reserve().__aenter__()
    gate.set()
    await asyncio.to_thread(pool.close)
    await asyncio.sleep(0)  # noqa: TID251 - lets the thread's last word arrive, waits for nothing

    async with pool.reserve():
        pass
    assert task.cancelled()


async def test_hashing_does_not_keep_the_event_loop(pool: ArgonPool) -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await SystemClock().sleep(timedelta(0))
            turns += 1

    counting = asyncio.ensure_future(count_turns())
    async with pool.reserve() as slot:
        await slot.hash(RIGHT)
    counting.cancel()

    assert turns > 10


async def test_hashing_runs_in_the_pools_own_threads(pool: ArgonPool) -> None:
    names: list[str] = []

    class Watched(SeededVault):
        def mac(self, purpose: Purpose, message: bytes, key_id: str | None = None) -> bytes:
            names.append(threading.current_thread().name)
            return super().mac(purpose, message, key_id)

    watched = ArgonPool(Watched(), workers=1)
    async with watched.reserve() as slot:
        await slot.hash(RIGHT)
    watched.close()

    assert [name.split("_")[0] for name in names] == ["hashing"]


async def test_the_cheap_pool_tells_what_was_asked_of_it() -> None:
    pool = CheapPool()

    async with pool.reserve() as slot:
        stored = await slot.hash(RIGHT)
        right, wrong = await slot.verify(stored, RIGHT), await slot.verify(pool.dummy, RIGHT)
    pool.free = 0
    with pytest.raises(Busy):
        await pool.reserve().__aenter__()

    assert (right, wrong) == (True, False)
    assert pool.calls == ["reserve", "hash", "verify", "verify"]
    assert pool.verified == [stored, pool.dummy]
