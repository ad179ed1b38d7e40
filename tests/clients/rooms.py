"""Channels that tests publish on, and the programs that listen there."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from engine.adapters.system import SystemChance, SystemClock
from tests.clients.conftest import HERE, Hub, Publisher
from tests.clients.cutting import (
    ESTABLISHED,
    Bell,
    Cutter,
    Ear,
    Heard,
    Listener,
    NodeEar,
    have_heard,
    in_node,
    listening,
)
from tests.hurrying import FASTER
from tests.web.application import CREATED, SUCCESS

SCRIPT: Final = HERE.parents[2] / "engine" / "web" / "listening" / "rtas-ui.js"
NUMBERS: Final = (1, 2, 3, 4)
LAST: Final = NUMBERS[-1]
CREATED_EVENT: Final = "RegistrationCreatedEvent"
SUCCESS_EVENT: Final = "RegistrationSuccessEvent"
Kind = tuple[str, str]
"""A client, and the transport that it listens by."""
SCRIPTED: Final = ("rtas-ui", "WebSockets")
POLLING: Final = ("rtas-ui", "LongPolling")
OFFICIAL: Final = ("signalr5", "signalr6", "signalr8", "signalr10")
TRANSPORTS: Final = {"WebSockets": 1, "ServerSentEvents": 2, "LongPolling": 4}
"""As the official clients number them."""
TARGETS: Final = (ESTABLISHED, CREATED_EVENT, SUCCESS_EVENT)
DAY: Final = 86_400


def wanted(numbers: Iterable[int] = NUMBERS) -> list[Heard]:
    """Give what who hears everything has heard."""
    return [(_target(number), f"Bank {number}", number) for number in numbers]


def _target(number: int) -> str:
    return SUCCESS_EVENT if number == LAST else CREATED_EVENT


@dataclass(slots=True, kw_only=True)
class Room:
    """One channel, and those who listen to it."""

    hub: Publisher
    id: str
    token: str

    @classmethod
    def fresh(cls, hub: Publisher) -> Room:
        """Make a channel on which nothing was said yet."""
        id = SystemChance().id()
        return cls(hub=hub, id=id, token=hub.end_user_token(id))

    async def tell(self, number: int, **more: object) -> None:
        """Publish an event; the last one sends everybody away for good."""
        said = dict(SUCCESS if number == LAST else CREATED)
        if number != LAST:
            said["qr_code_expiration"] = int(SystemClock().now().timestamp()) + DAY
        said["application_name"] = f"Bank {number}"
        await asyncio.to_thread(self.hub.tell, said, self.id, **more)


def port_of(hub: Publisher) -> int:
    """Give a server's port."""
    return int(hub.base.rpartition(":")[2])


@asynccontextmanager
async def cut(
    hub: Publisher,
    bell: Bell,
    plans: Iterable[tuple[int, ...]],
    *,
    of: Literal["lines", "HTTP"] = "lines",
    hushes: bool = False,
    keeps_away: bool = False,
) -> AsyncIterator[list[Cutter]]:
    """Stand between a server and listeners, a proxy for each plan."""
    async with AsyncExitStack() as stack:
        made = [
            Cutter(
                port=port_of(hub),
                bell=bell,
                of=of,
                cuts=plan,
                hushes=hushes,
                keeps_away=keeps_away,
            )
            for plan in plans
        ]
        for one in made:
            await stack.enter_async_context(one.standing())
        yield made


async def told_one_by_one(room: Room, ears: Sequence[Ear], bell: Bell) -> None:
    """Publish each event once everybody has heard the one before."""
    await bell.until(lambda: all(one.greetings for one in ears))
    for number in NUMBERS:
        await room.tell(number)
        await bell.until(partial(have_heard, ears, number))
    await bell.until(lambda: all(one.is_over for one in ears))


async def recorded(hub: Publisher) -> bytes:
    """Give all that a server says to one who is never cut."""
    bell, room = Bell(), await asyncio.to_thread(Room.fresh, hub)
    async with cut(hub, bell, [()]) as (by,):
        ear = Listener(port=by.own_port, token=room.token, bell=bell)
        async with listening([ear]):
            await told_one_by_one(room, [ear], bell)
        return bytes(by.record)


async def owner(hub: Hub) -> None:
    """Make a client on a new server, and log it in."""
    made = await asyncio.to_thread(hub.client, "bank-app", "null")
    await asyncio.to_thread(hub.log_in, made)


# ---- programs under Node ----------------------------------------------------------------------


@asynccontextmanager
async def program(
    official: Path,
    kinds: Sequence[Kind],
    room: Room,
    ports: Sequence[int],
    bell: Bell,
    *,
    hurries: bool = False,
) -> AsyncIterator[list[NodeEar]]:
    """Let clients of these kinds listen, each at its port.

    `hurries`: their time passes `FASTER`, as that of a server that does.
    """
    ears = [NodeEar() for _ in ports]
    listeners = [
        {
            "client": client, "transport": TRANSPORTS[transport],
            "url": f"http://127.0.0.1:{port}/rtas", "token": room.token,
        }
        for (client, transport), port in zip(kinds, ports, strict=True)
    ]  # fmt: skip
    told = {
        "script": str(SCRIPT), "targets": TARGETS, "listeners": listeners, "faster": FASTER,
        "hurries": hurries,
    }  # fmt: skip
    async with in_node(official, told, ears, bell):
        yield ears


def shown_whole(ear: NodeEar) -> bool:
    """Whether a page's own callbacks were called once for each event, in order."""
    states = ["success" if number == LAST else "pending" for number in NUMBERS]
    return ear.shown == [
        (state, f"Bank {number}") for number, state in zip(NUMBERS, states, strict=True)
    ]


def without_replays(heard: Iterable[Heard]) -> list[Heard]:
    """Leave out what is the same as the one before."""
    return [one for one, _ in itertools.groupby(heard)]


def missed_nothing(ear: NodeEar, kind: Kind) -> bool:
    """Whether a client has heard all in order: ours each once, others besides replays."""
    if kind[0] == SCRIPTED[0]:
        return ear.heard == wanted()
    return without_replays(ear.heard) == [(target, name, None) for target, name, _ in wanted()]
