"""A button of a page that has changed since it was shown presses nothing (design 3.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.adapters.memory import MemoryStore
from engine.model.instance import ProcessInstance
from engine.run.current import Current
from engine.run.entry.answers import Begun
from engine.testing import FrozenClock
from tests.bench import ROOT, Bench, bench, ref

Deed = Callable[[Bench, Begun, ProcessInstance], Awaitable[Current]]


async def press(house: Bench, begun: Begun, seen: ProcessInstance) -> Current:
    assert seen.wait is not None
    return await house.loop.press(
        ref(begun), step=seen.wait.step, revision=seen.revision, action="cancel"
    )


async def ask_for_time(house: Bench, begun: Begun, seen: ProcessInstance) -> Current:
    assert seen.wait is not None
    return await house.loop.extend(ref(begun), step=seen.wait.step, revision=seen.revision)


@pytest.mark.parametrize("deed", [press, ask_for_time])
def test_a_button_of_a_page_that_has_changed_does_nothing(deed: Deed) -> None:
    async def story() -> None:
        clock = FrozenClock()
        house = bench(MemoryStore(clock), clock)
        await house.deploy((ROOT / "definitions/sign-in-with-review.yaml").read_text("utf-8"))
        await house.user()
        begun = await house.begin((await house.link("sign-in-with-review")).secret)
        seen = (await house.at(begun)).instance
        await house.loop.choose_language(ref(begun), language="pt-PT")
        now = (await house.at(begun)).instance

        found = await deed(house, begun, seen)

        assert now.revision > seen.revision
        assert found.already_answered
        assert (await house.at(begun)).instance == now

    asyncio.run(story())
