"""The contract of every store: claims on a step, the attempt ledger, and what is due."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from engine.model.instance import ProcessInstance, Wait
from engine.model.names import MAIN_TENANT, AccountKey, HopId, InstanceId, NodeId, TenantId
from engine.model.screen import Screen
from engine.ports.store import (
    Attempts,
    Capped,
    Charged,
    Claimed,
    ClaimKey,
    Committed,
    Conflict,
    Due,
    Store,
)
from engine.records.record import Staged
from engine.testing import NOON, FrozenClock, a_hop, an_instance

pytestmark = pytest.mark.anyio

FIRST = InstanceId("0" * 26)
OTHER_TENANT = TenantId("other")
ACCOUNT = AccountKey("user:u1")
ME, YOU = HopId("me"), HopId("you")
MINE = Staged(owned=True)
STEP = ClaimKey(tenant=MAIN_TENANT, instance=FIRST, revision=1)


def one_more(before: Attempts | None, now: datetime, account: AccountKey) -> Attempts:
    failures = 1 if before is None else before.failures + 1
    return Attempts(account=account, failures=failures, last_at=now)


def capped_at(most: int) -> Callable[[Attempts | None, datetime, AccountKey], Attempts | None]:
    def charge(before: Attempts | None, now: datetime, account: AccountKey) -> Attempts | None:
        after = one_more(before, now, account)
        return after if after.failures <= most else None

    return charge


def step(revision: int) -> ClaimKey:
    return ClaimKey(tenant=MAIN_TENANT, instance=FIRST, revision=revision)


async def failures(store: Store, account: AccountKey = ACCOUNT) -> int:
    row = await store.attempts(MAIN_TENANT, account)
    return 0 if row is None else row.failures


@pytest.fixture(autouse=True)
async def begun(store: Store) -> None:
    await store.commit(a_hop())


async def test_a_claim_charges_the_account(store: Store) -> None:
    answer = await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    charged = Attempts(account=ACCOUNT, failures=1, last_at=NOON)
    assert answer == Charged(attempts=charged)
    assert await store.attempts(MAIN_TENANT, ACCOUNT) == charged


async def test_every_property_of_the_ledger_is_kept(store: Store) -> None:
    row = Attempts(
        account=ACCOUNT,
        failures=50,
        waits_until=NOON + timedelta(microseconds=1),
        last_at=NOON,
        disabled=True,
    )

    await store.claim_and_charge(STEP, ME, ACCOUNT, lambda *_: row)

    assert await store.attempts(MAIN_TENANT, ACCOUNT) == row


async def test_the_charge_is_told_the_time_of_the_store_and_what_was_kept(
    store: Store, clock: FrozenClock
) -> None:
    told: list[tuple[Attempts | None, datetime, AccountKey]] = []
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)
    clock.move(timedelta(seconds=11))

    def charge(before: Attempts | None, now: datetime, account: AccountKey) -> None:
        told.append((before, now, account))

    await store.claim_and_charge(STEP, YOU, ACCOUNT, charge)

    before = Attempts(account=ACCOUNT, failures=1, last_at=NOON)
    assert told == [(before, NOON + timedelta(seconds=11), ACCOUNT)]


async def test_a_claimed_step_is_neither_claimed_nor_charged_again(store: Store) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    answer = await store.claim_and_charge(STEP, YOU, ACCOUNT, one_more)

    assert answer == Claimed()
    assert await failures(store) == 1


async def test_the_same_owner_claims_again_and_is_not_charged_twice(store: Store) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    again = await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    assert again == Charged(attempts=Attempts(account=ACCOUNT, failures=1, last_at=NOON))
    assert await failures(store) == 1


async def test_the_same_owner_is_not_charged_twice_at_a_later_revision(store: Store) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)
    await store.commit(a_hop(an_instance(revision=2)))

    again = await store.claim_and_charge(step(2), ME, ACCOUNT, one_more)

    assert isinstance(again, Charged)
    assert await failures(store) == 1


async def test_the_same_owner_is_charged_for_another_account(store: Store) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    await store.claim_and_charge(STEP, ME, AccountKey("user:u2"), one_more)

    assert (await failures(store), await failures(store, AccountKey("user:u2"))) == (1, 1)


async def test_a_capped_account_is_claimed_and_not_charged(store: Store) -> None:
    answer = await store.claim_and_charge(STEP, ME, ACCOUNT, capped_at(0))

    assert answer == Capped()
    assert await store.attempts(MAIN_TENANT, ACCOUNT) is None
    assert await store.claim_and_charge(STEP, YOU, ACCOUNT, one_more) == Claimed()


async def test_an_owner_that_was_capped_stays_capped_when_it_comes_again(store: Store) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, capped_at(0))

    again = await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    assert again == Capped()
    assert await failures(store) == 0


async def test_a_claim_ends_after_ten_seconds(store: Store, clock: FrozenClock) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    clock.move(timedelta(seconds=10, microseconds=-1))
    early = await store.claim_and_charge(STEP, YOU, ACCOUNT, one_more)
    clock.move(timedelta(microseconds=1))
    late = await store.claim_and_charge(STEP, YOU, ACCOUNT, one_more)

    assert early == Claimed()
    assert isinstance(late, Charged)
    assert await failures(store) == 2


async def test_coming_again_makes_a_claim_last_longer(store: Store, clock: FrozenClock) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)
    clock.move(timedelta(seconds=9))
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)
    clock.move(timedelta(seconds=9))

    assert await store.claim_and_charge(STEP, YOU, ACCOUNT, one_more) == Claimed()


async def test_a_claim_from_a_clock_that_ran_ahead_keeps_nobody_out(
    store: Store, clock: FrozenClock
) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    clock.move(timedelta(hours=-1))

    assert isinstance(await store.claim_and_charge(STEP, YOU, ACCOUNT, one_more), Charged)


@pytest.mark.parametrize("revision", [0, 2])
async def test_a_step_that_has_moved_on_is_not_claimed(store: Store, revision: int) -> None:
    answer = await store.claim_and_charge(step(revision), ME, ACCOUNT, one_more)

    assert answer == Claimed(moved_on=True)
    assert await failures(store) == 0


async def test_an_instance_that_is_not_there_is_not_claimed(store: Store) -> None:
    for key in (
        ClaimKey(tenant=MAIN_TENANT, instance=InstanceId("1" * 26), revision=1),
        ClaimKey(tenant=OTHER_TENANT, instance=FIRST, revision=1),
    ):
        assert await store.claim_and_charge(key, ME, ACCOUNT, one_more) == Claimed(moved_on=True)
    assert await failures(store) == 0


async def test_a_claim_of_an_earlier_revision_keeps_nobody_out(store: Store) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)
    await store.commit(a_hop(an_instance(revision=2)))

    assert isinstance(await store.claim_and_charge(step(2), YOU, ACCOUNT, one_more), Charged)


async def test_of_many_claims_one_holds_and_one_is_charged(store: Store) -> None:
    answers = await asyncio.gather(
        *(store.claim_and_charge(STEP, HopId(f"h{n}"), ACCOUNT, one_more) for n in range(64))
    )

    assert sum(isinstance(answer, Charged) for answer in answers) == 1
    assert answers.count(Claimed()) == 63
    assert await failures(store) == 1


async def test_many_guesses_at_many_instances_never_pass_the_cap(store: Store) -> None:
    ids = [InstanceId(f"{n:026}") for n in range(1, 41)]
    for id in ids:
        await store.commit(a_hop(an_instance(id=id)))

    answers = await asyncio.gather(
        *(
            store.claim_and_charge(
                ClaimKey(tenant=MAIN_TENANT, instance=id, revision=1),
                HopId(id),
                ACCOUNT,
                capped_at(5),
            )
            for id in ids
        )
    )

    assert sum(isinstance(answer, Charged) for answer in answers) == 5
    assert answers.count(Capped()) == 35
    assert await failures(store) == 5


async def test_a_verdict_commits_under_its_claim_and_drops_it(store: Store) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    verdict = await store.commit(a_hop(an_instance(revision=2), id=ME, staged=MINE))
    again = await store.claim_and_charge(step(2), YOU, ACCOUNT, one_more)

    assert verdict == Committed()
    assert isinstance(again, Charged)


async def test_a_verdict_without_a_claim_is_refused(store: Store) -> None:
    verdict = await store.commit(a_hop(an_instance(revision=2), id=ME, staged=MINE))

    assert verdict == Conflict(what="claim")
    assert (await store.load(MAIN_TENANT, FIRST)).instance.revision == 1


async def test_a_verdict_whose_claim_was_taken_over_is_refused(
    store: Store, clock: FrozenClock
) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)
    clock.move(timedelta(seconds=11))
    await store.claim_and_charge(STEP, YOU, ACCOUNT, one_more)

    mine = await store.commit(a_hop(an_instance(revision=2), id=ME, staged=MINE))
    yours = await store.commit(a_hop(an_instance(revision=2), id=YOU, staged=MINE))

    assert (mine, yours) == (Conflict(what="claim"), Committed())


async def test_a_verdict_that_comes_late_counts_while_nobody_else_has_claimed(
    store: Store, clock: FrozenClock
) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)
    clock.move(timedelta(minutes=1))

    assert await store.commit(a_hop(an_instance(revision=2), id=ME, staged=MINE)) == Committed()


async def test_a_refused_verdict_keeps_its_claim(store: Store) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    late = await store.commit(a_hop(an_instance(revision=3), id=ME, staged=MINE))

    assert late == Conflict(what="revision")
    assert await store.claim_and_charge(STEP, YOU, ACCOUNT, one_more) == Claimed()


async def test_a_success_resets_the_account_in_its_own_commit(store: Store) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)
    unit = Staged(resets=(ACCOUNT,), owned=True)

    await store.commit(a_hop(an_instance(revision=2), id=ME, staged=unit))

    assert await failures(store) == 0


async def test_a_refused_hop_resets_nothing(store: Store) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    await store.commit(a_hop(an_instance(revision=3), staged=Staged(resets=(ACCOUNT,))))

    assert await failures(store) == 1


async def test_a_recovery_resets_the_account_of_its_own_tenant(store: Store) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    await store.write(OTHER_TENANT, Staged(resets=(ACCOUNT,)))
    untouched = await failures(store)
    await store.write(MAIN_TENANT, Staged(resets=(ACCOUNT,)))

    assert (untouched, await failures(store)) == (1, 0)


async def test_the_ledgers_of_tenants_are_apart(store: Store) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    assert await store.attempts(OTHER_TENANT, ACCOUNT) is None


def minutes(count: int) -> datetime:
    return NOON + timedelta(minutes=count)


def waiting(
    number: int, due: datetime | None = None, expires: datetime | None = None, **changes: object
) -> ProcessInstance:
    screen = Screen(step_id="ask.1", screen_id="ask")
    wait = Wait(node=NodeId("ask"), visit=1, screen=screen, since=NOON, due=due, expires=expires)
    return an_instance(id=InstanceId(f"{number:026}"), wait=wait, **changes)


async def due(store: Store, limit: int = 100) -> list[str]:
    return [row.instance.lstrip("0") for row in await store.due(limit)]


async def test_nothing_is_due_before_its_time(store: Store, clock: FrozenClock) -> None:
    await store.commit(a_hop(waiting(1, due=minutes(5))))

    clock.move(timedelta(minutes=5, microseconds=-1))
    before = await due(store)
    clock.move(timedelta(microseconds=1))

    assert (before, await due(store)) == ([], ["1"])


async def test_what_is_due_comes_longest_due_first(store: Store, clock: FrozenClock) -> None:
    for instance in (
        waiting(1, due=minutes(7)),
        waiting(2, expires=minutes(6)),
        waiting(3, due=minutes(9), expires=minutes(5)),
        waiting(4, due=minutes(4), expires=minutes(8)),
        waiting(5, due=minutes(20)),
        waiting(6, due=minutes(30), deadline=minutes(3)),
    ):
        await store.commit(a_hop(instance))
    clock.move(timedelta(minutes=10))

    everything, first = await due(store), await due(store, limit=2)

    assert everything == ["6", "4", "3", "2", "1"]
    assert first == ["6", "4"]


async def test_an_instance_is_due_once_however_much_of_it_is(
    store: Store, clock: FrozenClock
) -> None:
    await store.commit(a_hop(waiting(1, due=minutes(5), deadline=minutes(4))))
    clock.move(timedelta(minutes=30))

    assert await due(store) == ["1"]


async def test_an_instance_without_a_wait_is_due_at_its_deadline(
    store: Store, clock: FrozenClock
) -> None:
    clock.move(timedelta(hours=1))

    assert await store.due(10) == [Due(tenant=MAIN_TENANT, instance=FIRST)]


async def test_a_wait_that_has_ended_is_not_due(store: Store, clock: FrozenClock) -> None:
    await store.commit(a_hop(waiting(1, due=minutes(5))))
    await store.commit(a_hop(an_instance(id=InstanceId(f"{1:026}"), revision=2)))
    clock.move(timedelta(minutes=6))

    assert await due(store) == []


async def test_a_wait_that_was_extended_is_due_later(store: Store, clock: FrozenClock) -> None:
    await store.commit(a_hop(waiting(1, due=minutes(5))))
    await store.commit(a_hop(waiting(1, due=minutes(10), revision=2)))
    clock.move(timedelta(minutes=6))
    early = await due(store)
    clock.move(timedelta(minutes=4))

    assert (early, await due(store)) == ([], ["1"])


@pytest.mark.parametrize("status", ["COMPLETED_ENDED_SUCCESS", "COMPLETED_TERMINATED", "REVIEW"])
async def test_nothing_is_due_once_it_is_over(
    store: Store, clock: FrozenClock, status: str
) -> None:
    await store.commit(a_hop(waiting(1, due=minutes(5))))
    over = waiting(1, due=minutes(5), revision=2, status=status, ended_at=NOON)
    await store.commit(a_hop(over))
    clock.move(timedelta(minutes=59))

    assert await due(store) == []


async def test_the_due_work_of_every_tenant_is_given(store: Store, clock: FrozenClock) -> None:
    await store.commit(a_hop(waiting(1, due=minutes(5), tenant=OTHER_TENANT)))
    clock.move(timedelta(minutes=6))

    assert await store.due(9) == [Due(tenant=OTHER_TENANT, instance=InstanceId(f"{1:026}"))]


async def test_accounts_are_forgotten_by_their_name_and_their_last_charge(
    store: Store, clock: FrozenClock
) -> None:
    old, new = AccountKey("unknown:a"), AccountKey("unknown:b")
    for revision, account in enumerate((ACCOUNT, old), start=1):
        await store.claim_and_charge(step(revision), ME, account, one_more)
        await store.commit(a_hop(an_instance(revision=revision + 1)))
    clock.move(timedelta(days=1))
    await store.claim_and_charge(step(3), ME, new, one_more)

    await store.forget_accounts("unknown:", clock.now())

    assert [await failures(store, account) for account in (ACCOUNT, old, new)] == [1, 0, 1]
    await store.forget_accounts("unknown:", clock.now() + timedelta(microseconds=1))
    assert [await failures(store, account) for account in (ACCOUNT, old, new)] == [1, 0, 0]


async def test_forgetting_nobody_changes_nothing(store: Store) -> None:
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)

    await store.forget_accounts("unknown:", NOON + timedelta(days=1))
    await store.forget_accounts("user:u11", NOON + timedelta(days=1))

    assert await failures(store) == 1


async def test_an_account_is_charged_without_a_step(store: Store) -> None:
    charges = [await store.charge(MAIN_TENANT, ACCOUNT, capped_at(2)) for _ in range(3)]

    assert [type(one) for one in charges] == [Charged, Charged, Capped]
    assert await failures(store) == 2
    assert await store.attempts(OTHER_TENANT, ACCOUNT) is None


async def test_charges_at_once_are_all_counted_and_never_past_the_cap(store: Store) -> None:
    async def charged() -> bool:
        return isinstance(await store.charge(MAIN_TENANT, ACCOUNT, capped_at(7)), Charged)

    answers = await asyncio.gather(*(charged() for _ in range(20)))

    assert sum(answers) == 7
    assert await failures(store) == 7


async def test_a_charge_without_a_step_and_one_with_it_are_one_account(store: Store) -> None:
    await store.charge(MAIN_TENANT, ACCOUNT, one_more)
    await store.claim_and_charge(STEP, ME, ACCOUNT, one_more)
    await store.charge(MAIN_TENANT, ACCOUNT, one_more)

    assert await failures(store) == 3
