"""The unit of work: staged rows shadow the store, also by unique text, until they commit."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from engine.adapters.memory import MemoryStore
from engine.model.names import MAIN_TENANT
from engine.ports.store import Committed, Conflict
from engine.records.identity import User, ext_key
from engine.records.record import Absent, AuditRow, Delete, Put, Staged, Version
from engine.run.unit import Unit
from engine.testing import NOON, FrozenClock

ANA = User(id="ana", store="customers", ext_id="a", created_at=NOON, updated_at=NOON)
BOB = replace(ANA, id="bob", ext_id="b")
AUDIT = AuditRow(id="1", at=NOON, actor="cli", action="user.add", subject="user:ana")


async def unit_over(*users: User) -> tuple[MemoryStore, Unit]:
    store = MemoryStore(FrozenClock())
    first = Unit(store, MAIN_TENANT)
    for user in users:
        first.put(user, Absent())
    assert await store.write(MAIN_TENANT, first.staged()) == Committed()
    return store, Unit(store, MAIN_TENANT)


async def by_ext(unit: Unit, ext_id: str) -> User | None:
    return await unit.find(User, "by_ext_id", ext_key("customers", ext_id))


def test_a_unit_reads_what_is_kept() -> None:
    async def story() -> tuple[User | None, User | None, User | None]:
        _, unit = await unit_over(ANA)
        return await unit.get(User, "ana"), await by_ext(unit, "a"), await by_ext(unit, "b")

    assert asyncio.run(story()) == (ANA, ANA, None)


def test_staged_rows_are_found_before_they_are_kept_and_not_by_others() -> None:
    async def story() -> tuple[User | None, User | None, User | None]:
        store, unit = await unit_over()
        unit.put(ANA, Absent())
        other = Unit(store, MAIN_TENANT)
        return await unit.get(User, "ana"), await by_ext(unit, "a"), await other.get(User, "ana")

    assert asyncio.run(story()) == (ANA, ANA, None)


def test_a_unique_text_that_was_given_up_finds_nothing() -> None:
    async def story() -> tuple[User | None, User | None]:
        _, unit = await unit_over(ANA)
        unit.put(replace(ANA, ext_id="z"), Version(number=1))
        return await by_ext(unit, "a"), await by_ext(unit, "z")

    given_up, taken = asyncio.run(story())

    assert given_up is None
    assert taken == replace(ANA, ext_id="z", version=2)


def test_a_removed_row_is_gone_for_later_reads_and_its_text_is_free() -> None:
    async def story() -> tuple[User | None, User | None, object]:
        store, unit = await unit_over(ANA)
        unit.delete(ANA)
        gone = await unit.get(User, "ana"), await by_ext(unit, "a")
        unit.put(replace(BOB, ext_id="a"), Absent())
        return *gone, await store.write(MAIN_TENANT, unit.staged())

    assert asyncio.run(story()) == (None, None, Committed())


def test_a_row_may_be_changed_twice_in_one_unit() -> None:
    async def story() -> User | None:
        store, unit = await unit_over(ANA)
        for locale in ("pt-PT", "en-GB"):
            row = await unit.get(User, "ana")
            assert row is not None
            unit.put(replace(row, locale=locale), Version(number=row.version))
        assert await store.write(MAIN_TENANT, unit.staged()) == Committed()
        return await store.get(MAIN_TENANT, User, "ana")

    assert asyncio.run(story()) == replace(ANA, locale="en-GB", version=3)


def test_two_units_from_one_version_cannot_both_be_kept() -> None:
    async def story() -> list[object]:
        store, unit = await unit_over(ANA)
        other = Unit(store, MAIN_TENANT)
        for one in (unit, other):
            one.put(replace(ANA, locale="pt-PT"), Version(number=1))
        return [await store.write(MAIN_TENANT, one.staged()) for one in (unit, other)]

    assert asyncio.run(story()) == [Committed(), Conflict(what="record")]


def test_everything_staged_is_told_in_order() -> None:
    async def story() -> Staged:
        _, unit = await unit_over(ANA)
        unit.put(BOB, Absent())
        unit.delete(ANA)
        unit.audit(AUDIT)
        unit.reset("user:ana")  # type: ignore[arg-type]  # an account key is a text
        return unit.staged()

    assert asyncio.run(story()) == Staged(
        writes=(Put(row=BOB, expect=Absent()), Delete(row=ANA)),
        audit=(AUDIT,),
        resets=("user:ana",),
    )


def test_going_back_to_a_mark_does_not_give_up_a_claim() -> None:
    async def story() -> tuple[bool, bool]:
        _, unit = await unit_over()
        mark = unit.mark()
        before = unit.staged().owned
        unit.claim()
        unit.back_to(mark)
        return before, unit.staged().owned

    assert asyncio.run(story()) == (False, True)


def test_going_back_to_a_mark_forgets_all_that_came_after() -> None:
    async def story() -> tuple[Staged, User | None, User | None, User | None]:
        _, unit = await unit_over(ANA)
        unit.put(BOB, Absent())
        before, mark = unit.staged(), unit.mark()
        unit.put(replace(ANA, ext_id="z"), Version(number=1))
        unit.delete(BOB)
        unit.audit(AUDIT)
        unit.reset("user:ana")  # type: ignore[arg-type]  # an account key is a text
        unit.back_to(mark)
        assert unit.staged() == before
        return before, await unit.get(User, "bob"), await by_ext(unit, "a"), await by_ext(unit, "z")

    _, bob, ana, nobody = asyncio.run(story())

    assert (bob, ana, nobody) == (BOB, ANA, None)
