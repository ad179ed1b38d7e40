"""Which session value lets in: its instance's, its kind's, its time's, and the one after it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest
from msgspec.structs import replace

from engine.adapters.memory import MemoryStore
from engine.model.names import MAIN_TENANT
from engine.ports.store import Committed
from engine.records.record import Absent, Put, Staged
from engine.records.tokens import Session
from engine.run import sessions
from engine.run.entry.answers import Entered
from engine.run.entry.entering import enter
from engine.run.unit import Unit
from engine.testing import NOON, FrozenClock, SeededVault

VALUE = "v" * 43
SESSION = Session(
    id=sessions.digest(VALUE), instance="I" * 26, kind="page",
    created_at=NOON, expires_at=NOON + timedelta(hours=1),
)  # fmt: skip


@dataclass
class Door:
    store: MemoryStore
    clock: FrozenClock
    vault: SeededVault

    async def keep(self, session: Session) -> None:
        put = Put(row=session, expect=Absent())
        assert await self.store.write(MAIN_TENANT, Staged(writes=(put,))) == Committed()

    async def rotate(self, session: Session) -> str:
        unit = Unit(self.store, MAIN_TENANT)
        value = sessions.rotate(unit, session, self.clock.now(), self.vault)
        assert await self.store.write(MAIN_TENANT, unit.staged()) == Committed()
        return value

    async def enter(self, value: str = VALUE, *, reads: bool = True) -> Entered | None:
        return await enter(
            self.store, self.vault, MAIN_TENANT, SESSION.instance, value, reads=reads
        )


def door() -> Door:
    clock = FrozenClock()
    return Door(MemoryStore(clock), clock, SeededVault())


@pytest.mark.parametrize(
    ("session", "lets_in"),
    [
        (SESSION, True),
        (replace(SESSION, kind="app"), True),
        (replace(SESSION, kind="ticket"), False),
        (replace(SESSION, instance="J" * 26), False),
        (replace(SESSION, expires_at=NOON), False),
    ],
    ids=["page", "app", "ticket", "another instance", "over"],
)
def test_a_value_lets_in_where_it_was_given_for(session: Session, *, lets_in: bool) -> None:
    async def story() -> bool:
        here = door()
        await here.keep(session)
        return await here.enter() is not None

    assert asyncio.run(story()) == lets_in


@pytest.mark.parametrize(("seconds", "told"), [(0, True), (30, True), (30.001, False), (31, False)])
def test_a_value_that_was_followed_is_told_the_next_one_for_30_seconds(
    seconds: float, *, told: bool
) -> None:
    async def story() -> tuple[str, Entered | None, Entered | None]:
        here = door()
        await here.keep(SESSION)
        value = await here.rotate(SESSION)
        here.clock.move(timedelta(seconds=seconds))
        return value, await here.enter(), await here.enter(reads=False)

    value, read, written = asyncio.run(story())

    assert (read.fresh if read is not None else None) == (value if told else None)
    assert written is None


def test_a_value_that_another_one_follows_is_told_nothing() -> None:
    async def story() -> Entered | None:
        here = door()
        stranger = replace(SESSION, id=sessions.digest("s" * 43))
        await here.keep(stranger)
        await here.keep(replace(SESSION, superseded_at=NOON, successor=stranger.id))
        return await here.enter()

    assert asyncio.run(story()) is None


def test_once_the_next_value_has_arrived_the_one_before_is_worth_nothing() -> None:
    async def story() -> tuple[Entered | None, Entered | None]:
        here = door()
        await here.keep(SESSION)
        value = await here.rotate(SESSION)
        return await here.enter(value, reads=False), await here.enter()

    arrived, earlier = asyncio.run(story())

    assert arrived is not None
    assert arrived.session.used
    assert earlier is None


@pytest.mark.parametrize(("length", "looked_up"), [(128, True), (129, False)])
def test_a_value_longer_than_any_of_ours_is_not_even_hashed(
    length: int, *, looked_up: bool
) -> None:
    async def story() -> bool:
        here, value = door(), "x" * length
        await here.keep(replace(SESSION, id=sessions.digest(value)))
        return await here.enter(value) is not None

    assert asyncio.run(story()) == looked_up
