"""Sign-in on one page: whoever is named, the whole hop does the same work (security B1 to B3)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import msgspec
import pytest
from msgspec.structs import replace as changed

import activities
from engine.activity import (
    Activity,
    Answer,
    Answered,
    Call,
    Ended,
    Passcodes,
    Users,
    Woken,
    done,
)
from engine.adapters.memory import MemoryStore
from engine.identity.users import by_ext_id, lock, set_status
from engine.model.names import FORM_DATA, MAIN_TENANT
from engine.ports.store import AuditQuery, Committed
from engine.records.identity import Passcode, use_key
from engine.records.record import Version
from engine.run.catalogue import Catalogue
from engine.run.current import Current
from engine.run.entry.answers import Begun
from engine.run.unit import Unit
from engine.testing import FrozenClock, recorded
from tests.bench import RIGHT, ROOT, WRONG, Bench, bench

CLASSES: Final = (
    "unknown user", "wrong passcode", "locked", "throttled", "expired", "none registered",
    "disabled user",
)  # fmt: skip
INES: Final = "ines.carvalho"
NOBODY: Final = "nobody.at.all"
"""As long as hers, so that what rests can be compared by its size."""
assert len(INES) == len(NOBODY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a failing answer does, and what it leaves: calls of the store, sizes in bytes."""

    calls: tuple[str, ...]
    instance: int
    journal: tuple[int, ...]
    panels: tuple[object, ...]
    checks: tuple[tuple[str, str], ...]


async def begin(house: Bench) -> Begun:
    return await house.begin((await house.link("sign-in", {})).secret)


async def tries(house: Bench, begun: Begun, who: str, passcode: str) -> Current:
    found = await house.answer(begun, identifier=who, passcode=passcode)
    assert isinstance(found, Current), found
    return found


async def prepare(house: Bench, kind: str) -> None:
    """Bring ines into the state of a class."""
    await house.user(INES, passcode=None if kind == "none registered" else RIGHT)
    unit = Unit(house.store, MAIN_TENANT)
    ines = await by_ext_id(unit, "customers", INES)
    assert ines is not None
    match kind:
        case "locked":
            lock(unit, house.actor(), ines)
        case "disabled user":
            set_status(unit, house.actor(), ines, "DISABLED")
        case "expired":
            row = await unit.find(Passcode, "by_use", use_key(ines.id, "default"))
            assert row is not None
            version = Version(number=row.version)
            unit.put(changed(row, expires_at=house.clock.now()), version)
        case "throttled":
            for _ in range(2):
                begun = await begin(house)
                for _ in range(3):
                    await tries(house, begun, INES, WRONG)
        case _:
            pass
    assert await house.store.write(MAIN_TENANT, unit.staged()) == Committed()


async def work_of(kind: str, catalogue: Catalogue | None) -> Work:
    clock, calls = FrozenClock(), list[str]()
    house = bench(recorded(MemoryStore(clock), calls), clock, catalogue=catalogue)
    await house.deploy(shipped="sign-in")
    await prepare(house, kind)
    begun = await begin(house)
    before = (await house.at(begun)).instance
    calls.clear()
    who = NOBODY if kind == "unknown user" else INES
    now = await tries(house, begun, who, WRONG if kind == "wrong passcode" else RIGHT)
    made = tuple(calls)
    screen = now.instance.screen
    assert screen is not None
    rows = await house.store.journal(MAIN_TENANT, now.instance.id)
    return Work(
        calls=made,
        instance=len(msgspec.json.encode(now.instance)),
        journal=tuple(len(row.payload or b"") for row in rows if row.sequence > before.sequence),
        panels=tuple(screen.panels[:-1]),
        checks=tuple((check.name, check.state) for check in now.instance.checks),
    )


def unequal(catalogue: Catalogue | None = None) -> list[tuple[str, str]]:
    work = {kind: asyncio.run(work_of(kind, catalogue)) for kind in CLASSES}
    return [(a, b) for a, b in combinations(CLASSES, 2) if work[a] != work[b]]


def test_whoever_is_named_the_same_is_done_left_and_told() -> None:
    assert unequal() == []


def test_the_page_itself_knows_nobody() -> None:
    async def story(ours: bool) -> tuple[list[str], int]:
        clock, calls = FrozenClock(), list[str]()
        house = bench(recorded(MemoryStore(clock), calls), clock)
        await house.deploy(shipped="sign-in")
        await house.user(INES if ours else NOBODY)
        calls.clear()
        now = await house.at(await begin(house))
        return calls, len(msgspec.json.encode(now.instance))

    assert asyncio.run(story(True)) == asyncio.run(story(False))


def with_form(resume: Callable[[Call, Woken], Answer]) -> Catalogue:
    """Our catalogue with another *Sign-in Form*, which may look at users."""

    def planted(one: Activity) -> Activity:
        if one.signature.label != "Sign-in Form":
            return one
        signature = replace(one.signature, uses=(*one.signature.uses, "Users"))
        return replace(one, signature=signature, resume=resume)

    return Catalogue.of(planted(one) for one in activities.ALL)


