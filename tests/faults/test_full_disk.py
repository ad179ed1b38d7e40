"""A disk that fills up at the 1st, 2nd, 3rd ... write of a change: nothing is half kept."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import apsw
import pytest

from engine.adapters.sqlite import SqliteStore
from engine.adapters.sqlite.database import Database
from engine.errors import StoreUnavailable, TrustflowError
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, Digest
from engine.ports.store import PageQuery
from engine.records.identity import User
from engine.records.record import Absent
from engine.records.tombstones import Tombstone
from engine.run.current import InstanceRef
from engine.run.unit import Unit
from engine.testing import NOON, FrozenClock
from tests.bench import RIGHT, Bench, bench
from tests.faults.deaths import BY_THE_CLOCK, COMMITTED, FIRST_SCHEMA
from tests.faults.judging import assert_replays, instances
from tests.faults.places import File, Rows
from tests.faults.walks import FRESH, REGISTRATION

MOST: Final = 100
FILLED: Final = 16
Limit = Callable[[int | None], None]
"""Leaves so much room, or with None as much as is wanted."""


@dataclass(slots=True)
class Limits:
    """How full the disk may be.

    Attributes:
        writes: So many writes of the log it still takes; None: any number.
        pages: So many pages the file may have; 0: any number.
    """

    writes: int | None = None
    pages: int = 0
    connections: list[apsw.Connection] = field(default_factory=list)

    def narrow(self, pages: int) -> None:
        """Let the file have so many pages, at every connection that is open."""
        self.pages = pages
        for connection in self.connections:
            _limit(connection, pages)

    def opened(self, connection: apsw.Connection) -> None:
        """Hold a new connection to the limit, too."""
        self.connections.append(connection)
        if self.pages:
            _limit(connection, self.pages)


def _limit(connection: apsw.Connection, pages: int) -> None:
    try:
        connection.execute(f"PRAGMA max_page_count = {pages}")
    except apsw.ConnectionClosedError:
        return


class Disk(apsw.VFS):
    """The real disk, that may be full."""

    def __init__(self, limits: Limits) -> None:
        self.name, self.limits = f"full-{id(limits)}", limits
        super().__init__(self.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _Room(name, flags, self.limits)


class _Room(apsw.VFSFile):
    def __init__(
        self, name: str | apsw.URIFilename | None, flags: list[int], limits: Limits
    ) -> None:
        super().__init__("", name, flags)
        self._limits = limits

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        left = self._limits.writes
        if left is not None:
            if left == 0:
                raise apsw.FullError("made up")
            self._limits.writes = left - 1
        super().xWrite(data, offset)


@contextmanager
def a_disk() -> Iterator[tuple[Disk, Limits]]:
    limits = Limits()
    disk = Disk(limits)
    apsw.connection_hooks.append(limits.opened)
    try:
        yield disk, limits
    finally:
        apsw.connection_hooks.remove(limits.opened)
        disk.unregister()


async def registers(house: Bench) -> None:
    """Keep a passcode: a hop that stages records."""
    visit = next(one for one in await all_instances(house) if one.process == REGISTRATION)
    if visit.step is not None:
        await house.loop.submit(
            InstanceRef(tenant=MAIN_TENANT, id=visit.id), step=visit.step,
            revision=visit.revision, body={"newPasscode": [FRESH], "confirmPasscode": [FRESH]},
        )  # fmt: skip


async def purges(house: Bench) -> None:
    await house.eraser.sweep([MAIN_TENANT], audit_kept=timedelta(days=400))


async def erases(house: Bench) -> None:
    for user in await users(house):
        if user.ext_id == "ines.carvalho":
            await house.eraser.erase_user(MAIN_TENANT, user, house.actor())


async def has_registered(house: Bench) -> bool:
    statuses = {one.process: one.status for one in await all_instances(house)}
    return statuses[REGISTRATION] == "COMPLETED_ENDED_SUCCESS"


async def has_purged(house: Bench) -> bool:
    return len(await all_instances(house)) == 2


async def has_erased(house: Bench) -> bool:
    return [user.ext_id for user in await users(house)] == ["ana"]


async def all_instances(house: Bench) -> Sequence[ProcessInstance]:
    return list((await instances(house.store)).values())


async def users(house: Bench) -> Sequence[User]:
    return (await house.store.page(MAIN_TENANT, User, PageQuery())).rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that writes; `is_done` looks whether it has; `later`: when it comes."""

    do: Callable[[Bench], Awaitable[None]]
    is_done: Callable[[Bench], Awaitable[bool]]
    later: timedelta = timedelta()


CHANGES: Final = {
    "a hop that stages records": Change(do=registers, is_done=has_registered),
    "a purge": Change(do=purges, is_done=has_purged, later=timedelta(days=31)),
    "an erasure": Change(do=erases, is_done=has_erased),
}
"""None of them touches what the others do."""


