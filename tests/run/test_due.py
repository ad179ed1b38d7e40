"""What comes first: the instance's deadline before a timer, a button's limit before a press."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from engine.adapters.memory import MemoryStore
from engine.interpret import advance
from engine.model.event import Pressed
from engine.model.names import MAIN_TENANT
from engine.model.turn import NotAwaited
from engine.run.current import Current
from engine.run.entry.answers import Begun
from engine.run.pump import Pump
from engine.testing import FrozenClock
from tests.bench import Bench, bench, ref
from tests.run.flows import NAME_FORM

HEAD: Final = """\
process: visit
version: 1
title: A visit
languages: [en, pt-PT]
maxDuration: PT10M
flow:
  start:
    activity: Start
    next: ask
"""
LATE: Final = (
    HEAD
    + """\
  ask:
    activity: Custom Data Form
    inputs: {dataFormName: name, formDataKey: first}
    next: again
  again:
    activity: Custom Data Form
    inputs: {dataFormName: name, formDataKey: second}
    timeout: {after: PT5M, to: note}
    next: end
  note:
    activity: Set Variables
    outputs: {late: true}
    next: ask-late
  ask-late:
    activity: Custom Data Form
    inputs: {dataFormName: name, formDataKey: third}
    next: end
  end:
    activity: End
    result: REVIEW
"""
)
BUTTONS: Final = (
    HEAD
    + """\
  ask:
    activity: Custom Data Form
    inputs: {dataFormName: name, formDataKey: first, maxAttempts: 9}
    actions: {other: {to: aside, limit: 2}}
    errors: {ExceededCustomDataFormRetake: end}
    next: end
  aside:
    activity: Custom Data Form
    inputs: {dataFormName: name, formDataKey: second, maxAttempts: 9}
    actions: {back: {to: ask, limit: 9}}
    errors: {ExceededCustomDataFormRetake: end}
    next: end
  end:
    activity: End
    result: REVIEW
"""
)


async def begun(flow: str) -> tuple[Bench, Begun]:
    clock = FrozenClock()
    house = bench(MemoryStore(clock), clock)
    await house.deploy(flow, {"name.v1": NAME_FORM})
    return house, await house.begin((await house.link("visit", {})).secret)


async def looks(house: Bench, visit: Begun) -> None:
    await house.at(visit)


async def answers(house: Bench, visit: Begun) -> None:
    kept = (await house.store.load(MAIN_TENANT, visit.instance)).instance
    assert kept.step is not None
    await house.loop.submit(
        ref(visit), step=kept.step, revision=kept.revision, body={"name": ["Ines"]}
    )


async def nobody_comes(house: Bench, visit: Begun) -> None:
    await Pump(house.store, house.loop, house.clock).sweep()


@pytest.mark.parametrize("comes", [looks, answers, nobody_comes])
@pytest.mark.parametrize("minutes", [7, 8])
def test_the_instances_deadline_comes_before_a_timer_that_is_due_with_it(
    comes: Callable[[Bench, Begun], Awaitable[None]], minutes: int
) -> None:
    async def story() -> None:
        house, visit = await begun(LATE)
        house.wait(minutes=3)
        await house.answer(visit, name="Ines")
        house.wait(minutes=minutes)  # the timer was due after 5, the deadline after 7

        await comes(house, visit)

        kept = (await house.store.load(MAIN_TENANT, visit.instance)).instance
        assert kept.status == "COMPLETED_TERMINATED"
        assert kept.node == "again"
        assert "late" not in kept.variables
        rows = await house.store.journal(MAIN_TENANT, visit.instance)
        assert rows[-1].kind == "DeadlinePassed"
        assert "TimerFired" not in [row.kind for row in rows]

    asyncio.run(story())


def test_a_timer_alone_goes_its_way() -> None:
    async def story() -> None:
        house, visit = await begun(LATE)
        house.wait(minutes=3)
        await house.answer(visit, name="Ines")
        house.wait(minutes=6)

        now = await house.at(visit)

        assert now.instance.step == "ask-late.1"
        assert now.instance.variables["late"] is True

    asyncio.run(story())


async def press(house: Bench, visit: Begun, action: str) -> Current:
    now = (await house.at(visit)).instance
    assert now.step is not None
    return await house.loop.press(ref(visit), step=now.step, revision=now.revision, action=action)


def test_a_press_beyond_a_buttons_limit_changes_nothing() -> None:
    async def story() -> None:
        house, visit = await begun(BUTTONS)
        offered = []
        for _ in range(2):
            now = (await house.at(visit)).instance
            assert now.screen is not None
            offered.append([action.name for action in now.screen.actions])
            assert (await press(house, visit, "other")).instance.node == "aside"
            await press(house, visit, "back")
        before = (await house.at(visit)).instance
        assert before.screen is not None
        offered.append([action.name for action in before.screen.actions])

        crafted = await press(house, visit, "other")
        unknown = await press(house, visit, "nothing")

        assert offered == [["other"], ["other"], []]
        assert crafted.already_answered
        assert unknown.already_answered
        assert (await house.at(visit)).instance == before

    asyncio.run(story())


def test_a_press_that_is_not_offered_is_not_awaited() -> None:
    async def story() -> None:
        house, visit = await begun(BUTTONS)
        for _ in range(2):
            await press(house, visit, "other")
            await press(house, visit, "back")
        now = await house.at(visit)
        assert now.instance.step is not None

        turn = advance(
            now.graph, now.instance, Pressed(at=now.now, step=now.instance.step, action="other")
        )

        assert turn == NotAwaited(reason="not offered")

    asyncio.run(story())
