"""Add, update and lock users in a journey, also many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from engine.adapters.memory import MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.identity.users import by_ext_id
from engine.model.names import MAIN_TENANT
from engine.ports.store import AuditQuery, PageQuery, Store
from engine.records.identity import User
from engine.run.entry.answers import Begun
from engine.run.unit import Unit
from engine.testing import FrozenClock
from tests.bench import Bench, bench

ADDED = """\
process: add
version: 1
title: Add
languages: [en]
maxDuration: PT1H
parameters:
  who: {type: string, required: true}
  email: {type: string}
  town: {type: string, required: true}
flow:
  start:
    activity: Start
    next: add
  add:
    activity: Add User
    inputs:
      storeName: customers
      userExternalId: "${_initVars.who}"
      status: PENDING_ACTIVE
      locale: pt-PT
      attributes: {email: "${_initVars.email}", town: "from ${_initVars.town}", kind: walk-in}
    errors: {ExtIdNotUnique: taken, FailedAddUser: broken}
    next: change
  change:
    activity: Update User
    inputs: {storeName: customers, attributes: {kind: "", seen: "yes"}, timeZone: Europe/Lisbon}
    errors: {UserNotFound: broken, FailedUpdateUser: broken}
    outputs: {mail: "${has(user1.attributes.email) ? user1.attributes.email : 'none'}"}
    next: lock
  lock:
    activity: Lock User
    inputs: {storeName: customers, lockFor: PT15M}
    next: end
  end: {activity: End, result: REVIEW}
  taken: {activity: End, result: FAIL}
  broken: {activity: End, result: REVIEW}
"""
Story = Callable[[Bench], Awaitable[None]]


@pytest.fixture(params=["memory", "sqlite"])
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Story], None]:
    """Run a story in a house with the store `customers` on each kind of database."""

    async def told(story: Story) -> None:
        clock = FrozenClock()
        store: Store = (
            MemoryStore(clock)
            if request.param == "memory"
            else await SqliteStore.open(tmp_path / "store.db", clock=clock)
        )
        house = bench(store, clock)
        await house.user("somebody", passcode=None)
        await house.deploy(ADDED)
        try:
            await story(house)
        finally:
            await store.close()

    return lambda story: asyncio.run(told(story))


async def walked(house: Bench, who: str, **more: str) -> Begun:
    return await house.begin((await house.link("add", {"who": who, **more})).secret)


async def kept(house: Bench, who: str) -> User | None:
    return await by_ext_id(Unit(house.store, MAIN_TENANT), "customers", who)


def test_a_user_is_added_changed_and_locked_in_one_hop(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        begun = await walked(house, "ana", email="ana@example.org", town="Faro")

        now, user = await house.at(begun), await kept(house, "ana")

        assert (now.instance.node, now.instance.incident) == ("end", None)
        assert user is not None
        assert user.attributes == {
            "email": "ana@example.org", "town": "from Faro", "seen": "yes",
        }  # fmt: skip
        assert (user.locale, user.time_zone) == ("pt-PT", "Europe/Lisbon")
        assert user.status == "TEMP_LOCKED"
        assert user.locked_until == house.clock.now() + timedelta(minutes=15)
        assert now.instance.variables["mail"] == "ana@example.org"
        query = AuditQuery(subject=f"user:{user.id}")
        rows = (await house.store.audit(MAIN_TENANT, query)).rows
        assert sorted(row.action for row in rows) == ["user.add", "user.lock", "user.update"]
        assert {row.actor for row in rows} == {f"instance:{begun.instance}"}

    tell(story)


def test_what_is_absent_is_left_out_of_a_mapping(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        await walked(house, "rui", town="Faro")

        user = await kept(house, "rui")

        assert user is not None
        assert user.attributes == {"town": "from Faro", "seen": "yes"}

    tell(story)


def test_who_cannot_be_kept_is_told_by_field_and_never_by_value(
    tell: Callable[[Story], None],
) -> None:
    async def story(house: Bench) -> None:
        begun = await walked(house, "ana\n", email="x", town="y")

        now = (await house.at(begun)).instance

        assert now.node == "broken"
        assert now.variables["errorCode"] == "FailedAddUser"
        assert now.variables["errorMessage"] == "extId"

    tell(story)


def test_fifty_at_once_with_one_external_id_make_one_user(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        minted = await house.link("add", {"who": "ana", "town": "Faro"}, type="UNLIMITED")

        begun = await asyncio.gather(*(house.begin(minted.secret) for _ in range(50)))

        ends = [(await house.at(one)).instance for one in begun]
        users = await house.store.page(
            MAIN_TENANT, User, PageQuery(by="store", value="customers", size=200)
        )
        assert sorted(end.node for end in ends) == ["end"] + ["taken"] * 49
        assert [end.incident for end in ends] == [None] * 50
        assert sorted(str(user.ext_id) for user in users.rows) == ["ana", "somebody"]

    tell(story)
