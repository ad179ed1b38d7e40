"""Attempts and their verification: who gets in, what is counted, what is left behind."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from engine.errors import Busy, Contended
from engine.identity.attempts import LockRules, charging, unknown_account, user_account
from engine.identity.authentication import Begun, Missing, begin, verify
from engine.identity.users import lock
from engine.model.names import MAIN_TENANT
from engine.ports.store import AuditQuery, Charged, Committed
from engine.records.identity import IdentityStore, Passcode, User, use_key
from engine.records.record import Version
from engine.secret import Secret
from engine.testing import CheapPool, SeededVault
from tests.identity.world import RIGHT, WRONG, World

DAY = timedelta(days=1)


async def kept(world: World, user: User) -> User:
    found = await world.store.get(MAIN_TENANT, User, user.id)
    assert found is not None
    return found


async def changed(world: World, user: User, **facts: object) -> None:
    unit = world.unit()
    unit.put(replace(user, **facts), Version(number=user.version))
    assert await world.write(unit) == Committed()


def test_the_right_passcode_is_right_and_a_wrong_one_is_not() -> None:
    async def story() -> tuple[bool, bool]:
        world = World()
        await world.user(await world.customers(), "ana")
        return await world.tries("ana", WRONG), await world.tries("ana", RIGHT)

    assert asyncio.run(story()) == (False, True)


def test_the_same_characters_written_otherwise_are_the_same_passcode() -> None:
    async def story() -> bool:
        world = World()
        await world.user(await world.customers(), "ana", "caf\u00e9-river-zebra-tulip")
        return await world.tries("ana", "cafe\u0301-river-zebra-tulip")

    assert asyncio.run(story())


def test_a_known_and_an_unknown_user_begin_alike() -> None:
    async def story() -> tuple[Begun | Missing, Begun | Missing, Begun | Missing]:
        world = World()
        store = await world.customers()
        ana = await world.user(store, "ana")
        unit, vault = world.unit(), world.vault
        return (
            await begin(unit, vault, "customers", policy="default", user_id=None, ext_id="ana"),
            await begin(unit, vault, "customers", policy="default", user_id=None, ext_id="bob"),
            await begin(unit, vault, "customers", policy="default", user_id=ana.id, ext_id=None),
        )

    known, unknown, by_id = asyncio.run(story())

    assert isinstance(known, Begun)
    assert isinstance(unknown, Begun)
    assert isinstance(by_id, Begun)
    assert known.attempt == by_id.attempt
    assert known.user.keys() == unknown.user.keys()
    assert {**known.user, "id": "", "extId": ""} == {**unknown.user, "id": "", "extId": ""}
    assert len(unknown.attempt.user) == len(known.attempt.user) == 26
    assert unknown.attempt.user.isalnum()


def test_an_unknown_identifier_is_the_same_stranger_each_time() -> None:
    async def story() -> list[str]:
        world = World()
        await world.customers()
        first = await world.begun(ext_id="bob")
        again = await world.begun(ext_id="bob")
        by_id = await world.begun(user_id=first.user)
        other = await world.begun(ext_id="eve")
        return [first.user, again.user, by_id.user, other.user]

    first, again, by_id, other = asyncio.run(story())

    assert first == again == by_id != other


def test_an_attempt_under_nothing_says_what_is_missing() -> None:
    async def story() -> list[Begun | Missing]:
        world = World()
        await world.customers()
        unit, vault = world.unit(), world.vault
        return [
            await begin(unit, vault, "staff", policy="default", user_id="x", ext_id=None),
            await begin(unit, vault, "customers", policy="pin", user_id="x", ext_id=None),
        ]

    assert asyncio.run(story()) == [Missing(what="store"), Missing(what="policy")]


def test_a_user_of_another_store_is_a_stranger() -> None:
    async def story() -> bool:
        world = World()
        store = await world.customers()
        ana = await world.user(store, "ana")
        await changed(world, await kept(world, ana), store="staff")
        attempt = await world.begun(user_id=ana.id)
        proven = await verify(await world.verifier(world.unit()), attempt, Secret(RIGHT))
        return proven is not None

    assert not asyncio.run(story())


def test_a_success_resets_the_counter_and_proves_the_user() -> None:
    async def story() -> tuple[User, object, object]:
        world = World()
        store = await world.customers()
        ana = await world.user(store, "ana")
        await changed(world, ana, status="PENDING_ACTIVE")
        for _ in range(5):
            await world.tries("ana", WRONG)
        before = await world.ledger(user_account(ana.id))
        world.clock.move(timedelta(minutes=1))
        assert await world.tries("ana", RIGHT)
        return await kept(world, ana), before, await world.ledger(user_account(ana.id))

    ana, before, after = asyncio.run(story())

    assert before is not None
    assert after is None
    assert ana.status == "ACTIVE"
    assert ana.authenticated_at is not None
    assert ana.authenticated_at > ana.created_at
    assert ana.lock_count == 0


def test_a_success_after_waits_counts_them_and_is_an_unlock() -> None:
    async def story() -> tuple[User, list[str]]:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        for _ in range(7):
            await world.tries("ana", WRONG)
            world.clock.move(timedelta(minutes=10))
        assert await world.tries("ana", RIGHT)
        page = await world.store.audit(MAIN_TENANT, AuditQuery(subject=f"account:user:{ana.id}"))
        return await kept(world, ana), sorted({row.action for row in page.rows})

    ana, actions = asyncio.run(story())

    assert ana.lock_count == 2
    assert actions == ["attempt.failed", "attempt.lock", "attempt.unlock"]


def test_sixty_four_tries_against_a_locked_account_all_fail_and_are_written_down() -> None:
    async def story() -> tuple[list[bool], int, int, int]:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        for _ in range(6):
            await world.tries("ana", WRONG)
        world.pool.verified.clear()
        tries = [await world.tries("ana", RIGHT) for _ in range(64)]
        page = await world.store.audit(MAIN_TENANT, AuditQuery(action="attempt.limit"))
        row = await world.ledger(user_account(ana.id))
        assert row is not None
        real = [record for record in world.pool.verified if record != world.pool.dummy]
        return tries, page.total, row.failures, len(real)

    tries, limits, failures, real = asyncio.run(story())

    assert tries == [False] * 64
    assert limits == 64
    assert failures == 6
    assert real == 0


def test_a_wait_ends_by_time() -> None:
    async def story() -> tuple[bool, bool]:
        world = World()
        await world.user(await world.customers(), "ana")
        for _ in range(6):
            await world.tries("ana", WRONG)
        at_once = await world.tries("ana", RIGHT)
        world.clock.move(timedelta(seconds=30))
        return at_once, await world.tries("ana", RIGHT)

    assert asyncio.run(story()) == (False, True)


def test_a_temporary_lock_ends_by_time_and_a_lock_does_not() -> None:
    async def story() -> list[bool]:
        world = World()
        store = await world.customers()
        for name, until in (("ana", world.clock.now() + DAY), ("bob", None)):
            unit = world.unit()
            lock(unit, world.actor, await world.user(store, name), until=until)
            await world.write(unit)
        early = [await world.tries(name, RIGHT) for name in ("ana", "bob")]
        world.clock.move(DAY)
        return early + [await world.tries(name, RIGHT) for name in ("ana", "bob")]

    assert asyncio.run(story()) == [False, False, True, False]


def test_unknown_identifiers_wait_as_known_ones_do() -> None:
    async def story() -> tuple[list[bool], int]:
        world = World()
        await world.customers()
        tries = [await world.tries("nobody", WRONG) for _ in range(8)]
        stranger = await world.begun(ext_id="nobody")
        row = await world.ledger(unknown_account(world.vault, "customers", stranger.user))
        assert row is not None
        return tries, row.failures

    assert asyncio.run(story()) == ([False] * 8, 6)


def test_parallel_guesses_never_pass_the_cap() -> None:
    async def story() -> tuple[int, int]:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        world.pool.verified.clear()
        await asyncio.gather(*(world.tries("ana", f"{WRONG}{n}") for n in range(200)))
        row = await world.ledger(user_account(ana.id))
        assert row is not None
        real = [record for record in world.pool.verified if record != world.pool.dummy]
        return len(real), row.failures

    assert asyncio.run(story()) == (6, 6)


def test_one_step_is_verified_once_however_many_ask() -> None:
    async def story() -> tuple[int, int, int]:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        attempt, step = await world.begun(ext_id="ana"), await world.step()
        world.pool.verified.clear()
        verifiers = [await world.verifier(world.unit(), step) for _ in range(64)]
        told = await asyncio.gather(
            *(verify(one, attempt, Secret(f"{WRONG}{n}")) for n, one in enumerate(verifiers)),
            return_exceptions=True,
        )
        row = await world.ledger(user_account(ana.id))
        assert row is not None
        contended = sum(isinstance(answer, Contended) for answer in told)
        return contended, len(world.pool.verified), row.failures

    assert asyncio.run(story()) == (63, 1, 1)


def test_the_same_hop_run_again_is_not_charged_twice() -> None:
    async def story() -> tuple[bool, int]:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        attempt = await world.begun(ext_id="ana")
        verifier = await world.verifier(world.unit())
        await verify(verifier, attempt, Secret(RIGHT))
        again = await verify(verifier, attempt, Secret(RIGHT)) is not None
        row = await world.ledger(user_account(ana.id))
        assert row is not None
        return again, row.failures

    assert asyncio.run(story()) == (True, 1)


def test_a_hop_run_again_after_another_success_still_succeeds() -> None:
    async def story() -> tuple[bool, bool]:
        world = World()
        await world.user(await world.customers(), "ana")
        attempt = await world.begun(ext_id="ana")
        slower = await world.verifier(world.unit())
        await verify(slower, attempt, Secret(RIGHT))
        faster = await world.tries("ana", RIGHT)
        return faster, await verify(slower, attempt, Secret(RIGHT)) is not None

    assert asyncio.run(story()) == (True, True)


def test_a_full_pool_charges_nothing() -> None:
    async def story() -> object:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        attempt = await world.begun(ext_id="ana")
        verifier = await world.verifier(world.unit())
        world.pool.free = 0
        with pytest.raises(Busy):
            await verify(verifier, attempt, Secret(RIGHT))
        return await world.ledger(user_account(ana.id))

    assert asyncio.run(story()) is None


def test_an_old_record_is_made_anew_only_after_a_success() -> None:
    async def story() -> tuple[str, str, str, list[str]]:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        use = use_key(ana.id, "default")

        async def record() -> str:
            row = await world.store.find(MAIN_TENANT, Passcode, "by_use", use)
            assert row is not None
            return row.hash

        first = await record()
        world.vault = SeededVault(2)
        world.pool = CheapPool(world.vault, calls=world.calls)
        world.calls.clear()
        await world.tries("ana", WRONG)
        after_failure = await record()
        assert "hash" not in world.calls
        assert await world.tries("ana", RIGHT)
        assert await world.tries("ana", RIGHT)
        return first, after_failure, await record(), world.calls

    first, after_failure, after_success, calls = asyncio.run(story())

    assert first == after_failure != after_success
    assert "k2-test" in after_success
    assert calls.count("hash") == 1


def test_a_pool_that_fills_up_does_not_spoil_a_success() -> None:
    class OnePlace(CheapPool):
        def is_old(self, stored: str) -> bool:
            self.free = 0
            return True

    async def story() -> bool:
        world = World()
        await world.user(await world.customers(), "ana")
        world.pool = OnePlace(world.vault)
        return await world.tries("ana", RIGHT)

    assert asyncio.run(story())


def test_digits_alone_are_guessed_ten_times_and_other_passcodes_stay_open() -> None:
    async def story() -> tuple[list[bool], bool]:
        world = World()
        store = await world.customers()
        ana = await world.user(store, "ana", "582943", policy="pin")
        await world.registers(ana, RIGHT, policy=await world.policy(store, "default"))
        for number in range(10):
            await world.tries("ana", f"17493{number}", policy="pin")
            world.clock.move(timedelta(hours=2))
        return [await world.tries("ana", "582943", policy="pin")], await world.tries("ana", RIGHT)

    assert asyncio.run(story()) == ([False], True)


def test_a_stores_own_limit_holds_an_account_sooner() -> None:
    async def story() -> list[bool]:
        world = World()
        store = await world.customers()
        unit = world.unit()
        unit.put(
            replace(store, max_failed_attempts=2, temp_lock=timedelta(minutes=10)),
            Version(number=store.version),
        )
        await world.write(unit)
        await world.user(store, "ana")
        tries = [await world.tries("ana", passcode) for passcode in (WRONG, WRONG, RIGHT)]
        world.clock.move(timedelta(minutes=10))
        return [*tries, await world.tries("ana", RIGHT)]

    assert asyncio.run(story()) == [False, False, False, True]


def test_fifty_failures_are_told_to_operators_as_disabled() -> None:
    async def story() -> tuple[bool, int]:
        world = World()
        ana = await world.user(await world.customers(), "ana")
        account, rules = user_account(ana.id), LockRules()
        for _ in range(49):
            step, owner = await world.step(), (await world.verifier(world.unit())).owner
            told = await world.store.claim_and_charge(step, owner, account, charging(rules))
            assert isinstance(told, Charged)
            world.clock.move(timedelta(hours=1))
        await world.tries("ana", WRONG)
        world.clock.move(timedelta(days=1000))
        right = await world.tries("ana", RIGHT)
        page = await world.store.audit(MAIN_TENANT, AuditQuery(action="attempt.disable"))
        return right, page.total

    assert asyncio.run(story()) == (False, 1)


def test_a_store_that_is_gone_lets_nobody_in() -> None:
    async def story() -> bool:
        world = World()
        await world.user(await world.customers(), "ana")
        attempt = await world.begun(ext_id="ana")
        unit = world.unit()
        store = await unit.get(IdentityStore, "customers")
        assert store is not None
        unit.delete(store)
        await world.write(unit)
        proven = await verify(await world.verifier(world.unit()), attempt, Secret(RIGHT))
        return proven is not None

    assert not asyncio.run(story())
