"""The pump: timers fire unasked, and one instance's trouble is not its neighbours'."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pytest

from engine.adapters.memory import MemoryStore
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, AccountKey
from engine.ports.store import AuditQuery, Due
from engine.run.current import Current, InstanceRef
from engine.run.pump import AT_ONCE, Pump
from engine.testing import FrozenClock, recorded
from tests.bench import ROOT, WRONG, Bench, bench

TEXT = (ROOT / "definitions/passcode-authentication.yaml").read_text("utf-8")


async def ready() -> tuple[Bench, Pump]:
    clock = FrozenClock()
    house = bench(MemoryStore(clock), clock)
    await house.deploy()
    await house.user()
    return house, Pump(house.store, house.loop, clock)


async def others() -> None:
    """Let the other tasks have a turn."""
    loop = asyncio.get_running_loop()
    turn = loop.create_future()
    loop.call_soon(turn.set_result, None)
    await turn


async def kept(house: Bench, begun: object) -> ProcessInstance:
    """Read an instance without firing what is due."""
    return (await house.store.load(MAIN_TENANT, begun.instance)).instance  # type: ignore[attr-defined]  # a Begun


def test_a_wait_that_nobody_looks_at_is_ended() -> None:
    async def story() -> None:
        house, pump = await ready()
        begun = await house.begin((await house.link()).secret)

        early = await pump.sweep()
        house.wait(minutes=5)
        fired = await pump.sweep()

        assert (early, fired) == (0, 1)
        assert (await kept(house, begun)).status == "COMPLETED_TERMINATED"
        assert await pump.sweep() == 0

    asyncio.run(story())


def test_the_pump_sweeps_every_second_until_it_is_ended() -> None:
    async def story() -> None:
        house, pump = await ready()
        begun = await house.begin((await house.link()).secret)
        task = asyncio.create_task(pump.run())
        for _ in range(270):
            for _ in range(4):
                await others()
            house.wait(seconds=1)
        for _ in range(20):
            await others()
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await kept(house, begun)).status == "COMPLETED_TERMINATED"

    asyncio.run(story())


def test_instances_that_cannot_be_fired_do_not_starve_the_others() -> None:
    async def story() -> None:
        house, pump = await ready()
        minted = await house.link(max_count=AT_ONCE + 5)
        many = [await house.begin(minted.secret) for _ in range(AT_ONCE + 5)]
        bad = {begun.instance for begun in many[:AT_ONCE]}
        fire = house.loop.current

        class Stumbling:
            async def current(self, ref: InstanceRef) -> Current:
                if ref.id in bad:
                    raise KeyError(ref.id)
                return await fire(ref)

        pump.loop = Stumbling()  # type: ignore[assignment]  # a loop that stumbles
        house.wait(minutes=5)

        fired = [await pump.sweep() for _ in range(3)]

        assert fired == [0, 5, 0]
        house.wait(minutes=2)
        bad.clear()
        assert sum([await pump.sweep() for _ in range(3)]) == AT_ONCE

    asyncio.run(story())


def test_a_store_that_fails_does_not_end_the_pump() -> None:
    async def story() -> None:
        house, pump = await ready()
        begun = await house.begin((await house.link()).secret)
        house.wait(minutes=5)

        class Silent:
            async def due(self, limit: int) -> Sequence[Due]:
                raise OSError(limit)

            async def forget_accounts(self, prefix: str, before: datetime) -> None:
                raise OSError(prefix, before)

        pump.store = Silent()  # type: ignore[assignment]  # a store that is gone
        failed = await pump.sweep()
        pump.store = house.store

        assert failed == 0
        assert await pump.sweep() == 1
        assert (await kept(house, begun)).status == "COMPLETED_TERMINATED"

    asyncio.run(story())


def test_an_instance_that_is_held_is_not_due_for_ever() -> None:
    async def story() -> None:
        house, pump = await ready()
        await house.deploy(
            TEXT.replace("storeName: customers", "storeName: nowhere").replace(
                "version: 1\n", "version: 2\n", 1
            )
        )
        begun = await house.begin((await house.link()).secret)
        assert (await kept(house, begun)).is_held

        house.wait(hours=2)

        assert list(await house.store.due(10)) == []
        assert await pump.sweep() == 0

    asyncio.run(story())


async def tried(house: Bench, ext_id: str) -> AccountKey:
    """Try a wrong passcode; give the account it was charged to."""
    begun = await house.begin((await house.link(parameters={"userExternalId": ext_id})).secret)
    await house.answer(begun, passcode=WRONG)
    newest = (await house.store.audit(MAIN_TENANT, AuditQuery(size=1))).rows[0]
    return AccountKey(newest.subject.removeprefix("account:"))


def test_tries_at_accounts_nobody_has_are_forgotten_after_30_days_and_a_users_never() -> None:
    async def story() -> None:
        house, pump = await ready()
        nobody, somebody = await tried(house, "nobody"), await tried(house, "ines.carvalho")

        remembered = []
        for days, hours in ((0, 0), (29, 23), (0, 1), (0, 1)):
            house.wait(days=days, hours=hours)
            await pump.sweep()
            rows = [await house.store.attempts(MAIN_TENANT, who) for who in (nobody, somebody)]
            remembered.append([row is not None for row in rows])

        assert remembered == [[True, True]] * 3 + [[False, True]]

    asyncio.run(story())


def test_the_pump_forgets_once_an_hour() -> None:
    async def story() -> None:
        house, _ = await ready()
        calls: list[str] = []
        pump = Pump(recorded(house.store, calls), house.loop, house.clock)

        for minutes in (0, 59, 1, 1):
            house.wait(minutes=minutes)
            await pump.sweep()

        assert calls.count("forget_accounts") == 2

    asyncio.run(story())
