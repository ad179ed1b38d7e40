"""Calls at once: of answers, uses, completions and creations under one key, one wins each."""

from __future__ import annotations

import asyncio

import pytest

from engine.adapters.memory import MemoryStore
from engine.model.names import TenantId
from engine.records.access import KeptAnswer
from engine.records.record import R
from engine.testing import FrozenClock
from tests.web.parallel import BREATH, MANY, furnished, gone, stores

pytestmark = pytest.mark.anyio


async def test_a_hundred_rounds_in_memory() -> None:
    clock = FrozenClock()
    house, shop = await furnished(MemoryStore(clock), clock)

    for number in range(100):
        await gone(house, shop, number)


async def test_rounds_without_a_pause_never_trip_the_circuit() -> None:
    clock, rounds = FrozenClock(), 25
    share = MANY * rounds // BREATH
    house, shop = await furnished(MemoryStore(clock), clock, tenant_per_minute=share)

    async with asyncio.timeout(30):  # who waits for a clock that stands waits for ever
        for number in range(rounds):
            await gone(house, shop, number)


class LateStore(MemoryStore):
    """A store in which a kept answer is not yet there when it is first looked for."""

    looks = 0

    async def get(self, tenant: TenantId, kind: type[R], id: str) -> R | None:
        if kind is KeptAnswer and self.looks:
            self.looks -= 1
            return None
        return await super().get(tenant, kind, id)


async def test_a_call_whose_twin_was_quicker_is_answered_as_its_twin() -> None:
    clock = FrozenClock()
    store = LateStore(clock)
    _, shop = await furnished(store, clock)
    users, body = "/api/identity-store/stores/customers/users", {"extId": "twin"}
    first = await shop.post(users, body, key="one")

    store.looks = 1
    second = await shop.post(users, body, key="one")

    assert (first.status, second.status) == (201, 201)
    assert second.body == first.body


@pytest.mark.postgres
async def test_some_rounds_on_every_store() -> None:
    async with stores() as found:
        assert len(found) == 3
        for store, clock in found.values():
            house, shop = await furnished(store, clock)
            for number in range(8):
                await gone(house, shop, number)
