"""Noise at the joined hub: whatever sockets say, nothing of them stays, and others go on."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from typing import Any

from engine.signalr import PROTOCOLS
from tests.fuzzing.dice import Dice
from tests.fuzzing.frames import MESSAGES
from tests.web.application import CREATED, SUCCESS, application
from tests.web.listening import connect
from tests.web.surface import Surface, play

SOCKETS = 240
FRAMES = 25


def noise(dice: Dice) -> str:
    """Make a frame: a message, a message cut or made worse, or anything."""
    whole = PROTOCOLS["json"].encode(dice.pick(MESSAGES)).decode()
    begins, ends = dice.span(whole)
    return dice.pick(
        (
            whole,
            whole[:begins],
            whole[:begins] + chr(1 + dice.below(0xD000)) + whole[ends:],
            "".join(chr(1 + dice.below(0x3000)) for _ in range(dice.below(200))),
        )
    )


async def made_noise(house: Surface, token: str, dice: Dice) -> None:
    """Be one socket that says anything, and goes."""
    one = await connect(house, token, shakes=not dice.one_in(5))
    for _ in range(dice.below(FRAMES)):
        await one.say(noise(dice))
    if not one.task.done():
        await one.go()


def test_noise_leaves_no_task_and_no_memory_and_others_hear() -> None:
    async def story(house: Surface) -> list[Any]:
        dice = Dice(20_261_127)
        server = await application(house)
        good = await connect(house, await server.end_user_token(unique_id="good"))
        await good.event()
        token = await server.end_user_token(unique_id="noise")

        async def round_() -> None:
            for _ in range(SOCKETS // 24):
                await asyncio.gather(*(made_noise(house, token, dice) for _ in range(24)))

        await round_()  # what is made once is made here
        tasks, before = len(asyncio.all_tasks()), _kept()
        for _ in range(2):
            await round_()
        left, grown = len(asyncio.all_tasks()) - tasks, _kept() - before
        await server.tell(CREATED, unique_id="good")
        await server.tell(SUCCESS, unique_id="good")
        heard = [(await good.event())[0], (await good.event())[0]]
        await good.go()
        return [left, grown, heard]

    tracemalloc.start()
    try:
        left, grown, heard = play(story)
    finally:
        tracemalloc.stop()

    assert left <= 0
    assert grown < 512 * 1024, grown
    assert heard == ["RegistrationCreatedEvent", "RegistrationSuccessEvent"]


def _kept() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
