"""Locked out and let back in: the shipped journeys with an operator, on each store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from engine.adapters.memory import MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.identity.policies import policy_id
from engine.identity.users import by_ext_id, set_status
from engine.model.names import MAIN_TENANT, JsonObject
from engine.ports.store import AuditQuery, Committed, Store
from engine.records.identity import PasscodePolicy, User, UserStatus
from engine.records.record import Version
from engine.run.current import Current
from engine.run.entry.answers import Begun, Refusal, Returning
from engine.run.oversight.supervision import Deed
from engine.run.unit import Unit
from engine.testing import FrozenClock
from tests.bench import RIGHT, ROOT, WRONG, Bench, bench, ref
from tests.run.test_choosing import chooses, presses, words

Story = Callable[[Bench], Awaitable[None]]
Tell = Callable[[Story], None]
FRESH: Final = "harbour pencil walnut eleven"
THIRD: Final = "copper lagoon thirteen bicycles"
LOCKING: Final = "sign-in-with-lock"
HELP: Final = {"identifier": "ines.carvalho", "email": "ines@example.org"}


@pytest.fixture(params=["memory", "sqlite"])
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Tell:
    """Run a story in a house with ines and both journeys, on each store."""

    async def told(story: Story) -> None:
        clock = FrozenClock()
        store: Store = (
            MemoryStore(clock)
            if request.param == "memory"
            else await SqliteStore.open(tmp_path / "store.db", clock=clock)
        )
        house = bench(store, clock)
        for name in (LOCKING, "sign-in"):
            await house.deploy(shipped=name)
        await house.user()
        try:
            await story(house)
        finally:
            await store.close()

    return lambda story: asyncio.run(told(story))


async def begin(house: Bench, process: str = LOCKING) -> Begun:
    given: JsonObject = {} if process == "sign-in" else {"userExternalId": "ines.carvalho"}
    return await house.begin((await house.link(process, given)).secret)


async def fails(house: Bench, begun: Begun, times: int = 3) -> None:
    for _ in range(times):
        await house.answer(begun, passcode=WRONG)


async def act(house: Bench, begun: Begun, deed: Deed) -> Current:
    return await house.supervisor.act(ref(begun), deed, house.actor(), "called back")


async def comes_back(house: Bench, begun: Begun) -> Begun:
    """Open the link that the operator sends."""
    value = await house.supervisor.resume_value(ref(begun), house.actor())
    assert value is not None
    landing = await house.visits.returning(MAIN_TENANT, begun.instance, value)
    assert isinstance(landing, Returning)
    back = await house.visits.resume(
        MAIN_TENANT, begun.instance, value, begin_key=landing.begin_key
    )
    assert not isinstance(back, Refusal)
    return back


async def ines(house: Bench) -> User:
    found = await by_ext_id(Unit(house.store, MAIN_TENANT), "customers", "ines.carvalho")
    assert found is not None
    return found


async def signs_in(house: Bench, passcode: str) -> bool:
    begun = await begin(house, "sign-in")
    found = await house.answer(begun, identifier="ines.carvalho", passcode=passcode)
    assert isinstance(found, Current)
    return found.instance.status == "COMPLETED_ENDED_SUCCESS"


def test_too_many_tries_lock_and_an_accepted_one_chooses_anew_and_signs_in(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        begun = await begin(house)

        await fails(house, begun)
        locked, waits = await ines(house), (await house.at(begun)).instance.status
        shut_out = not await signs_in(house, RIGHT)
        await act(house, begun, "accept")
        back = await comes_back(house, begun)
        saved = await chooses(house, back, FRESH)
        now = await house.answer(back, passcode=FRESH)

        assert (locked.status, waits) == ("TEMP_LOCKED", "REVIEW")
        assert shut_out
        assert words(saved) == ["passcode.saved"]
        assert saved.instance.status == "ACTIVE", "choosing one signs nobody in (A6)"
        assert isinstance(now, Current)
        assert now.instance.status == "COMPLETED_ENDED_SUCCESS"
        assert (await ines(house)).status == "ACTIVE"
        assert await signs_in(house, FRESH)
        assert not await signs_in(house, RIGHT)

    tell(story)


def test_the_lock_ends_by_itself_where_nobody_chooses_anew(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await fails(house, await begin(house))

        house.wait(hours=24)

        assert await signs_in(house, RIGHT)

    tell(story)


def test_a_declined_one_stays_out(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        begun = await begin(house)
        await fails(house, begun)

        now = await act(house, begun, "decline")

        assert now.instance.status == "COMPLETED_ENDED_ERROR"
        assert now.instance.node == "refused"
        assert (await ines(house)).status == "TEMP_LOCKED"

    tell(story)


def test_a_link_that_nobody_uses_can_be_asked_for_again(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        begun = await begin(house)
        await presses(house, begun, "forgot")
        await act(house, begun, "accept")

        house.wait(days=1)
        late = (await house.at(begun)).instance.node
        await presses(house, begun, "resend")
        again = (await house.at(begun)).instance.status
        await act(house, begun, "accept")
        back = await comes_back(house, begun)

        assert (late, again) == ("recover.unused", "REVIEW")
        assert (await house.at(back)).instance.node == "recover.choose"

    tell(story)


def test_what_was_used_before_is_not_taken_again(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        unit = Unit(house.store, MAIN_TENANT)
        row = await unit.get(PasscodePolicy, policy_id("customers", "default"))
        assert row is not None
        unit.put(replace(row, history_size=2), Version(number=row.version))
        assert await house.store.write(MAIN_TENANT, unit.staged()) == Committed()
        for fresh in (FRESH, THIRD):
            begun = await begin(house)
            await presses(house, begun, "forgot")
            await act(house, begun, "accept")
            back = await comes_back(house, begun)
            await chooses(house, back, fresh)
        begun = await begin(house)
        await presses(house, begun, "forgot")
        await act(house, begun, "accept")
        back = await comes_back(house, begun)

        for used in (THIRD, FRESH, RIGHT, "passwordpassword"):
            now = await chooses(house, back, used)
            told = "passcode.common" if used.startswith("password") else "passcode.used"
            assert words(now)[0] == told
        now = await chooses(house, back, THIRD)

        assert now.instance.status == "COMPLETED_ENDED_ERROR", "the fifth is the last"

    tell(story)


@pytest.mark.parametrize(("before", "after"), [("DISABLED", "DISABLED"), ("LOCKED", "ACTIVE")])
def test_a_new_passcode_ends_locks_and_enables_nobody(
    tell: Tell, before: UserStatus, after: UserStatus
) -> None:
    async def story(house: Bench) -> None:
        begun = await begin(house)
        await presses(house, begun, "forgot")
        await act(house, begun, "accept")
        unit = Unit(house.store, MAIN_TENANT)
        set_status(unit, house.actor(), await ines(house), before)
        assert await house.store.write(MAIN_TENANT, unit.staged()) == Committed()

        await chooses(house, await comes_back(house, begun), FRESH)

        assert (await ines(house)).status == after
        assert await signs_in(house, FRESH) == (after == "ACTIVE")

    tell(story)


def test_failed_tries_are_counted_anew_after_recovery(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        for _ in range(2):  # six failures: a wait has begun
            await fails(house, await begin(house))
        begun = await begin(house)
        await presses(house, begun, "forgot")
        await act(house, begun, "accept")

        await chooses(house, await comes_back(house, begun), FRESH)

        assert await signs_in(house, FRESH)
        rows = (await house.store.audit(MAIN_TENANT, AuditQuery(size=200))).rows
        done = [row.action for row in rows]
        assert done.count("user.lock") == 2
        assert done.count("user.unlock") == 1
        assert done.count("passcode.renew") == 1

    tell(story)


def test_who_asks_for_help_under_any_name_waits_alike(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        seen = []
        for name in ("ines.carvalho", "nobody.at.all"):
            begun = await begin(house, "sign-in")
            await presses(house, begun, "forgot")
            await house.answer(begun, **{**HELP, "identifier": name})
            now = (await house.at(begun)).instance
            seen.append((now.status, now.node, now.keys.keys(), now.checks))

        assert seen[0] == seen[1]
        assert seen[0][:2] == ("REVIEW", "recover.wait")

    tell(story)


def test_an_accepted_stranger_is_refused_and_an_accepted_user_chooses(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        visits, nodes = [], []
        for name in ("nobody.at.all", "ines.carvalho"):
            begun = await begin(house, "sign-in")
            await presses(house, begun, "forgot")
            await house.answer(begun, **{**HELP, "identifier": name})
            nodes.append((await act(house, begun, "accept")).instance.node)
            visits.append(begun)
        back = await comes_back(house, visits[1])
        await chooses(house, back, FRESH)
        now = await house.answer(back, identifier="ines.carvalho", passcode=FRESH)

        assert nodes == ["refused", "recover.away"]
        assert isinstance(now, Current)
        assert now.instance.status == "COMPLETED_ENDED_SUCCESS"

    tell(story)


DECLINED_AND_YET: Final = (
    (ROOT / "definitions/passcode-recovery.yaml")
    .read_text("utf-8")
    .replace("      - to: refused\n\n  find", "      - to: find\n\n  find")
)


def test_a_definition_that_goes_on_after_a_decline_is_held() -> None:
    async def story() -> Current:
        clock = FrozenClock()
        house = bench(MemoryStore(clock), clock)
        text = DECLINED_AND_YET.replace("type: part", "type: authentication\nmaxDuration: P7D")
        for parameter in ("storeName", "passcodeKey"):
            value = {"storeName": "customers", "passcodeKey": "default"}[parameter]
            text = text.replace(f'"${{_initVars.{parameter}}}"', value)
        text = text.replace("activity: End\n", "activity: End\n    result: FAIL\n")
        await house.deploy(text)
        await house.user()
        begun = await house.begin((await house.link("passcode-recovery")).secret)
        await act(house, begun, "decline")
        await comes_back(house, begun)
        return await house.at(begun)

    held = asyncio.run(story()).instance

    assert held.is_held
    assert held.incident is not None
    assert "accepted" in held.incident.reason


def test_a_recovery_without_a_review_does_not_compile() -> None:
    async def story() -> None:
        clock = FrozenClock()
        house = bench(MemoryStore(clock), clock)
        with pytest.raises(AssertionError, match="review1"):
            await house.deploy(UNREVIEWED)

    asyncio.run(story())


UNREVIEWED: Final = """\
process: unreviewed
version: 1
title: Unreviewed
languages: [en]
maxDuration: PT1H
parameters:
  who: {type: string, required: true}
flow:
  start:
    activity: Start
    next: find
  find:
    activity: Get User
    inputs: {storeName: customers, userExternalId: "${_initVars.who}"}
    errors: {UserNotFound: end}
    next: begin
  begin:
    activity: Start Passcode Recovery
    inputs: {storeName: customers, passcodePolicy: default}
    next: end
  end:
    activity: End
    result: FAIL
"""
