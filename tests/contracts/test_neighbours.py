"""What ends or is erased takes nothing with it of what stands beside, here or at another tenant."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from engine.model.instance import ProcessInstance, Wait
from engine.model.names import MAIN_TENANT, AccountKey, HopId, InstanceId, NodeId, TenantId
from engine.model.screen import Screen
from engine.ports.store import Attempts, Charged, Claimed, ClaimKey, Committed, Erasure, Store
from engine.testing import NOON, FrozenClock, a_hop, a_row, an_instance

pytestmark = pytest.mark.anyio

ONE, TWO = InstanceId("1" * 26), InstanceId("2" * 26)
OTHER_TENANT = TenantId("other")
BESIDE = ((MAIN_TENANT, TWO), (OTHER_TENANT, ONE))
ACCOUNT = AccountKey("user:ana")
ME, YOU = HopId("me"), HopId("you")


def waiting(tenant: TenantId, id: InstanceId) -> ProcessInstance:
    wait = Wait(
        node=NodeId("ask"), visit=1, screen=Screen(step_id="ask", screen_id="ask"),
        since=NOON, due=NOON + timedelta(minutes=1),
    )  # fmt: skip
    return an_instance(tenant=tenant, id=id, wait=wait)


def over(instance: ProcessInstance) -> ProcessInstance:
    return replace(instance, revision=2, wait=None, status="COMPLETED_ENDED_SUCCESS", ended_at=NOON)


def hop_id(instance: ProcessInstance) -> HopId:
    return HopId(f"{instance.tenant}-{instance.id}-{instance.revision}")


async def three(store: Store) -> ProcessInstance:
    """Keep one that will end, and two beside it; give the one."""
    for tenant, id in ((MAIN_TENANT, ONE), *BESIDE):
        instance = waiting(tenant, id)
        assert await store.commit(a_hop(instance, id=hop_id(instance))) == Committed()
    return waiting(MAIN_TENANT, ONE)


async def ended(store: Store, instance: ProcessInstance) -> None:
    after = over(instance)
    assert await store.commit(a_hop(after, id=hop_id(after))) == Committed()


async def claimed(store: Store, tenant: TenantId, id: InstanceId, owner: HopId) -> object:
    def charge(before: Attempts | None, now: datetime, account: AccountKey) -> Attempts:
        return Attempts(account=account, failures=1, last_at=now)

    step = ClaimKey(tenant=tenant, instance=id, revision=1)
    return await store.claim_and_charge(step, owner, ACCOUNT, charge)


async def test_what_ends_leaves_the_waits_beside_it(store: Store, clock: FrozenClock) -> None:
    await ended(store, await three(store))

    clock.move(timedelta(minutes=1))

    assert {(due.tenant, due.instance) for due in await store.due(10)} == set(BESIDE)


async def test_what_ends_leaves_the_claims_beside_it(store: Store) -> None:
    instance = await three(store)
    for tenant, id in BESIDE:
        assert isinstance(await claimed(store, tenant, id, ME), Charged)

    await ended(store, instance)

    for tenant, id in BESIDE:
        assert await claimed(store, tenant, id, YOU) == Claimed()


async def test_a_claim_at_another_tenant_keeps_nobody_out(store: Store) -> None:
    await three(store)
    await claimed(store, OTHER_TENANT, ONE, ME)
    await claimed(store, MAIN_TENANT, TWO, ME)

    assert isinstance(await claimed(store, MAIN_TENANT, ONE, YOU), Charged)


async def test_what_is_erased_leaves_the_journals_waits_and_claims_beside_it(
    store: Store, clock: FrozenClock
) -> None:
    instance = await three(store)
    await ended(store, instance)
    for tenant, id in BESIDE:
        await claimed(store, tenant, id, ME)

    erasure = Erasure(tenant=MAIN_TENANT, instance=ONE, before=2, after=None)
    assert await store.erase(erasure) == Committed()
    clock.move(timedelta(minutes=1))

    assert {(due.tenant, due.instance) for due in await store.due(10)} == set(BESIDE)
    for tenant, id in BESIDE:
        assert list(await store.journal(tenant, id)) == [a_row(1)]
        assert await store.has_hop(tenant, HopId(f"{tenant}-{id}-1"))
