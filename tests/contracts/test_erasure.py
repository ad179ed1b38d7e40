"""What every store does with what is kept no longer: erased whole, or emptied, or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from engine.errors import UnknownInstance
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, InstanceId, TenantId
from engine.ports.store import AuditQuery, Committed, Conflict, Due, Erasure, PageQuery, Store
from engine.records.access import KeptAnswer
from engine.records.record import Absent, AuditRow, Put, Staged
from engine.records.tombstones import Tombstone
from engine.testing import NOON, FrozenClock, a_hop, a_row, an_instance

pytestmark = pytest.mark.anyio
OTHER_TENANT = TenantId("other")
FIRST = an_instance().id


def over(number: int = 0, *, days: int = 30, tenant: TenantId = MAIN_TENANT) -> ProcessInstance:
    """Give an instance that is over and kept for so long."""
    id = FIRST if number == 0 else InstanceId(f"{number:026}")
    return an_instance(
        id=id, tenant=tenant, revision=1, status="COMPLETED_ENDED_SUCCESS",
        ended_at=NOON, kept_until=NOON + timedelta(days=days),
    )  # fmt: skip


def erasure(
    after: ProcessInstance | None = None, *, before: int = 1, staged: Staged | None = None
) -> Erasure:
    return Erasure(
        tenant=MAIN_TENANT, instance=FIRST, before=before, after=after, staged=staged or Staged()
    )


def stone(id: str = FIRST) -> Tombstone:
    return Tombstone(
        id=id, process="p", process_version=1, bundle=over().bundle, status="COMPLETED_TERMINATED",
        created_at=NOON, ended_at=NOON, erased_at=NOON, rows=2, chain="c",
    )  # fmt: skip


async def test_only_what_is_kept_no_longer_is_expired_the_longest_so_first(
    store: Store, clock: FrozenClock
) -> None:
    for number, days in ((1, 9), (2, 3), (3, 60)):
        await store.commit(a_hop(over(number, days=days)))
    await store.commit(a_hop(over(4, days=5, tenant=OTHER_TENANT)))
    clock.move(timedelta(days=9))

    found = await store.expired(9)

    assert [due.instance[-1] for due in found] == ["2", "4", "1"]
    assert found[1] == Due(tenant=OTHER_TENANT, instance=InstanceId(f"{4:026}"))
    assert await store.expired(1) == found[:1]


async def test_what_goes_on_is_not_expired(store: Store, clock: FrozenClock) -> None:
    await store.commit(a_hop())
    clock.move(timedelta(days=9_999))

    assert await store.expired(9) == []


async def test_an_instance_goes_with_its_journal_and_leaves_what_is_staged(store: Store) -> None:
    await store.commit(a_hop(over(), rows=(a_row(1), a_row(2))))
    put = Put(row=stone(), expect=Absent())

    done = await store.erase(erasure(staged=Staged(writes=(put,))))

    assert done == Committed()
    with pytest.raises(UnknownInstance):
        await store.load(MAIN_TENANT, FIRST)
    with pytest.raises(UnknownInstance):
        await store.journal(MAIN_TENANT, FIRST)
    assert await store.get(MAIN_TENANT, Tombstone, FIRST) == stone()
    assert await store.expired(9) == []


async def test_an_emptied_journal_keeps_digests_and_chain(store: Store) -> None:
    rows = (a_row(1, payload=b'{"n":1}'), a_row(2, payload=b'{"n":2}'))
    await store.commit(a_hop(over(), rows=rows[:1]))
    moved = replace(over(), revision=2)
    await store.commit(a_hop(moved, rows=rows[1:]))
    empty = replace(moved, revision=3, variables={})

    done = await store.erase(erasure(empty, before=2))

    kept = await store.journal(MAIN_TENANT, FIRST)
    assert done == Committed()
    assert (await store.load(MAIN_TENANT, FIRST)).instance == empty
    assert list(kept) == [replace(row, payload=None, salt=None) for row in rows]


async def test_an_erasure_of_another_revision_changes_nothing(store: Store) -> None:
    rows = (a_row(1),)
    await store.commit(a_hop(over(), rows=rows))
    put = Put(row=stone(), expect=Absent())

    done = await store.erase(erasure(before=7, staged=Staged(writes=(put,))))

    assert done == Conflict(what="revision")
    assert list(await store.journal(MAIN_TENANT, FIRST)) == list(rows)
    assert await store.get(MAIN_TENANT, Tombstone, FIRST) is None


async def test_an_erasure_whose_precondition_fails_changes_nothing(store: Store) -> None:
    rows = (a_row(1),)
    await store.commit(a_hop(over(), rows=rows))
    put = Put(row=stone(), expect=Absent())
    await store.write(MAIN_TENANT, Staged(writes=(put,)))

    done = await store.erase(erasure(staged=Staged(writes=(put,))))

    assert done == Conflict(what="record")
    assert list(await store.journal(MAIN_TENANT, FIRST)) == list(rows)


async def test_the_instance_of_another_tenant_is_not_erased(store: Store) -> None:
    await store.commit(a_hop(over(tenant=OTHER_TENANT)))

    done = await store.erase(erasure())

    assert done == Conflict(what="revision")
    assert (await store.load(OTHER_TENANT, FIRST)).instance.id == FIRST


async def test_audit_rows_go_by_their_age(store: Store) -> None:
    rows = tuple(
        AuditRow(id=str(n), at=NOON + timedelta(days=n), actor="a", action="b", subject="c")
        for n in range(3)
    )
    await store.write(MAIN_TENANT, Staged(audit=rows[:2]))
    await store.write(OTHER_TENANT, Staged(audit=rows[:1]))
    await store.write(MAIN_TENANT, Staged(audit=rows[2:]))

    await store.forget_audit(NOON + timedelta(days=1))

    assert (await store.audit(MAIN_TENANT, AuditQuery())).rows == (rows[2], rows[1])
    assert (await store.audit(OTHER_TENANT, AuditQuery())).rows == ()


async def test_rows_that_end_go_after_their_end(store: Store) -> None:
    rows = [
        KeptAnswer(id=str(n), asked="x", status=201, body="", expires_at=NOON + timedelta(days=n))
        for n in range(3)
    ]
    for tenant in (MAIN_TENANT, OTHER_TENANT):
        puts = tuple(Put(row=row, expect=Absent()) for row in rows)
        await store.write(tenant, Staged(writes=puts))

    await store.forget_ended(KeptAnswer, NOON + timedelta(days=1))

    for tenant in (MAIN_TENANT, OTHER_TENANT):
        assert (await store.page(tenant, KeptAnswer, PageQuery())).rows == (*rows[1:],)
