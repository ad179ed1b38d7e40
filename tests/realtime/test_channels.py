"""Channels: sequences, the cache's one place, and how far back is read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from engine.adapters.memory import MemoryStore
from engine.model.names import MAIN_TENANT
from engine.ports.store import Committed
from engine.realtime.channels import LIFE, Event, Group, Told, cached, publish, since
from engine.records.realtime import RtasChannel
from engine.run.unit import Unit
from engine.testing import FrozenClock, SeededVault

T = TypeVar("T")
GROUP = Group(client="C", flow="registration", subject="7c0e", user_id="john.doe")
MINUTES = timedelta(minutes=15)


class Station:
    """A store, and what is published there."""

    def __init__(self) -> None:
        self.clock, self.vault = FrozenClock(), SeededVault()
        self.store = MemoryStore(self.clock)

    async def tell(self, text: str, life: timedelta | None = MINUTES, group: Group = GROUP) -> None:
        unit = Unit(self.store, MAIN_TENANT)
        event = Event(targets=("Told",), payload={"text": text}, cached=life)
        await publish(unit, self.vault, group, event, self.clock.now())
        assert isinstance(await self.store.write(MAIN_TENANT, unit.staged()), Committed)

    async def since(self, after: int, group: Group = GROUP) -> Sequence[Told]:
        at = self.clock.now()
        return await since(self.store, self.vault, MAIN_TENANT, group.channel, after, at)

    async def cached(self) -> str | None:
        channel = await self.store.get(MAIN_TENANT, RtasChannel, GROUP.channel)
        assert channel is not None
        at = self.clock.now()
        found = await cached(self.store, self.vault, MAIN_TENANT, channel, at)
        return None if found is None else str(found.payload["text"])


def play(story: Callable[[Station], Awaitable[T]]) -> T:
    async def told() -> T:
        return await story(Station())

    return asyncio.run(told())


def test_all_that_came_after_is_read_however_much_it_is() -> None:
    async def story(station: Station) -> list[list[int]]:
        for number in range(450):
            await station.tell(str(number))
        return [[one.sequence for one in await station.since(after)] for after in (0, 448, 450)]

    assert play(story) == [list(range(1, 451)), [449, 450], []]


def test_a_newer_event_takes_the_place_in_the_cache_and_an_uncached_one_does_not() -> None:
    async def story(station: Station) -> list[str | None]:
        await station.tell("first")
        await station.tell("second")
        found = [await station.cached()]
        await station.tell("passing", None)
        found.append(await station.cached())
        station.clock.move(MINUTES)
        return [*found, await station.cached()]

    assert play(story) == ["second", "second", None]


def test_what_is_kept_no_longer_is_not_read() -> None:
    async def story(station: Station) -> list[int]:
        await station.tell("passing", None)
        await station.tell("kept")
        station.clock.move(timedelta(minutes=2))
        return [one.sequence for one in await station.since(0)]

    assert play(story) == [2]


def test_each_of_the_four_makes_another_channel() -> None:
    others = [
        Group(client="D", flow="registration", subject="7c0e", user_id="john.doe"),
        Group(client="C", flow="transaction", subject="7c0e", user_id="john.doe"),
        Group(client="C", flow="registration", subject="7c0f", user_id="john.doe"),
        Group(client="C", flow="registration", subject="7c0e", user_id="jane.doe"),
    ]

    async def story(station: Station) -> list[int]:
        await station.tell("for john")
        return [len(await station.since(0, other)) for other in others]

    assert play(story) == [0, 0, 0, 0]


def test_a_channel_lives_as_long_as_what_it_may_still_say() -> None:
    async def story(station: Station) -> tuple[timedelta, timedelta]:
        await station.tell("day", timedelta(days=1))
        await station.tell("short")
        channel = await station.store.get(MAIN_TENANT, RtasChannel, GROUP.channel)
        assert channel is not None
        return channel.expires_at - station.clock.now(), LIFE

    left, least = play(story)

    assert left == timedelta(days=1) > least
