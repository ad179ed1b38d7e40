"""The loop gives up in words: where others are always quicker, and where time never stands."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from engine.adapters.memory import MemoryStore
from engine.errors import Busy, ProcessFault
from engine.model.names import MAIN_TENANT
from engine.ports.store import Committed, Conflict, Hop
from engine.run.entry.answers import Begun
from engine.run.unit import Unit
from engine.testing import FrozenClock
from tests.bench import Bench, bench, ref


class Odd(MemoryStore):
    """A store that, once it is asked to, answers every commit so and keeps nothing."""

    answer: Committed | Conflict | None = None
    asked = 0

    async def commit(self, hop: Hop) -> Committed | Conflict:
        self.asked += 1
        return await super().commit(hop) if self.answer is None else self.answer


@dataclass
class Visit:
    house: Bench
    store: Odd
    begun: Begun


async def visit() -> Visit:
    clock = FrozenClock()
    store = Odd(clock)
    house = bench(store, clock)
    await house.deploy()
    await house.user()
    begun = await house.begin((await house.link()).secret)
    store.asked = 0
    return Visit(house, store, begun)


def test_who_loses_every_race_is_told_to_come_again() -> None:
    async def story() -> int:
        now = await visit()
        now.store.answer = Conflict(what="revision")
        with pytest.raises(Busy):
            await now.house.loop.choose_language(ref(now.begun), language="pt-PT")
        return now.store.asked

    assert asyncio.run(story()) > 1


def test_an_instance_whose_time_is_always_up_is_left_after_a_thousand_timers() -> None:
    async def story() -> int:
        now = await visit()
        now.store.answer = Committed()
        now.house.wait(days=1)
        with pytest.raises(ProcessFault, match="1,000 timers"):
            await now.house.at(now.begun)
        return now.store.asked

    assert asyncio.run(story()) == 1_000


def test_an_instance_is_started_once() -> None:
    async def story() -> object:
        now = await visit()
        unit = Unit(now.store, MAIN_TENANT)
        return await now.house.loop.begin(ref(now.begun), "en", unit)

    assert asyncio.run(story()) == Conflict(what="revision")
