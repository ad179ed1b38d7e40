"""Lines that are cut, anywhere, and servers that begin again: nothing is missed, nothing doubled.

Every test lets listeners come again after a cut and publishes meanwhile. What they have heard is
kept as it came: a double that a client would have thrown away is seen here.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import resource
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final, Literal

import pytest
from websockets.asyncio.client import connect

from engine.testing import SeededChance
from tests.clients.conftest import Hub
from tests.clients.cutting import (
    ESTABLISHED,
    HANDSHAKE,
    LOOPBACK,
    Bell,
    Cutter,
    Ear,
    Listener,
    NodeEar,
    boundaries,
    have_heard,
    listening,
)
from tests.clients.rooms import (
    LAST,
    NUMBERS,
    OFFICIAL,
    POLLING,
    SCRIPTED,
    Kind,
    Room,
    cut,
    missed_nothing,
    owner,
    port_of,
    program,
    recorded,
    shown_whole,
    told_one_by_one,
    wanted,
)
from tests.clients.serving import enrolled, killed, standing

AT_ONCE: Final = 150
MANY: Final = 1_000
CHANNELS: Final = 10


async def told_while_away(
    room: Room, ears: Sequence[Ear], cutters: Sequence[Cutter], bell: Bell
) -> None:
    """Publish the first event to all, the others whether who was cut twice is there or not."""
    pairs = list(zip(ears, cutters, strict=True))

    def have_all(number: int) -> bool:
        return have_heard([one for one, by in pairs if by.made < 2], number)

    await bell.until(lambda: all(one.greetings for one in ears))
    await room.tell(1)
    await bell.until(lambda: all(by.made == 2 or one.greetings == 2 for one, by in pairs))
    for number in NUMBERS[1:]:
        await room.tell(number)
        await bell.until(partial(have_all, number))
    for by in cutters:
        assert not by.gate.is_set()
        by.gate.set()
    await bell.until(lambda: all(one.is_over for one in ears))


@pytest.fixture(scope="module")
def record(hub: Hub) -> bytes:
    """All that a server says on a line that is not cut, up to its Close."""
    return asyncio.run(recorded(hub))


def by_batch(positions: Iterable[int]) -> Iterator[list[int]]:
    """Give so many at a time as one server and one test have room for."""
    rest = iter(positions)
    while some := list(itertools.islice(rest, AT_ONCE)):
        yield some


def places(record: bytes) -> tuple[int, int, int]:
    """Give where the greeting ends, the first event, and the last one with the Close behind it."""
    ends = boundaries(record)
    assert len(ends) == len(NUMBERS) + 3, "the answer, the greeting, each event, the end of socket"
    return ends[1], ends[2], ends[-2]


def test_a_cut_at_any_byte_loses_nothing_and_doubles_nothing(hub: Hub, record: bytes) -> None:
    *_, end = places(record)

    async def story(positions: list[int]) -> None:
        bell, room = Bell(), Room.fresh(hub)
        async with cut(hub, bell, [(at,) for at in positions]) as cutters:
            ears = [Listener(port=by.own_port, token=room.token, bell=bell) for by in cutters]
            async with listening(ears):
                await told_one_by_one(room, ears, bell)
        for at, by, ear in zip(positions, cutters, ears, strict=True):
            assert ear.heard == wanted(), at
            assert (by.made, by.came, ear.lines) == (1, 2, 2), at

    for positions in by_batch(range(end)):
        asyncio.run(story(positions))


def test_what_is_told_while_a_listener_is_away_is_told_when_it_comes(
    hub: Hub, record: bytes
) -> None:
    greeted, first, end = places(record)
    second = end - (first - greeted)  # the line of one who has seen the first event

    async def story(positions: list[int]) -> None:
        bell, room = Bell(), Room.fresh(hub)
        plans = [(first, at) for at in positions]
        async with cut(hub, bell, plans, keeps_away=True) as cutters:
            ears = [Listener(port=by.own_port, token=room.token, bell=bell) for by in cutters]
            async with listening(ears):
                await told_while_away(room, ears, cutters, bell)
        for at, by, ear in zip(positions, cutters, ears, strict=True):
            assert ear.heard == wanted(), at
            assert (by.made, by.came, ear.lines) == (2, 3, 3), at

    edges = {at + by for at in boundaries(record) for by in (-1, 0, 1)}
    moved = {at - (first - greeted) for at in edges if at >= first}
    chosen = {*range(0, second, 3), *moved, *(at for at in edges if at <= greeted)}
    for positions in by_batch(sorted(at for at in chosen if at < second)):
        asyncio.run(story(positions))


# ---- programs under Node ----------------------------------------------------------------------


def around(starts: Sequence[int]) -> list[int]:
    """Give cuts before, in the head of, in the middle of and in the last byte of each frame."""
    frames = itertools.pairwise(starts)
    return [at for begin, end in frames for at in (begin, begin + 1, (begin + end) // 2, end - 1)]


def test_rtas_ui_hears_each_event_once_whatever_the_cut(
    hub: Hub, official: Path, record: bytes
) -> None:
    cuts = around(boundaries(record)[1:-1])

    async def story() -> None:
        bell, room = Bell(), Room.fresh(hub)
        async with cut(hub, bell, [(at,) for at in cuts]) as cutters:
            ports = [by.own_port for by in cutters]
            async with program(official, [SCRIPTED] * len(ports), room, ports, bell) as ears:
                await told_one_by_one(room, ears, bell)
        for at, by, ear in zip(cuts, cutters, ears, strict=True):
            assert (ear.heard, ear.errors) == (wanted(), []), at
            assert shown_whole(ear), at
            assert (by.made, by.came, ear.greetings) == (1, 2, 2), at

    asyncio.run(story())


def test_rtas_ui_hears_what_was_told_while_it_was_away(
    hub: Hub, official: Path, record: bytes
) -> None:
    greeted, first, _ = places(record)
    ends = [at - (first - greeted) for at in boundaries(record)[2:-1]]
    plans = [(first, at) for at in around(ends)]

    async def story() -> None:
        bell, room = Bell(), Room.fresh(hub)
        async with cut(hub, bell, plans, keeps_away=True) as cutters:
            ports = [by.own_port for by in cutters]
            async with program(official, [SCRIPTED] * len(ports), room, ports, bell) as ears:
                await told_while_away(room, ears, cutters, bell)
        for plan, by, ear in zip(plans, cutters, ears, strict=True):
            assert (ear.heard, ear.errors) == (wanted(), []), plan
            assert shown_whole(ear), plan
            assert (by.made, by.came) == (2, 3), plan

    asyncio.run(story())


def test_rtas_ui_that_polls_hears_each_event_once_whatever_the_cut(
    hub: Hub, official: Path
) -> None:
    async def story(plans: Sequence[tuple[int, ...]]) -> bytes:
        bell, room = Bell(), Room.fresh(hub)
        async with cut(hub, bell, plans, of="HTTP") as cutters:
            ports = [by.own_port for by in cutters]
            async with program(official, [POLLING] * len(ports), room, ports, bell) as ears:
                await told_one_by_one(room, ears, bell)
        for plan, by, ear in zip(plans, cutters, ears, strict=True):
            assert (ear.heard, ear.errors) == (wanted(), []), plan
            assert shown_whole(ear), plan
            assert by.made == len(plan), plan
        return bytes(cutters[0].record)

    record = asyncio.run(story([()]))
    starts = [found.start() for found in re.finditer(rb"HTTP/1\.1 ", record)]
    cuts = [at for at in around(starts) if at < record.index(f"Bank {LAST}".encode())]
    asyncio.run(story([(at,) for at in cuts]))


# ---- official clients: a return is told the last event, and no more ----------------------------


EACH: Final = pytest.mark.parametrize("client", OFFICIAL)
LOST: Final = {("signalr5", "ServerSentEvents"): {"lost: Error: Error occurred"}}
"""What pages may be told at the end: the oldest client takes a stream's end for a loss, if it sees
that before it has done what the Close before it says."""


async def heard_officially(
    hub: Hub, official: Path, client: str, transport: str, plans: Sequence[tuple[int, ...]]
) -> bytes:
    """Let an official client listen once for each plan; give what the server said by the first."""
    bell, room = Bell(), Room.fresh(hub)
    of: Literal["lines", "HTTP"] = "HTTP" if transport == "LongPolling" else "lines"
    async with cut(hub, bell, plans, of=of) as cutters:
        ports = [by.own_port for by in cutters]
        kinds = [(client, transport)] * len(plans)
        async with program(official, kinds, room, ports, bell) as ears:
            await told_one_by_one(room, ears, bell)
    for plan, by, ear in zip(plans, cutters, ears, strict=True):
        assert missed_nothing(ear, (client, transport)), (plan, ear.heard)
        assert set(ear.errors) <= LOST.get((client, transport), set()), plan
        assert by.made == len(plan), plan
        assert transport != "WebSockets" or by.came == len(plan) + 1, plan
    return bytes(cutters[0].record)


@pytest.mark.parametrize("transport", ["WebSockets", "ServerSentEvents"])
@EACH
def test_an_official_client_hears_each_event_in_order_besides_replays(
    hub: Hub, official: Path, client: str, transport: str
) -> None:
    ends = boundaries(asyncio.run(heard_officially(hub, official, client, transport, [()])))
    answered, *_, greeted, first = ends[: -len(NUMBERS)]
    in_answer = [(at,) for at in (0, answered // 2, answered, greeted - 1)]
    twice = [(first, at) for at in (0, answered // 2, answered, greeted - 1, greeted)]
    plans = [*in_answer, *((at,) for at in around(ends[1:-1])), *twice]

    asyncio.run(heard_officially(hub, official, client, transport, plans))


@EACH
def test_an_official_client_that_polls_hears_each_event_in_order_besides_replays(
    hub: Hub, official: Path, client: str
) -> None:
    record = asyncio.run(heard_officially(hub, official, client, "LongPolling", [()]))
    starts = [found.start() for found in re.finditer(rb"HTTP/1\.1 ", record)]
    cuts = [at for at in around(starts) if at < record.index(f"Bank {LAST}".encode())]

    asyncio.run(heard_officially(hub, official, client, "LongPolling", [(at,) for at in cuts]))


# ---- what is known to be missed -----------------------------------------------------------------


def test_rtas_ui_comes_again_when_its_return_is_cut_too(
    hub: Hub, official: Path, record: bytes
) -> None:
    answered, greeted, *_ = boundaries(record)
    plans = [(greeted, at) for at in (0, answered // 2, answered, greeted - 1)]

    async def story() -> list[list[str]]:
        bell, room = Bell(), Room.fresh(hub)
        async with cut(hub, bell, plans) as cutters:
            ports = [by.own_port for by in cutters]
            async with program(official, [SCRIPTED] * len(ports), room, ports, bell) as ears:
                await bell.until(lambda: all(one.greetings == 2 or one.errors for one in ears))
        return [one.errors for one in ears]

    assert asyncio.run(story()) == [[] for _ in plans]


@pytest.mark.parametrize("is_cached", [True, False], ids=["cached", "not cached"])
def test_rtas_ui_that_was_there_before_the_first_event_misses_none(
    hub: Hub, official: Path, record: bytes, is_cached: bool
) -> None:
    _, greeted, first = boundaries(record)[:3]
    plan = ((greeted + first) // 2,)  # within the first event

    async def story() -> list[str]:
        bell, room = Bell(), Room.fresh(hub)
        async with (
            cut(hub, bell, [plan], keeps_away=True) as (by,),
            program(official, [SCRIPTED], room, [by.own_port], bell) as (ear,),
        ):
            await bell.until(lambda: ear.greetings == 1)
            await room.tell(1, store_in_cache=is_cached)
            await bell.until(lambda: by.made == 1)
            await room.tell(2, store_in_cache=is_cached)
            by.gate.set()
            await bell.until(lambda: ear.greetings == 2)
            await room.tell(LAST)
            await bell.until(lambda: ear.is_over)
        return [name for _, name, _ in ear.heard]

    assert asyncio.run(story()) == ["Bank 1", "Bank 2", f"Bank {LAST}"]


# ---- a server that begins again -----------------------------------------------------------------


async def told_by_two_servers(
    folder: Path,
    bell: Bell,
    listen: Callable[[Room], AbstractAsyncContextManager[Sequence[Ear]]],
    *,
    is_polite: bool,
) -> Sequence[Ear]:
    """Publish two events at one server, and two at the next one on its data and port."""
    async with AsyncExitStack() as stack:
        async with standing(folder, is_polite=is_polite) as hub:
            await owner(hub)
            room = Room.fresh(hub)
            ears = await stack.enter_async_context(listen(room))
            await bell.until(lambda: all(one.greetings for one in ears))
            for number in NUMBERS[:2]:
                await room.tell(number)
                await bell.until(partial(have_heard, ears, number))
        async with standing(folder, port_of(hub)) as again:
            again.token = hub.token
            room.hub = again
            await bell.until(lambda: all(one.greetings > 1 for one in ears))
            for number in NUMBERS[2:]:
                await room.tell(number)
            await bell.until(lambda: all(one.is_over for one in ears))
        return ears


@pytest.mark.parametrize("is_polite", [True, False], ids=["let go", "hung up on"])
def test_a_server_that_begins_again_loses_nothing_and_doubles_nothing(
    tmp_path: Path, is_polite: bool
) -> None:
    bell = Bell()

    @asynccontextmanager
    async def listen(room: Room) -> AsyncIterator[list[Listener]]:
        port = port_of(room.hub)
        ears = [Listener(port=port, token=room.token, bell=bell) for _ in range(20)]
        async with listening(ears):
            yield ears

    ears = asyncio.run(told_by_two_servers(tmp_path / "data", bell, listen, is_polite=is_polite))

    assert [one.heard for one in ears] == [wanted()] * len(ears)


def test_the_last_word_of_a_server_is_that_its_listeners_may_come_again(tmp_path: Path) -> None:
    async def story() -> list[str | bytes]:
        async with AsyncExitStack() as lines:
            async with standing(tmp_path / "data") as hub:
                await owner(hub)
                address = (
                    f"ws://{LOOPBACK}:{port_of(hub)}/rtas?access_token={Room.fresh(hub).token}"
                )
                line = await lines.enter_async_context(connect(address))
                await line.send(HANDSHAKE)
                while ESTABLISHED not in str(await line.recv()):
                    pass
            said = [one async for one in line]
        assert (line.close_code, line.close_reason) == (1000, "")
        return said

    assert asyncio.run(story()) == ['{"type":7,"allowReconnect":true}\x1e']


NEWEST: Final = (OFFICIAL[-1], "WebSockets")


@pytest.mark.parametrize("kind", [SCRIPTED, NEWEST], ids=["rtas-ui", "official"])
def test_programs_stay_through_a_server_that_begins_again(
    tmp_path: Path, official: Path, kind: Kind
) -> None:
    bell, ears = Bell(), list[NodeEar]()

    @asynccontextmanager
    async def listen(room: Room) -> AsyncIterator[list[NodeEar]]:
        async with program(official, [kind] * 5, room, [port_of(room.hub)] * 5, bell) as made:
            ears.extend(made)
            yield made

    asyncio.run(told_by_two_servers(tmp_path / "data", bell, listen, is_polite=True))

    for one in ears:
        assert missed_nothing(one, kind), one.heard
        assert one.errors == []


def test_a_server_that_is_killed_loses_nothing_and_doubles_nothing(
    tmp_path: Path, official: Path
) -> None:
    """Half of them have not heard the event that was answered last when it dies."""
    data = tmp_path / "data"
    kinds: list[Kind] = [SCRIPTED, POLLING, NEWEST, (OFFICIAL[0], "LongPolling")] * 2

    async def story() -> list[NodeEar]:
        bell, made = Bell(), await enrolled(data)
        async with AsyncExitStack() as stack:
            async with killed(data) as hub:
                await asyncio.to_thread(hub.log_in, made)
                room = await asyncio.to_thread(Room.fresh, hub)
                cutters = await stack.enter_async_context(cut(hub, bell, [()] * len(kinds)))
                ports = [by.own_port for by in cutters]
                ears = await stack.enter_async_context(program(official, kinds, room, ports, bell))
                await bell.until(lambda: all(one.greetings for one in ears))
                await room.tell(1)
                await bell.until(partial(have_heard, ears, 1))
                for by in cutters[: len(kinds) // 2]:
                    by.hush(is_told=True)
                await room.tell(2)
                await bell.until(partial(have_heard, ears[len(kinds) // 2 :], 2))
                for by in cutters:  # no try is spent on how long the next one takes to start
                    by.gate.clear()
            async with killed(data, port_of(hub)) as again:
                again.token, room.hub = hub.token, again
                for by in cutters:
                    by.gate.set()
                await bell.until(lambda: all(one.greetings > 1 for one in ears))
                await bell.until(partial(have_heard, ears, 2))
                for number in NUMBERS[2:]:
                    await room.tell(number)
                    await bell.until(partial(have_heard, ears, number))
                await bell.until(lambda: all(one.is_over for one in ears))
        return ears

    for kind, ear in zip(kinds, asyncio.run(story()), strict=True):
        assert missed_nothing(ear, kind), (kind, ear.heard)
        assert ear.errors == [], kind


# ---- a thousand -----------------------------------------------------------------------------


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process have as many sockets open as a thousand listeners and a server need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wants = 8_192
    if hard != resource.RLIM_INFINITY and hard < wants:
        pytest.skip(f"this machine allows {hard} open files; a thousand listeners need {wants}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wants), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_a_thousand_listeners_of_whom_each_third_is_cut_hear_each_event_once(
    tmp_path: Path, record: bytes
) -> None:
    *_, end = places(record)
    end -= 4 * len(NUMBERS)  # events that go together share a frame, and its head of 4 bytes
    chance = SeededChance("a thousand")
    plans = [(int.from_bytes(chance.bytes(4)) % end,) for _ in range(MANY // 3)]

    async def story() -> None:
        bell = Bell()
        async with AsyncExitStack() as stack:
            hub = await stack.enter_async_context(standing(tmp_path / "data"))
            await owner(hub)
            rooms = [await asyncio.to_thread(Room.fresh, hub) for _ in range(CHANNELS)]
            cutters = await stack.enter_async_context(cut(hub, bell, plans))
            ports = [by.own_port for by in cutters] + [port_of(hub)] * (MANY - len(plans))
            ears = [
                Listener(port=port, token=room.token, bell=bell)
                for port, room in zip(ports, itertools.cycle(rooms), strict=False)
            ]
            async with listening(ears):
                await bell.until(lambda: all(one.greetings for one in ears))
                for number in NUMBERS:
                    await asyncio.gather(*(room.tell(number) for room in rooms))
                    if number == 1:
                        await bell.until(lambda: all(one.heard for one in ears))
                await bell.until(lambda: all(one.is_over for one in ears))
        assert len(ears) == MANY
        assert all(by.made == 1 for by in cutters)
        assert all(one.lines == 2 for one in ears[: len(plans)])
        assert all(one.heard == wanted() for one in ears)

    asyncio.run(story())
