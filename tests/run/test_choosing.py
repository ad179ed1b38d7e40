"""Registration and renewal, the shipped definitions whole, on the memory store and on SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.adapters.memory import MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.identity.passcodes import registered
from engine.identity.policies import policy_id
from engine.identity.users import by_ext_id
from engine.model.instance import Status
from engine.model.names import MAIN_TENANT
from engine.model.problem import Message
from engine.model.screen import TextPanel
from engine.ports.store import AuditQuery, Committed, PageQuery, Store
from engine.records.identity import Passcode, PasscodePolicy, User
from engine.records.record import Version
from engine.run.current import Current, Invalid
from engine.run.entry.answers import Begun
from engine.run.unit import Unit
from engine.testing import FrozenClock
from tests.bench import RIGHT, WRONG, Bench, bench, ref

Story = Callable[[Bench], Awaitable[None]]
Tell = Callable[[Story], None]
FRESH = "harbour pencil walnut eleven"
THIRD = "copper lagoon thirteen bicycles"
REGISTRATION = "passcode-registration"
RENEWAL = "passcode-renewal"
SUCCESS: Status = "COMPLETED_ENDED_SUCCESS"
DECLINED: Status = "COMPLETED_ENDED_ERROR"


@pytest.fixture(params=["memory", "sqlite"])
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Tell:
    """Run a story in a house on each store."""

    async def told(story: Story) -> None:
        clock = FrozenClock()
        store: Store = (
            MemoryStore(clock)
            if request.param == "memory"
            else await SqliteStore.open(tmp_path / "store.db", clock=clock)
        )
        house = bench(store, clock)
        for name in (REGISTRATION, RENEWAL, "passcode-authentication"):
            await house.deploy(shipped=name)
        try:
            await story(house)
        finally:
            await store.close()

    return lambda story: asyncio.run(told(story))


async def begin(house: Bench, process: str) -> Begun:
    return await house.begin((await house.link(process)).secret)


async def chooses(house: Bench, begun: Begun, new: str, **more: str) -> Current:
    """Fill in a new passcode twice."""
    found = await house.answer(begun, **{"newPasscode": new, "confirmPasscode": new, **more})
    assert isinstance(found, Current), found
    return found


async def presses(house: Bench, begun: Begun, action: str) -> Current:
    """Press a button besides the main one."""
    now = await house.at(begun)
    assert now.instance.wait is not None
    return await house.loop.press(
        ref(begun), step=now.instance.wait.step, revision=now.instance.revision, action=action
    )


async def signs_in(house: Bench, passcode: str) -> bool:
    begun = await begin(house, "passcode-authentication")
    found = await house.answer(begun, passcode=passcode)
    assert isinstance(found, Current)
    return found.instance.status == SUCCESS


async def policy(house: Bench, **facts: object) -> None:
    """Change the default policy."""
    unit = Unit(house.store, MAIN_TENANT)
    row = await unit.get(PasscodePolicy, policy_id("customers", "default"))
    assert row is not None
    unit.put(replace(row, **facts), Version(number=row.version))
    assert await house.store.write(MAIN_TENANT, unit.staged()) == Committed()


async def rows_of(house: Bench, user: User) -> list[Passcode]:
    """Give all passcodes that are kept of a user, the newest first."""
    page = await house.store.page(MAIN_TENANT, Passcode, PageQuery(by="user", value=user.id))
    return sorted(page.rows, key=lambda row: -row.serial)


def words(current: Current) -> list[str]:
    """Give what stands above the form."""
    screen = current.instance.screen
    assert screen is not None
    texts = [panel.text for panel in screen.panels if isinstance(panel, TextPanel)]
    return [text.id for text in texts if isinstance(text, Message)]


def checks(current: Current) -> dict[str, str]:
    return {check.name: check.state for check in current.instance.checks}


def test_a_first_passcode_is_registered_and_signs_in(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        user = await house.user(passcode=None)
        begun = await begin(house, REGISTRATION)

        now = await chooses(house, begun, FRESH)

        assert now.instance.status == SUCCESS
        assert checks(now) == {"passcode": "PASS"}
        (row,) = await registered(house.store, MAIN_TENANT, user)
        assert (row.status, row.serial) == ("ACTIVE", 1)
        assert await signs_in(house, FRESH)
        assert not await signs_in(house, RIGHT)

    tell(story)


def test_registering_proves_nobody_and_unlocks_nobody(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        user = await house.user(passcode=None)
        begun = await begin(house, REGISTRATION)

        now = await chooses(house, begun, FRESH)

        kept = await house.store.get(MAIN_TENANT, User, user.id)
        assert kept == user
        assert now.instance.keys["user1"].state == "loaded"

    tell(story)


@pytest.mark.parametrize(
    ("new", "again", "field", "problem"),
    [
        ("short", "short", "newPasscode", "passcode.short"),
        ("x" * 257, "x" * 257, "newPasscode", "passcode.long"),
        (FRESH, FRESH + ".", "confirmPasscode", "passcode.differ"),
        (FRESH, FRESH.upper(), "confirmPasscode", "passcode.differ"),
    ],
)
def test_what_the_form_can_judge_is_no_try(
    tell: Tell, new: str, again: str, field: str, problem: str
) -> None:
    async def story(house: Bench) -> None:
        await house.user(passcode=None)
        begun = await begin(house, REGISTRATION)
        before = await house.at(begun)

        found = await house.answer(begun, newPasscode=new, confirmPasscode=again)

        assert isinstance(found, Invalid)
        told = {p.field: p.text.id for p in found.problems if isinstance(p.text, Message)}
        assert told[field] == problem
        assert (await house.at(begun)).instance == before.instance

    tell(story)


def test_the_same_characters_written_otherwise_are_the_same(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await house.user(passcode=None)
        begun = await begin(house, REGISTRATION)

        now = await house.answer(
            begun,
            newPasscode="caf\u00e9 pencil walnut eleven",
            confirmPasscode="cafe\u0301 pencil walnut eleven",
        )

        assert isinstance(now, Current)
        assert now.instance.status == SUCCESS

    tell(story)


def test_a_common_one_is_refused_with_its_words_and_another_is_taken(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await house.user(passcode=None)
        begun = await begin(house, REGISTRATION)
        hashes = house.pool.calls.count("hash")

        refused = await chooses(house, begun, "passwordpassword")

        assert words(refused) == ["passcode.common", "passcode.left"]
        assert checks(refused) == {"passcode": "OPEN"}
        assert not refused.has_failed  # no guess: the source is not charged
        assert house.pool.calls.count("hash") == hashes
        assert refused.instance.keys["passcodeReg1"].secrets == {}
        assert (await chooses(house, begun, FRESH)).instance.status == SUCCESS

    tell(story)


def test_a_policy_that_was_changed_meanwhile_says_what_it_asks(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await house.user(passcode=None)
        begun = await begin(house, REGISTRATION)
        await policy(house, min_length=40)

        refused = await chooses(house, begun, FRESH)

        screen = refused.instance.screen
        assert screen is not None
        assert screen.panels[0] == TextPanel(
            kind="error", text=Message(id="passcode.short", values={"min": "40"})
        )
        assert screen.form is not None
        assert screen.form.limits["newPasscode"].min_length == 40

    tell(story)


def test_the_fifth_refusal_is_the_last(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        user = await house.user(passcode=None)
        begun = await begin(house, REGISTRATION)

        for _ in range(4):
            await chooses(house, begun, "passwordpassword")
        now = await chooses(house, begun, "passwordpassword")

        assert now.instance.status == DECLINED
        assert checks(now) == {"passcode": "FAIL"}
        assert await rows_of(house, user) == []

    tell(story)


def test_leaving_the_form_registers_nothing(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        user = await house.user(passcode=None)
        begun = await begin(house, REGISTRATION)

        house.wait(minutes=10)

        assert (await house.at(begun)).instance.status == "COMPLETED_TERMINATED"
        assert await rows_of(house, user) == []

    tell(story)


INES = {"name": "Inês Carvalho", "email": "ines@example.org"}


async def kept(house: Bench) -> User | None:
    return await by_ext_id(Unit(house.store, MAIN_TENANT), "customers", "ines.carvalho")


def test_a_newcomer_is_added_with_what_they_typed_and_signs_in(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await house.user("somebody.else", passcode=None)
        begun = await begin(house, REGISTRATION)

        await house.answer(begun, **INES)
        before = await kept(house)
        await house.answer(begun)
        added = await kept(house)
        now = await chooses(house, begun, FRESH)

        assert before is None, "nothing is kept before they have looked at it once more"
        assert added is not None
        assert added.attributes == INES
        assert now.instance.status == SUCCESS
        assert await signs_in(house, FRESH)

    tell(story)


def test_who_goes_back_mends_what_they_typed(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await house.user("somebody.else", passcode=None)
        begun = await begin(house, REGISTRATION)

        await house.answer(begun, **INES)
        await presses(house, begun, "back")
        await house.answer(begun, **{**INES, "name": "Inês"})
        await house.answer(begun)

        added = await kept(house)
        assert added is not None
        assert added.attributes["name"] == "Inês"

    tell(story)


def test_of_two_windows_one_adds_and_both_go_on(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await house.user("somebody.else", passcode=None)
        one, other = await begin(house, REGISTRATION), await begin(house, REGISTRATION)
        for begun in (one, other):
            await house.answer(begun, **INES)

        await asyncio.gather(house.answer(one), house.answer(other))
        nodes = [(await house.at(begun)).instance.node for begun in (one, other)]
        await chooses(house, one, FRESH)
        late = await chooses(house, other, THIRD)

        assert nodes == ["choose", "choose"]
        assert late.instance.node == "change", "the passcode that is there is not overwritten"
        assert await signs_in(house, FRESH)

    tell(story)


@pytest.mark.parametrize("process", [REGISTRATION, RENEWAL])
def test_who_forgot_the_old_one_is_looked_at(tell: Tell, process: str) -> None:
    async def story(house: Bench) -> None:
        await house.user()
        begun = await begin(house, process)

        now = await presses(house, begun, "forgot")

        assert now.instance.status == "REVIEW"
        assert await signs_in(house, RIGHT)

    tell(story)


def test_who_has_a_passcode_renews_it_and_nobody_overwrites_it(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await house.user()
        begun = await begin(house, REGISTRATION)
        now = await house.at(begun)
        assert now.instance.screen is not None
        assert now.instance.screen.screen_id == "passcode-renewal"

        wrong = await chooses(house, begun, FRESH, passcode=WRONG)
        assert words(wrong) == ["passcode.confirm.failed", "passcode.left"]
        assert await signs_in(house, RIGHT)

        now = await chooses(house, begun, FRESH, passcode=RIGHT)
        assert now.instance.status == SUCCESS
        assert checks(now) == {"passcode": "PASS"}

    tell(story)


def test_of_two_windows_the_second_learns_that_there_is_one(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        user = await house.user(passcode=None)
        one, other = await begin(house, REGISTRATION), await begin(house, REGISTRATION)

        await chooses(house, one, FRESH)
        late = await chooses(house, other, THIRD)

        assert late.instance.screen is not None
        assert late.instance.screen.screen_id == "passcode-renewal"
        assert checks(late) == {"passcode": "OPEN"}
        assert [row.serial for row in await rows_of(house, user)] == [1]
        assert await signs_in(house, FRESH)

    tell(story)


def test_of_fifty_at_once_one_registers_and_none_breaks(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        user = await house.user(passcode=None)
        visits = [await begin(house, REGISTRATION) for _ in range(50)]

        found = await asyncio.gather(*(chooses(house, visit, FRESH) for visit in visits))

        assert [now.instance.status for now in found].count(SUCCESS) == 1
        assert {now.instance.incident for now in found} == {None}
        assert [row.serial for row in await rows_of(house, user)] == [1]

    tell(story)


def test_of_64_identical_answers_one_is_hashed(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await house.user(passcode=None)
        begun = await begin(house, REGISTRATION)
        before = house.pool.calls.count("hash")

        await asyncio.gather(*(chooses(house, begun, FRESH) for _ in range(64)))

        assert house.pool.calls.count("hash") - before == 1
        assert (await house.at(begun)).instance.status == SUCCESS

    tell(story)


def test_a_renewed_passcode_takes_the_place_of_the_old_one(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        user = await house.user()
        begun = await begin(house, RENEWAL)

        now = await chooses(house, begun, FRESH, passcode=RIGHT)

        assert now.instance.status == SUCCESS
        assert checks(now) == {"passcode-renewal/passcodeRenewal1": "PASS"}
        assert now.instance.keys["user1"].type == "ClaimedUser"  # nobody is signed in by it
        assert [row.serial for row in await rows_of(house, user)] == [2]
        assert not await signs_in(house, RIGHT)
        assert await signs_in(house, FRESH)

    tell(story)


def test_a_change_leaves_a_notice_without_the_value(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        user = await house.user()
        begun = await begin(house, RENEWAL)
        await chooses(house, begun, FRESH, passcode=RIGHT)

        page = await house.store.audit(MAIN_TENANT, AuditQuery(action="passcode.renew"))

        (row,) = page.rows
        assert row.facts["user"] == user.id
        assert row.actor == f"instance:{begun.instance}"
        assert FRESH not in repr(row)

    tell(story)


def test_a_wrong_old_one_tells_nothing_of_the_new_one(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await house.user()
        await policy(house, history_size=3)
        seen = []
        for new in (FRESH, "passwordpassword", RIGHT):
            begun = await begin(house, RENEWAL)
            now = await chooses(house, begun, new, passcode=WRONG)
            assert now.instance.wait is not None
            seen.append(
                (now.instance.wait.screen, checks(now), now.instance.variables["errorCode"])
            )

        assert seen[0] == seen[1] == seen[2]
        assert seen[0][2] == "FailedPasscodeRenewal"

    tell(story)


def test_an_unknown_user_walks_the_same_way(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await house.user()
        seen = []
        for name in ("ines.carvalho", "nobody"):
            link = await house.link(RENEWAL, {"userExternalId": name})
            begun = await house.begin(link.secret)
            now = await chooses(house, begun, FRESH, passcode=WRONG)
            assert now.instance.wait is not None
            seen.append((now.instance.wait.screen, checks(now), now.has_failed))

        assert seen[0] == seen[1]

    tell(story)


def test_failed_renewals_and_sign_ins_are_charged_to_one_account(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await house.user()
        begun = await begin(house, RENEWAL)
        for _ in range(4):
            await chooses(house, begun, FRESH, passcode=WRONG)
        for _ in range(2):
            assert not await signs_in(house, WRONG)

        assert not await signs_in(house, RIGHT)  # after six the account waits
        house.wait(minutes=1)
        assert await signs_in(house, RIGHT)

    tell(story)


def test_the_fifth_try_is_the_last_whatever_was_wrong(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await house.user()
        begun = await begin(house, RENEWAL)

        for passcode in (RIGHT, WRONG, RIGHT, WRONG):
            await chooses(house, begun, "passwordpassword", passcode=passcode)
        now = await chooses(house, begun, "passwordpassword", passcode=RIGHT)

        assert now.instance.status == DECLINED

    tell(story)


def test_a_new_one_that_is_the_old_one_is_refused_also_without_history(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        await house.user()
        begun = await begin(house, RENEWAL)

        now = await chooses(house, begun, RIGHT, passcode=RIGHT)

        assert words(now) == ["passcode.used", "passcode.left"]
        assert now.instance.variables["errorCode"] == "PasscodeUsedBefore"

    tell(story)


def test_as_many_earlier_ones_are_refused_as_the_policy_says(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        user = await house.user()
        await policy(house, history_size=2)
        chosen = [RIGHT, FRESH, THIRD, "violet ladder sixteen oranges"]
        for old, new in pairwise(chosen):
            begun = await begin(house, RENEWAL)
            assert (await chooses(house, begun, new, passcode=old)).instance.status == SUCCESS

        begun = await begin(house, RENEWAL)
        for used in (THIRD, FRESH):
            now = await chooses(house, begun, used, passcode=chosen[-1])
            assert words(now)[0] == "passcode.used"
        now = await chooses(house, begun, RIGHT, passcode=chosen[-1])

        assert now.instance.status == SUCCESS
        rows = await rows_of(house, user)
        assert [(row.serial, row.status) for row in rows] == [
            (5, "ACTIVE"), (4, "ARCHIVED"), (3, "ARCHIVED"),
        ]  # fmt: skip
        assert await registered(house.store, MAIN_TENANT, user) == (rows[0],)

    tell(story)


def test_a_shorter_history_forgets_what_it_kept(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        user = await house.user()
        chosen = [RIGHT, FRESH, THIRD, "violet ladder sixteen oranges"]
        await policy(house, history_size=5)
        for size, (old, new) in zip((5, 5, 0), pairwise(chosen), strict=True):
            await policy(house, history_size=size)
            begun = await begin(house, RENEWAL)
            assert (await chooses(house, begun, new, passcode=old)).instance.status == SUCCESS

        assert [row.serial for row in await rows_of(house, user)] == [4]

    tell(story)


@pytest.mark.parametrize(("days", "renewed"), [(39, True), (40, False)])
def test_an_expired_one_is_renewed_for_as_long_as_the_policy_says(
    tell: Tell, days: int, renewed: bool
) -> None:
    async def story(house: Bench) -> None:
        user = await house.user(passcode=None)
        await policy(
            house, validity=timedelta(days=30), renewable_for=timedelta(days=10), accept_risk=True
        )
        await chooses(house, await begin(house, REGISTRATION), FRESH)
        house.wait(days=days)
        assert not await signs_in(house, FRESH)

        begun = await begin(house, RENEWAL)
        now = await chooses(house, begun, THIRD, passcode=FRESH)

        assert (now.instance.status == SUCCESS) is renewed
        assert await signs_in(house, THIRD) is renewed
        if renewed:
            (row,) = await registered(house.store, MAIN_TENANT, user)
            assert row.expires_at == house.clock.now() + timedelta(days=30)
        else:
            assert words(now)[0] == "passcode.confirm.failed"

    tell(story)


def test_of_two_renewals_at_once_one_wins_and_the_other_proves_nothing(tell: Tell) -> None:
    async def story(house: Bench) -> None:
        user = await house.user()
        await policy(house, history_size=3)
        visits = [await begin(house, RENEWAL) for _ in range(2)]

        found = await asyncio.gather(
            chooses(house, visits[0], FRESH, passcode=RIGHT),
            chooses(house, visits[1], THIRD, passcode=RIGHT),
        )

        assert sorted(now.instance.status for now in found) == ["ACTIVE", SUCCESS]
        assert [row.serial for row in await rows_of(house, user)] == [2, 1]

    tell(story)
