"""A device's word before its wait is committed, twice, late, for another journey: heard once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from engine.adapters.memory import MemoryStore
from engine.adapters.signatures.ed25519 import Ed25519Keys
from engine.model.names import MAIN_TENANT, InstanceId
from engine.model.screen import DevicePanel, LivePanel, Panel
from engine.ports.actor import Actor
from engine.ports.store import Committed, Conflict, Hop, PageQuery
from engine.realtime.trustfactor import codes
from engine.records.record import Absent
from engine.records.trustfactor import Confirmation, RegistrationCode
from engine.records.work import Signal
from engine.run.current import Current
from engine.run.entry.answers import Begun
from engine.run.pump import UNHEARD, Pump
from engine.run.trustfactor.notifier import Notifier, signal_id
from engine.run.unit import Unit
from engine.testing import FrozenClock
from tests.bench import Bench, bench, ref
from tests.phones import PIXEL
from tests.run.flows import HEAD, NAME_FORM

PHONE = (
    HEAD.format(first="load")
    + """\
  load:
    activity: Get User
    inputs: {storeName: customers, userExternalId: ines.carvalho}
    errors: {UserNotFound: no}
    next: begin
  begin:
    activity: Start RTAS Registration
    inputs: {userDisplayName: Inês, applicationName: Farol}
    next: ask
  ask:
    activity: Custom Data Form
    inputs: {dataFormName: name}
    next: wait
  wait:
    activity: RTAS Registration Page
    errors:
      RegistrationExpired: no
      RegistrationRejected: no
      RegistrationScannedTwice: no
      WrongDevice: no
    next: complete
  complete:
    activity: Complete RTAS Registration
    next: end
  no: {activity: End, result: FAIL}
  end: {activity: End}
"""
)
"""A form stands between the code and the page that shows it."""
KEYS = Ed25519Keys()


class Interrupted(MemoryStore):
    """A store where something happens at the last moment before a commit, once."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def commit(self, hop: Hop) -> Committed | Conflict:
        """Let it happen, then commit."""
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            await happens()
        return await super().commit(hop)


