"""Retention and erasure: what goes, what stays, and that nobody can be found in what stays (J3)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from engine.adapters.memory import MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.errors import UnknownInstance
from engine.model.names import MAIN_TENANT, InstanceId
from engine.ports.store import AuditQuery, PageQuery, Store
from engine.records.identity import Passcode, User
from engine.records.tokens import ProcessToken, Session
from engine.records.tombstones import Tombstone
from engine.run.entry.answers import Begun
from engine.run.erasure import Erased
from engine.run.hop.journal import broken_at
from engine.run.pump import Pump
from engine.testing import FrozenClock
from tests.bench import RIGHT, WRONG, Bench, bench, ref
from tests.run.flows import COUNTED, NAME_FORM

Story = Callable[[Bench, Path], Awaitable[None]]
NAMED = "ines.carvalho"


@pytest.fixture(params=["memory", "sqlite"])
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Story], None]:
    """Run a story in a house with a user on each kind of database."""

    async def told(story: Story) -> None:
        clock = FrozenClock()
        path = tmp_path / "store.db"
        store: Store = (
            MemoryStore(clock)
            if request.param == "memory"
            else await SqliteStore.open(path, clock=clock)
        )
        house = bench(store, clock)
        await house.deploy()
        await house.user(NAMED)
        try:
            await story(house, path)
        finally:
            await store.close()

    return lambda story: asyncio.run(told(story))


async def accepted(house: Bench) -> Begun:
    begun = await house.begin((await house.link()).secret)
    await house.answer(begun, passcode=WRONG)
    await house.answer(begun, passcode=RIGHT)
    return begun


async def rows_of(house: Bench, kind: type[Session | ProcessToken | Passcode | User]) -> int:
    return (await house.store.page(MAIN_TENANT, kind, PageQuery())).total


async def swept(house: Bench, audit_kept: timedelta = timedelta(days=400)) -> int:
    return await house.eraser.sweep([MAIN_TENANT], audit_kept=audit_kept)


def pump_of(house: Bench) -> Pump:
    return Pump(store=house.store, loop=house.loop, clock=house.clock, eraser=house.eraser)


def test_what_is_over_is_kept_for_its_definitions_retention_and_leaves_a_tombstone(
    tell: Callable[[Story], None],
) -> None:
    async def story(house: Bench, path: Path) -> None:
        begun = await accepted(house)
        last = (await house.at(begun)).instance
        house.wait(days=30, seconds=-1)
        kept = await swept(house)
        house.wait(seconds=1)

        erased = await swept(house)

        stone = await house.store.get(MAIN_TENANT, Tombstone, begun.instance)
        assert (kept, erased) == (0, 1)
        with pytest.raises(UnknownInstance):
            await house.store.load(MAIN_TENANT, begun.instance)
        with pytest.raises(UnknownInstance):
            await house.store.journal(MAIN_TENANT, begun.instance)
        assert stone is not None
        assert (stone.status, stone.chain, stone.rows) == (last.status, last.chain, last.sequence)
        assert (stone.ended_at, stone.erased_at) == (last.ended_at, house.clock.now())
        assert await rows_of(house, Session) == 0

    tell(story)


def test_what_goes_on_or_is_in_review_is_not_purged(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench, path: Path) -> None:
        await house.deploy(COUNTED, {"name.v1": NAME_FORM})
        begun = await house.begin((await house.link("visit", {})).secret)
        for _ in range(3):
            await house.answer(begun, name="Ines")
        house.wait(days=400)
        in_review = await swept(house)

        await house.supervisor.act(ref(begun), "accept", house.actor())
        house.wait(days=30)

        assert (in_review, await swept(house)) == (0, 1)

    tell(story)


def test_the_pump_purges_once_a_day_and_at_its_start(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench, path: Path) -> None:
        pump = pump_of(house)
        begun = [await accepted(house)]
        house.wait(days=30)
        await pump.sweep()
        first = (await house.store.page(MAIN_TENANT, Tombstone, PageQuery())).total
        begun.append(await accepted(house))
        house.wait(days=30)
        await pump.sweep()

        second = (await house.store.page(MAIN_TENANT, Tombstone, PageQuery())).total

        assert (first, second) == (1, 2)

    tell(story)


def test_old_audit_rows_and_ended_tokens_go(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench, path: Path) -> None:
        used, unused = await house.link(), await house.link()
        await house.begin(used.secret)
        old = (await house.store.audit(MAIN_TENANT, AuditQuery())).total
        house.wait(days=29)
        await swept(house, timedelta(days=99))
        both = await rows_of(house, ProcessToken)
        house.wait(days=2)
        last = await house.link()

        await swept(house, timedelta())

        left = (await house.store.page(MAIN_TENANT, ProcessToken, PageQuery())).rows
        audit = (await house.store.audit(MAIN_TENANT, AuditQuery())).rows
        assert both == 2
        assert [token.id for token in left] == [last.token.id]
        assert unused.token.id != last.token.id
        assert old > 1
        assert [row.action for row in audit] == ["token.create"]

    tell(story)


def test_an_erased_user_is_nowhere_and_every_chain_holds(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench, path: Path) -> None:
        user = (await house.store.page(MAIN_TENANT, User, PageQuery())).rows[0]
        await house.user("other")
        over, going = await accepted(house), await house.begin((await house.link()).secret)
        theirs = await house.begin(
            (await house.link(parameters={"userExternalId": "other"})).secret
        )
        before = await house.store.journal(MAIN_TENANT, over.instance)

        erased = await house.eraser.erase_user(MAIN_TENANT, user, house.actor())

        assert erased == Erased(instances=2, tokens=2, passcodes=1)
        after = await house.store.journal(MAIN_TENANT, over.instance)
        assert [row.chain for row in after] == [row.chain for row in before]
        assert broken_at(after) is None
        assert all(row.payload is None and row.salt is None for row in after)
        ended = (await house.store.load(MAIN_TENANT, going.instance)).instance
        assert ended.status == "COMPLETED_TERMINATED"
        assert broken_at(await house.store.journal(MAIN_TENANT, going.instance)) is None
        for begun in (over, going):
            kept = (await house.store.load(MAIN_TENANT, begun.instance)).instance
            assert NAMED not in repr(kept)
            assert user.id not in repr(kept)
        assert (await house.at(theirs)).instance.wait is not None
        assert [row.ext_id for row in (await house.store.page(MAIN_TENANT, User, PageQuery())).rows
                ] == ["other"]  # fmt: skip
        about = AuditQuery(subject=f"user:{user.id}")
        trail = (await house.store.audit(MAIN_TENANT, about)).rows
        assert "user.erase" in [row.action for row in trail]
        assert NAMED not in repr(trail)

    tell(story)


def raw_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def test_an_erased_user_is_not_in_the_file_either(tmp_path: Path) -> None:
    async def story() -> None:
        clock, path = FrozenClock(), tmp_path / "store.db"
        store = await SqliteStore.open(path, clock=clock)
        house = bench(store, clock)
        await house.deploy()
        served = await SqliteStore.open(path, clock=clock)  # a server beside, so the log stays
        user = await house.user("a-name-that-nobody-else-has")
        link = await house.link(parameters={"userExternalId": "a-name-that-nobody-else-has"})
        await house.begin(link.secret)

        await house.eraser.erase_user(MAIN_TENANT, user, house.actor())

        raw = raw_of(tmp_path)
        await served.close()
        await store.close()
        assert b"a-name-that-nobody-else-has" not in raw

    asyncio.run(story())


def test_a_purge_and_a_late_look_do_not_meet(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench, path: Path) -> None:
        begun = await accepted(house)
        house.wait(days=30)

        counts = await asyncio.gather(*(swept(house) for _ in range(8)))

        assert sum(counts) == 1
        with pytest.raises(UnknownInstance):
            await house.loop.current(ref(begun))

    tell(story)


def test_an_unknown_instance_is_no_work(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench, path: Path) -> None:
        assert await swept(house) == 0
        assert await house.store.get(MAIN_TENANT, Tombstone, InstanceId("0" * 26)) is None

    tell(story)