async def looks_first(call: Call, woken: Woken) -> Ended:
    """The planted fault: the store is asked who it is, and only somebody's passcode is begun."""
    assert isinstance(woken, Answered)
    named = str(woken.submission.values["identifier"])
    user = await call.use(Users).by_ext_id("customers", named)
    id = None if user is None else str(user["id"])
    begun = await call.use(Passcodes).start("customers", "default", user_id=id, ext_id=named)
    keys = {"passcodeAuthenticationKey": begun.attempt, "userKey": begun.user}
    return done(keys=keys, submission=woken.submission)


async def keeps_a_name(call: Call, woken: Woken) -> Ended:
    """The planted fault: of somebody who is there more is kept than an id."""
    assert isinstance(woken, Answered)
    named = str(woken.submission.values["identifier"])
    user = await call.use(Users).by_ext_id("customers", named)
    await call.use(Users).by_ext_id("customers", named)
    begun = await call.use(Passcodes).start("customers", "default", user_id=None, ext_id=named)
    keys = {"passcodeAuthenticationKey": begun.attempt, "userKey": user or begun.user}
    return done(keys=keys, submission=woken.submission)


@pytest.mark.parametrize("planted", [looks_first, keeps_a_name])
def test_a_planted_difference_is_caught(
    planted: Callable[[Call, Woken], Awaitable[Ended]],
) -> None:
    found = unequal(with_form(planted))

    assert ("unknown user", "wrong passcode") in found
    assert ("wrong passcode", "none registered") not in found


def told(story: Callable[[Bench], Awaitable[None]]) -> None:
    async def whole() -> None:
        clock = FrozenClock()
        house = bench(MemoryStore(clock), clock)
        await house.deploy(shipped="sign-in")
        await house.user()
        await story(house)

    asyncio.run(whole())


def test_the_right_passcode_signs_in_and_the_name_is_not_kept() -> None:
    async def story(house: Bench) -> None:
        begun = await begin(house)

        now = await tries(house, begun, f" {INES} ", RIGHT)

        assert now.instance.status == "COMPLETED_ENDED_SUCCESS"
        assert now.instance.keys["user1"].value["extId"] == INES
        assert now.instance.variables[FORM_DATA] == {"signInForm1": {}}

    told(story)


def test_what_was_typed_is_shown_again_after_a_failure_and_gone_at_the_end() -> None:
    async def story(house: Bench) -> None:
        begun = await begin(house)

        shown = (await tries(house, begun, NOBODY, WRONG)).instance.screen
        for _ in range(3):
            await tries(house, begun, NOBODY, WRONG)
        now = await tries(house, begun, NOBODY, WRONG)

        assert shown is not None
        assert shown.form is not None
        assert shown.form.values == {"identifier": NOBODY}
        assert now.instance.status == "COMPLETED_ENDED_ERROR"
        assert NOBODY not in msgspec.json.encode(now.instance).decode()

    told(story)


def test_another_person_may_be_named_in_the_next_try() -> None:
    async def story(house: Bench) -> None:
        begun = await begin(house)

        await tries(house, begun, NOBODY, RIGHT)
        now = await tries(house, begun, INES, RIGHT)

        assert now.instance.status == "COMPLETED_ENDED_SUCCESS"

    told(story)


def test_strangers_are_throttled_under_the_name_they_gave() -> None:
    async def story(house: Bench) -> None:
        for name in (NOBODY, "somebody.else"):
            begun = await begin(house)
            for _ in range(3):
                await tries(house, begun, name, WRONG)

        rows = (await house.store.audit(MAIN_TENANT, AuditQuery(size=200))).rows
        accounts = {row.subject for row in rows if row.action.startswith("attempt.")}

        assert len(accounts) == 2
        assert all(account.startswith("account:unknown:") for account in accounts)
        assert not any(NOBODY in account or "somebody" in account for account in accounts)

    told(story)


def test_whoever_leaves_the_page_open_has_not_passed() -> None:
    async def story(house: Bench) -> None:
        begun = await begin(house)
        waiting = (await house.at(begun)).instance

        house.wait(minutes=5)
        over = (await house.at(begun)).instance

        assert [(c.name, c.state) for c in waiting.checks] == [("sign-in", "OPEN")]
        assert over.status == "COMPLETED_TERMINATED"

    told(story)


def test_a_form_that_would_keep_the_name_does_not_compile() -> None:
    async def story(house: Bench) -> None:
        text = (ROOT / "forms/sign-in.v1.json").read_text("utf-8")
        keeps = text.replace('      "transient": true,\n', "", 1)
        with pytest.raises(AssertionError, match="kept for good"):
            await house.deploy(
                (ROOT / "definitions/sign-in.yaml").read_text("utf-8"), {"sign-in.v1": keeps}
            )

    told(story)