async def prepared(place: File) -> None:
    """One visit is over and one goes on of a user; another user chooses a passcode."""
    clock = FrozenClock()
    store = await place.open(clock)
    house = bench(store, clock)
    await house.deploy()
    await house.deploy(shipped=REGISTRATION)
    await house.user()
    await house.user("ana", passcode=None)
    over = await house.begin((await house.link()).secret)
    await house.answer(over, passcode=RIGHT)
    await house.begin((await house.link()).secret)
    await house.begin((await house.link(REGISTRATION, {"userExternalId": "ana"})).secret)
    await store.close()


async def states(place: File, change: Change) -> list[Rows]:
    """Change with room enough; give what is there after each commit."""
    found = [place.rows()]

    def probe(name: str) -> None:
        if name == COMMITTED:
            found.append(place.rows())

    clock = FrozenClock(NOON + change.later)
    store = await place.open(clock, probe)
    await change.do(bench(store, clock, seed=1))
    await store.close()
    return found


async def filled(
    place: File, change: Change, *, vfs: str, limit: Limit, room: int, lawful: Sequence[Rows]
) -> bool:
    """Change with so much room; tell whether it was too little."""
    clock = FrozenClock(NOON + change.later)
    store = await SqliteStore.open(Database(path=place.path, vfs=vfs), clock=clock)
    house = bench(store, clock, seed=1)
    limit(room)
    try:
        await change.do(house)
        was_full = False
    except TrustflowError:
        was_full = True
        assert place.rows() in lawful
        await assert_replays(house)  # reads work
    limit(None)
    clock.move(timedelta(seconds=11))  # a claim whose verdict was lost lasts so long
    await change.do(house)
    assert await change.is_done(house)
    await assert_replays(house)
    await store.close()
    place.settled()
    return was_full


def fulls(place: File, change: Change, vfs: str, limit: Limit) -> int:
    """Give more and more room until it is enough; tell how often it was not."""
    asyncio.run(prepared(place))
    place.keep()
    lawful = asyncio.run(states(place, change))
    for room in range(MOST):
        place.back()
        if not asyncio.run(filled(place, change, vfs=vfs, limit=limit, room=room, lawful=lawful)):
            return room
    raise AssertionError


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_disk_that_is_full_at_any_write_keeps_nothing_by_half_and_heals(
    change: Change, tmp_path: Path
) -> None:
    with a_disk() as (disk, limits):

        def limit(room: int | None) -> None:
            limits.writes = room

        failures = fulls(File(tmp_path), change, disk.name, limit)

    assert failures > 3


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_that_may_not_grow_keeps_nothing_by_half_and_heals(
    change: Change, tmp_path: Path
) -> None:
    place, failures = File(tmp_path), 0
    asyncio.run(prepared(place))
    place.keep()
    with a_disk() as (disk, limits):

        def limit(room: int | None) -> None:
            limits.narrow(1_000_000 if room is None else place.pages() + room)

        for number in range(FILLED):  # at some of them a page is full
            place.back()
            asyncio.run(filler(place, number))
            place.keep()
            lawful = asyncio.run(states(place, change))
            place.back()
            failures += asyncio.run(
                filled(place, change, vfs=disk.name, limit=limit, room=0, lawful=lawful)
            )

    assert failures > 0


async def filler(place: File, number: int) -> None:
    """Add rows to what the changes add to."""
    clock = FrozenClock()
    store = await place.open(clock)
    house = bench(store, clock, seed=1_000 + number)
    await house.link()
    unit = Unit(store, MAIN_TENANT)
    stone = Tombstone(
        id=f"{number:026}", process="p", process_version=1, bundle=Digest("b" * 64),
        status="PENDING", created_at=NOON, ended_at=NOON, erased_at=NOON, rows=1, chain="c" * 64,
    )  # fmt: skip
    unit.put(stone, Absent())
    await store.write(MAIN_TENANT, unit.staged())
    await store.close()


def test_a_disk_that_is_full_in_a_migration_leaves_the_old_schema_or_the_new(
    tmp_path: Path,
) -> None:
    place, first = File(tmp_path, BY_THE_CLOCK), gzip.decompress(FIRST_SCHEMA.read_bytes())
    place.path.write_bytes(first)
    place.keep()
    old = place.rows()
    asyncio.run(place.migrate())
    new = place.rows()

    with a_disk() as (disk, limits):
        for room in range(MOST):
            place.back()
            limits.writes = room
            if asyncio.run(_opens(place, disk.name)):
                break
            assert place.rows() in (old, new)
            limits.writes = None
            assert asyncio.run(_opens(place, disk.name))
            assert place.rows() == new
            place.settled()

    assert room > 3


async def _opens(place: File, vfs: str) -> bool:
    try:
        store = await SqliteStore.open(Database(path=place.path, vfs=vfs), clock=FrozenClock())
    except StoreUnavailable:
        return False
    await store.close()
    return True
