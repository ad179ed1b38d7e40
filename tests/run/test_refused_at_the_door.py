"""What opens nothing: stale begin keys, tickets at their end, texts that are no secret of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from engine.adapters.memory import MemoryStore
from engine.errors import Busy
from engine.model.names import MAIN_TENANT
from engine.ports.store import Committed, Conflict, Hop
from engine.records.tokens import Session
from engine.run import sessions
from engine.run.entry.answers import Begun, Created, Landing, Refusal
from engine.testing import FrozenClock
from tests.bench import Bench, bench

MADE_UP = f"{'0' * 32}.9999999999.{'0' * 64}"


class Contended(MemoryStore):
    """A store in which, once it is asked to be, somebody else is always quicker."""

    is_contended = False

    async def commit(self, hop: Hop) -> Committed | Conflict:
        return Conflict(what="token") if self.is_contended else await super().commit(hop)


@dataclass
class Door:
    house: Bench
    store: Contended
    secret: str

    async def created(self) -> Created:
        found = await self.house.visits.create(MAIN_TENANT, self.secret)
        assert isinstance(found, Created)
        return found

    async def landing(self) -> Landing:
        found = await self.house.visits.landing(MAIN_TENANT, self.secret)
        assert isinstance(found, Landing)
        return found


async def door() -> Door:
    clock = FrozenClock()
    store = Contended(clock)
    house = bench(store, clock)
    await house.deploy()
    await house.user()
    return Door(house, store, (await house.link()).secret)


def reason(found: object) -> str:
    """Give why something was refused; "" for what was not."""
    return found.reason if isinstance(found, Refusal) else ""


Opening = Callable[[Door, str], Awaitable[object]]


async def by_link(here: Door, begin_key: str) -> object:
    return await here.house.visits.begin(
        MAIN_TENANT, here.secret, begin_key=begin_key, language="en"
    )


async def by_ticket(here: Door, begin_key: str) -> object:
    made = await here.created()
    return await here.house.visits.start(
        MAIN_TENANT, made.instance, made.ticket, begin_key=begin_key
    )


@pytest.mark.parametrize("opening", [by_link, by_ticket])
@pytest.mark.parametrize("key", ["", "x", MADE_UP])
def test_a_begin_key_that_nobody_was_given_begins_nothing(opening: Opening, key: str) -> None:
    async def story() -> str:
        return reason(await opening(await door(), key))

    assert asyncio.run(story()) == "stale"


@pytest.mark.parametrize(("minutes", "told"), [(14, ""), (15, "stale")])
def test_a_begin_key_begins_nothing_after_its_quarter_of_an_hour(minutes: int, told: str) -> None:
    async def story() -> str:
        here = await door()
        key = (await here.landing()).begin_key
        here.house.wait(minutes=minutes)
        return reason(await by_link(here, key))

    assert asyncio.run(story()) == told


@pytest.mark.parametrize(("early", "told"), [(1, ""), (0, "expired"), (-1, "expired")])
def test_a_ticket_shows_nothing_to_begin_from_its_end_on(early: int, told: str) -> None:
    async def story() -> str:
        here = await door()
        made = await here.created()
        left = made.expires_at - here.house.clock.now()
        here.house.wait(seconds=left.total_seconds() - early)
        return reason(await here.house.visits.waiting(MAIN_TENANT, made.instance, made.ticket))

    assert asyncio.run(story()) == told


@pytest.mark.parametrize("sent", ["", "é" * 43, "x" * 129, "x" * 43])
def test_what_is_no_secret_of_ours_is_not_known(sent: str) -> None:
    async def story() -> set[str]:
        here = await door()
        made = await here.created()
        visits = here.house.visits
        return {
            reason(await visits.landing(MAIN_TENANT, sent)),
            reason(await visits.waiting(MAIN_TENANT, made.instance, sent)),
            reason(await visits.start(MAIN_TENANT, made.instance, sent)),
            reason(await visits.returning(MAIN_TENANT, made.instance, sent)),
        }

    assert asyncio.run(story()) == {"unknown"}


def test_who_is_never_quick_enough_is_told_to_come_again() -> None:
    async def story() -> None:
        here = await door()
        key = (await here.landing()).begin_key
        here.store.is_contended = True
        with pytest.raises(Busy):
            await by_link(here, key)

    asyncio.run(story())


def test_a_landing_gives_back_only_visits_of_its_own_link() -> None:
    async def story() -> tuple[object, object]:
        here = await door()
        key = (await here.landing()).begin_key
        begun = await by_link(here, key)
        assert isinstance(begun, Begun)
        other = (await here.house.link()).secret
        own = await here.house.visits.landing(MAIN_TENANT, here.secret, [begun.session])
        others = await here.house.visits.landing(MAIN_TENANT, other, [begun.session])
        assert isinstance(own, Landing)
        assert isinstance(others, Landing)
        return own.resume == begun.instance, others.resume

    assert asyncio.run(story()) == (True, None)


def test_a_session_is_kept_by_its_hash_alone() -> None:
    async def story() -> Session | None:
        here = await door()
        begun = await by_link(here, (await here.landing()).begin_key)
        assert isinstance(begun, Begun)
        return await here.store.get(MAIN_TENANT, Session, sessions.digest(begun.session))

    session = asyncio.run(story())

    assert session is not None
    assert (session.kind, session.version) == ("page", 1)
