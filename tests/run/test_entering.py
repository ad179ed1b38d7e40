"""How long what opens a visit is good: sessions until their end, begin keys until an answer."""

from __future__ import annotations

import asyncio

import pytest

from engine.adapters.memory import MemoryStore
from engine.model.names import MAIN_TENANT
from engine.run.current import Current
from engine.run.entry.answers import Begun, Landing, Refusal
from engine.testing import FrozenClock
from tests.bench import RIGHT, WRONG, Bench, bench


async def ready() -> Bench:
    clock = FrozenClock()
    house = bench(MemoryStore(clock), clock)
    await house.deploy()
    await house.user()
    return house


@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize(("early", "lives"), [(1, True), (0, False), (-1, False)])
def test_a_session_is_nothing_from_its_end_on(early: int, *, reads: bool, lives: bool) -> None:
    async def story() -> bool:
        house = await ready()
        begun = await house.begin((await house.link()).secret)
        left = begun.expires_at - house.clock.now()

        house.wait(seconds=left.total_seconds() - early)

        found = await house.visits.enter(MAIN_TENANT, begun.instance, begun.session, reads=reads)
        return found is not None

    assert asyncio.run(story()) == lives


@pytest.mark.parametrize(("early", "lives"), [(1, True), (0, False)])
def test_a_visit_is_not_gone_on_with_after_its_session_ended(early: int, *, lives: bool) -> None:
    async def story() -> bool:
        house = await ready()
        secret = (await house.link()).secret
        begun = await house.begin(secret)
        left = begun.expires_at - house.clock.now()

        house.wait(seconds=left.total_seconds() - early)

        found = await house.visits.landing(MAIN_TENANT, secret, [begun.session])
        return isinstance(found, Landing)

    assert asyncio.run(story()) == lives


def test_a_session_ends_with_its_instance() -> None:
    async def story() -> None:
        house = await ready()

        begun = await house.begin((await house.link()).secret)

        assert begun.expires_at == (await house.at(begun)).instance.deadline

    asyncio.run(story())


@pytest.mark.parametrize("passcode", [RIGHT, WRONG])
def test_a_begin_key_is_used_up_by_the_first_answer(passcode: str) -> None:
    async def story() -> None:
        house = await ready()
        secret = (await house.link()).secret
        landing = await house.visits.landing(MAIN_TENANT, secret)
        assert isinstance(landing, Landing)

        async def begin() -> Begun | Refusal:
            return await house.visits.begin(
                MAIN_TENANT, secret, begin_key=landing.begin_key, language="en"
            )

        first, again = await begin(), await begin()
        assert isinstance(first, Begun)
        assert isinstance(again, Begun)
        answered = await house.answer(again, passcode=passcode)
        assert isinstance(answered, Current)

        late = await begin()

        assert isinstance(late, Refusal)
        assert late.reason == "used"
        kept = await house.visits.enter(MAIN_TENANT, again.instance, again.session, reads=False)
        assert kept is not None, "whoever answered goes on"

    asyncio.run(story())
