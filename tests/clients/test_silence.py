"""Lines that fall silent and that nobody closes: both ends leave them, and nothing is missed.

All times are what they are in earnest, but pass so many times faster: a server's in a loop of its
own, a program's by its own clocks.
"""

from __future__ import annotations

import asyncio
import itertools
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

from tests.clients.cutting import Bell, Listener, NodeEar, boundaries, have_heard, listening
from tests.clients.rooms import (
    NUMBERS,
    OFFICIAL,
    POLLING,
    SCRIPTED,
    TRANSPORTS,
    Kind,
    Room,
    cut,
    missed_nothing,
    owner,
    program,
    recorded,
    told_one_by_one,
    wanted,
)
from tests.clients.serving import standing
from tests.hurrying import FASTER

KINDS: Final[list[Kind]] = [
    SCRIPTED,
    POLLING,
    *((client, transport) for client in OFFICIAL for transport in TRANSPORTS),
]
LATE: Final = [(client, "ServerSentEvents") for client in OFFICIAL[:2]]
"""They say nothing before 15 seconds, and a server does not leave who has said nothing yet."""
LEFT: Final = [kind[1] != "LongPolling" and kind not in LATE for kind in KINDS]
"""Whose line a server leaves; a poll's it answers, sooner or later."""


def test_clients_leave_a_line_that_has_fallen_silent_and_miss_nothing(
    tmp_path: Path, official: Path
) -> None:
    """Connections that are kept for later requests are dead, too, and take no answer for one."""

    async def story() -> list[NodeEar]:
        bell = Bell()
        async with AsyncExitStack() as stack:
            hub = await stack.enter_async_context(standing(tmp_path / "data", hurries=True))
            await owner(hub)
            room = await asyncio.to_thread(Room.fresh, hub)
            cutters = await stack.enter_async_context(cut(hub, bell, [()] * len(KINDS)))
            ports = [by.own_port for by in cutters]
            listen = program(official, KINDS, room, ports, bell, hurries=True)
            ears = await stack.enter_async_context(listen)
            await bell.until(lambda: all(one.greetings for one in ears))
            await room.tell(1)
            await bell.until(partial(have_heard, ears, 1))
            for by in cutters:
                by.hush()
            await room.tell(2)
            await bell.until(partial(have_heard, ears, 2))
            lost = list(itertools.compress(cutters, LEFT))
            await bell.until(lambda: all(by.let_go == by.silent for by in lost))
            assert any(by.silent for by in lost)
            for number in NUMBERS[2:]:
                await room.tell(number)
                await bell.until(partial(have_heard, ears, number))
        return ears

    for kind, ear in zip(KINDS, asyncio.run(story()), strict=True):
        assert missed_nothing(ear, kind), (kind, ear.heard)


def test_rtas_ui_leaves_a_line_wherever_it_falls_silent(tmp_path: Path, official: Path) -> None:
    """Before its socket is one, in a frame, behind one; without a socket it polls."""

    async def story() -> list[NodeEar]:
        bell = Bell()
        async with AsyncExitStack() as stack:
            hub = await stack.enter_async_context(standing(tmp_path / "data", hurries=True))
            await owner(hub)
            answered, greeted, first = boundaries(await recorded(hub))[:3]
            plans = [(at,) for at in (0, answered // 2, answered, (greeted + first) // 2, first)]
            room = await asyncio.to_thread(Room.fresh, hub)
            cutters = await stack.enter_async_context(cut(hub, bell, plans, hushes=True))
            ports = [by.own_port for by in cutters]
            kinds = [SCRIPTED] * len(plans)
            listen = program(official, kinds, room, ports, bell, hurries=True)
            ears = await stack.enter_async_context(listen)
            await told_one_by_one(room, ears, bell)
        assert all(by.made == 1 for by in cutters)
        return ears

    for ear in asyncio.run(story()):
        assert (ear.heard, ear.errors) == (wanted(), [])


def test_a_server_forgets_whose_line_has_fallen_silent(tmp_path: Path) -> None:
    """Who comes again finds no place before: a channel has a tenth of all."""
    many = 8

    async def story() -> None:
        bell = Bell()
        async with AsyncExitStack() as stack:
            data = tmp_path / "data"
            hub = await stack.enter_async_context(standing(data, hurries=True, most=10 * many))
            await owner(hub)
            room = await asyncio.to_thread(Room.fresh, hub)
            cutters = await stack.enter_async_context(cut(hub, bell, [()] * many))
            ears = [
                Listener(port=by.own_port, token=room.token, bell=bell, beat=10 / FASTER)
                for by in cutters
            ]
            await stack.enter_async_context(listening(ears))
            await bell.until(lambda: all(one.greetings for one in ears))
            await room.tell(1)
            await bell.until(partial(have_heard, ears, 1))
            for by in cutters:
                by.hush()
            await room.tell(2)
            await bell.until(partial(have_heard, ears, 2))
            for number in NUMBERS[2:]:
                await room.tell(number)
            await bell.until(lambda: all(one.is_over for one in ears))
        assert [one.heard for one in ears] == [wanted()] * many
        assert all(by.let_go == 1 for by in cutters)

    asyncio.run(story())