class House:
    """A bench with a journey that registers a phone, and the phone's word."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.store = Interrupted(self.clock)
        self.bench: Bench = bench(self.store, self.clock)
        self.keys = (KEYS.make()[1], KEYS.make()[1])

    async def begin(self) -> Begun:
        """Come to the form."""
        return await self.bench.begin((await self.bench.link("visit", {})).secret)

    async def code(self) -> RegistrationCode:
        """Give the newest code."""
        rows = (await self.store.page(MAIN_TENANT, RegistrationCode, PageQuery())).rows
        return rows[-1]

    async def confirm(self) -> None:
        """Let a phone scan and confirm it, as the surface does."""
        unit = Unit(self.store, MAIN_TENANT)
        actor = Actor(name="device", at=self.clock.now(), chance=self.bench.chance)
        scanned = codes.scan(unit, actor, await self.code(), self.keys[0])
        assert isinstance(scanned, RegistrationCode), scanned
        confirmation = Confirmation(
            contract_key=self.keys[1], device_key=self.keys[0], device=PIXEL,
            address="::1", at=actor.at,
        )  # fmt: skip
        confirmed = codes.confirm(unit, actor, scanned, confirmation)
        assert isinstance(confirmed, RegistrationCode), confirmed
        notifier = Notifier(unit=unit, records=self.store, vault=self.bench.vault, actor=actor)
        await notifier.tell_of_code(confirmed)
        assert isinstance(await self.store.write(MAIN_TENANT, unit.staged()), Committed)

    async def heard(self, begun: Begun) -> int:
        """Count how often the journey has heard something."""
        rows = await self.store.journal(MAIN_TENANT, begun.instance)
        return [row.kind for row in rows].count("Signalled")

    async def signals(self) -> int:
        """Count what nobody has heard yet."""
        return (await self.store.page(MAIN_TENANT, Signal, PageQuery())).total


def told(story: Callable[[House], Awaitable[Any]]) -> Any:
    async def furnished() -> Any:
        house = House()
        await house.bench.user()
        await house.bench.deploy(PHONE, {"name.v1": NAME_FORM})
        return await story(house)

    return asyncio.run(furnished())


def shown(current: Current) -> type[Panel] | str:
    """Name what the page shows, or how it is over."""
    instance = current.instance
    if instance.wait is None:
        return instance.status
    return type(instance.wait.screen.panels[-1])


def test_a_word_that_comes_before_the_page_needs_no_wait() -> None:
    async def story(house: House) -> list[Any]:
        begun = await house.begin()
        await house.confirm()
        await house.bench.answer(begun, name="Inês")
        now = await house.bench.at(begun)
        return [shown(now), await house.heard(begun)]

    assert told(story) == [DevicePanel, 0]


def test_a_word_that_comes_while_its_wait_is_being_committed_is_heard() -> None:
    async def story(house: House) -> list[Any]:
        begun = await house.begin()
        house.store.meanwhile = house.confirm
        committed = await house.bench.answer(begun, name="Inês")
        assert isinstance(committed, Current)
        now = await house.bench.at(begun)
        return [shown(committed), shown(now), await house.heard(begun), await house.signals()]

    assert told(story) == [LivePanel, DevicePanel, 1, 0]


def test_what_nobody_waited_for_is_forgotten_after_a_while_and_no_sooner() -> None:
    async def story(house: House) -> list[int]:
        begun = await house.begin()
        await house.confirm()
        await house.bench.answer(begun, name="Inês")
        pump = Pump(store=house.store, loop=house.bench.loop, clock=house.clock)
        await pump.sweep()
        kept = await house.signals()
        house.clock.move(UNHEARD)
        await pump.sweep()
        return [kept, await house.signals()]

    assert told(story) == [1, 0]


def test_of_two_who_look_at_once_one_hears() -> None:
    async def story(house: House) -> list[Any]:
        begun = await house.begin()
        await house.bench.answer(begun, name="Inês")
        await house.confirm()
        both = await asyncio.gather(*(house.bench.at(begun) for _ in range(8)))
        return [{shown(one) for one in both}, await house.heard(begun)]

    assert told(story) == [{DevicePanel}, 1]


def test_a_signal_of_another_journey_moves_nobody() -> None:
    async def story(house: House) -> list[Any]:
        begun = await house.begin()
        await house.bench.answer(begun, name="Inês")
        unit, now = Unit(house.store, MAIN_TENANT), house.clock.now()
        id = signal_id("registration", (await house.code()).id)
        other = InstanceId("Z" * 26)
        forged = Signal(id=id, instance=other, at=now, expires_at=now + timedelta(hours=1))
        unit.put(forged, Absent())
        await house.store.write(MAIN_TENANT, unit.staged())
        return [shown(await house.bench.at(begun)), await house.heard(begun)]

    assert told(story) == [LivePanel, 0]


@pytest.mark.parametrize(("late", "end"), [(-1, DevicePanel), (0, "COMPLETED_ENDED_ERROR")])
def test_the_last_moment_belongs_to_time(late: int, end: object) -> None:
    async def story(house: House) -> Any:
        begun = await house.begin()
        await house.bench.answer(begun, name="Inês")
        house.clock.move(codes.LIFE + timedelta(seconds=late))
        if late < 0:
            await house.confirm()
        return shown(await house.bench.at(begun))

    assert told(story) == end


def test_a_word_in_time_that_is_looked_at_late_counts() -> None:
    async def story(house: House) -> Any:
        begun = await house.begin()
        await house.bench.answer(begun, name="Inês")
        house.clock.move(codes.LIFE - timedelta(seconds=1))
        await house.confirm()
        house.clock.move(timedelta(seconds=5))
        return shown(await house.bench.at(begun))

    assert told(story) == DevicePanel


def test_a_journey_that_is_ended_meanwhile_is_not_moved_again() -> None:
    async def story(house: House) -> list[Any]:
        begun = await house.begin()
        await house.bench.answer(begun, name="Inês")
        house.store.meanwhile = house.confirm
        await house.bench.supervisor.act(ref(begun), "cancel", house.bench.actor())
        now = await house.bench.at(begun)
        return [shown(now), await house.heard(begun)]

    assert told(story) == ["COMPLETED_TERMINATED", 0]
