"""Users: added with the store's defaults, found, locked, unlocked; what others are told."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from engine.identity.attempts import user_account
from engine.identity.stores import add_store
from engine.identity.users import (
    ExtIdNotUnique,
    add_user,
    by_ext_id,
    by_id,
    lock,
    profile,
    set_status,
    signed_in,
    status_at,
    unlock,
)
from engine.model.names import MAIN_TENANT
from engine.ports.store import Attempts, AuditQuery, Committed, Conflict
from engine.records.identity import IdentityStore, User
from engine.testing import NOON
from tests.identity.world import WRONG, World

HOUR = timedelta(hours=1)
ANA = User(id="ana", store="customers", created_at=NOON, updated_at=NOON)


def test_a_user_gets_the_stores_defaults() -> None:
    async def story() -> User:
        world = World()
        unit = world.unit()
        store = await add_store(
            unit, world.actor, "staff", locale="pt-PT", time_zone="Europe/Lisbon",
            user_status="PENDING_ACTIVE",
        )  # fmt: skip
        assert isinstance(store, IdentityStore)
        user = await add_user(unit, world.actor, store, ext_id="ana")
        assert isinstance(user, User)
        assert await world.write(unit) == Committed()
        return user

    user = asyncio.run(story())

    assert (user.locale, user.time_zone, user.status) == (
        "pt-PT", "Europe/Lisbon", "PENDING_ACTIVE",
    )  # fmt: skip


def test_fifty_parallel_adds_of_one_external_id_give_one_user() -> None:
    async def add(world: World, store: IdentityStore) -> object:
        for _ in range(2):
            unit = world.unit()
            added = await add_user(unit, world.actor, store, ext_id="ana")
            if not isinstance(added, User) or await world.write(unit) == Committed():
                return added
        return None

    async def story() -> list[object]:
        world = World()
        store = await world.customers()
        return await asyncio.gather(*(add(world, store) for _ in range(50)))

    added = asyncio.run(story())

    assert sum(isinstance(one, User) for one in added) == 1
    assert added.count(ExtIdNotUnique(store="customers", ext_id="ana")) == 49


def test_an_external_id_is_unique_in_its_store_alone() -> None:
    async def story() -> tuple[object, object]:
        world = World()
        await world.user(await world.customers(), "ana", None)
        unit = world.unit()
        staff = await add_store(unit, world.actor, "staff")
        assert isinstance(staff, IdentityStore)
        return await add_user(unit, world.actor, staff, ext_id="ana"), await add_user(
            unit, world.actor, staff, ext_id="ana"
        )

    first, second = asyncio.run(story())

    assert isinstance(first, User)
    assert second == ExtIdNotUnique(store="staff", ext_id="ana")


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"ext_id": ""}, "extId"),
        ({"ext_id": "x" * 257}, "extId"),
        ({"ext_id": "ana\n"}, "extId"),
        ({"attributes": {str(n): "" for n in range(101)}}, "attributes"),
        ({"attributes": {"note": "x" * 4097}}, "attributes"),
        ({"attributes": {str(n): "x" * 4096 for n in range(4)}}, "attributes"),
    ],
)
def test_a_wrong_user_is_refused_with_its_field(facts: dict[str, Any], field: str) -> None:
    async def story() -> object:
        world = World()
        return await add_user(world.unit(), world.actor, await world.customers(), **facts)

    answer = asyncio.run(story())

    assert isinstance(answer, tuple)
    assert [problem.field for problem in answer] == [field]


def test_users_are_found_in_their_store_alone() -> None:
    async def story() -> list[bool]:
        world = World()
        ana = await world.user(await world.customers(), "ana", None)
        unit = world.unit()
        found = [
            await by_id(unit, "customers", ana.id),
            await by_ext_id(unit, "customers", "ana"),
            await by_id(unit, "staff", ana.id),
            await by_ext_id(unit, "staff", "ana"),
            await by_id(unit, "customers", "nobody"),
        ]
        return [user is not None for user in found]

    assert asyncio.run(story()) == [True, True, False, False, False]


def test_locking_is_counted_and_unlocking_is_recovery() -> None:
    async def story() -> tuple[User, User, object, list[str]]:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        await world.tries("ana", WRONG)
        unit = world.unit()
        locked = lock(unit, world.actor, ana)
        again = await unit.get(User, ana.id)
        assert again is not None
        free = unlock(unit, world.actor, again)
        assert await world.write(unit) == Committed()
        page = await world.store.audit(MAIN_TENANT, AuditQuery(subject=f"user:{ana.id}"))
        ledger = await world.ledger(user_account(ana.id))
        return locked, free, ledger, sorted(row.action for row in page.rows)

    locked, free, ledger, actions = asyncio.run(story())

    assert (locked.status, locked.lock_count) == ("LOCKED", 1)
    assert (free.status, free.lock_count, free.locked_until) == ("ACTIVE", 1, None)
    assert ledger is None
    assert actions == ["user.add", "user.lock", "user.unlock"]


def test_a_change_made_from_an_old_row_is_refused() -> None:
    async def story() -> object:
        world = World()
        ana = await world.user(await world.customers(), "ana", None)
        one, other = world.unit(), world.unit()
        lock(one, world.actor, ana)
        unlock(other, world.actor, ana)
        await world.write(one)
        return await world.write(other)

    assert asyncio.run(story()) == Conflict(what="record")


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("LOCKED", "user.lock"), ("TEMP_LOCKED", "user.lock"), ("ACTIVE", "user.unlock"),
        ("DISABLED", "user.status"), ("PENDING_ACTIVE", "user.status"),
    ],
)  # fmt: skip
def test_a_status_is_set_with_what_it_means(status: Any, action: str) -> None:
    world = World()
    unit = world.unit()

    set_status(unit, world.actor, ANA, status)

    assert [row.action for row in unit.staged().audit] == [action]


WAITING = Attempts(account=user_account("ana"), failures=6, waits_until=NOON + HOUR, last_at=NOON)


@pytest.mark.parametrize(
    ("facts", "attempts", "hours", "told"),
    [
        ({}, None, 0, "ACTIVE"),
        ({}, WAITING, 0, "TEMP_LOCKED"),
        ({}, WAITING, 1, "ACTIVE"),
        ({"status": "PENDING_ACTIVE"}, WAITING, 1, "PENDING_ACTIVE"),
        ({}, replace(WAITING, disabled=True), 9, "LOCKED"),
        ({"status": "TEMP_LOCKED", "locked_until": NOON + HOUR}, None, 0, "TEMP_LOCKED"),
        ({"status": "TEMP_LOCKED", "locked_until": NOON + HOUR}, None, 1, "ACTIVE"),
        ({"status": "TEMP_LOCKED", "locked_until": NOON}, WAITING, 0, "TEMP_LOCKED"),
        ({"status": "TEMP_LOCKED"}, None, 9, "TEMP_LOCKED"),
        ({"status": "LOCKED"}, WAITING, 9, "LOCKED"),
        ({"status": "DISABLED"}, WAITING, 0, "DISABLED"),
    ],
)
def test_the_status_is_the_one_of_the_moment(
    facts: dict[str, Any], attempts: Attempts | None, hours: int, told: str
) -> None:
    user = replace(ANA, **facts)

    assert status_at(user, attempts, NOON + hours * HOUR) == told


def test_signing_in_proves_a_pending_user_and_leaves_other_statuses() -> None:
    pending = signed_in(replace(ANA, status="PENDING_ACTIVE"), NOON + HOUR, locks=2)
    disabled = signed_in(replace(ANA, status="DISABLED"), NOON + HOUR, locks=0)

    assert (pending.status, pending.lock_count) == ("ACTIVE", 2)
    assert pending.authenticated_at == pending.updated_at == NOON + HOUR
    assert disabled.status == "DISABLED"


def test_others_are_told_the_external_id_only_where_there_is_one() -> None:
    told = profile(ANA, "ACTIVE")
    named = profile(replace(ANA, ext_id="a", attributes={"team": "blue"}), "LOCKED")

    assert told == {
        "id": "ana", "status": "ACTIVE", "locale": "en", "timeZone": "UTC", "attributes": {},
    }  # fmt: skip
    assert (named["extId"], named["attributes"], named["status"]) == (
        "a", {"team": "blue"}, "LOCKED",
    )  # fmt: skip
