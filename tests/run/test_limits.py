"""What an activity may not do: take too long, or leave something behind when it breaks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.activity import Activity, Call, Ended, HandOver, activity, done
from engine.adapters.memory import OTHER_TASKS, MemoryStore
from engine.identity.attempts import user_account
from engine.model.effect import Run
from engine.model.event import Broken, Outcome
from engine.model.names import MAIN_TENANT, NodeId
from engine.ports.store import AuditQuery
from engine.records.identity import User
from engine.run.catalogue import Catalogue
from engine.run.current import Current
from engine.run.hop.perform import StillChecking, perform
from engine.testing import NOON, FrozenClock
from tests.bench import RIGHT, WRONG, bench

CALL = Call(node=NodeId("slow"), visit=1, at=NOON, effect_key="i/slow/1", inputs={})
EFFECT = Run(node=NodeId("slow"), visit=1, inputs={})


def taking(seconds: float, monkeypatch: pytest.MonkeyPatch) -> Outcome | HandOver | StillChecking:
    """Perform an activity that takes so long, by the loop's own clock, which is moved."""
    passed = timedelta()

    @activity("Slow", version=1, kind="local")
    async def slow(_: Call) -> Ended:
        nonlocal passed
        passed = timedelta(seconds=seconds)
        for _turn in range(3):  # where the limit may strike
            await OTHER_TASKS
        return done()

    async def story() -> Outcome | HandOver | StillChecking:
        loop = asyncio.get_running_loop()
        real = loop.time
        monkeypatch.setattr(loop, "time", lambda: real() + passed.total_seconds())
        return await perform(slow, EFFECT, CALL)

    return asyncio.run(story())


def test_an_activity_that_takes_ten_seconds_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    told = taking(10, monkeypatch)

    assert told == Broken(code="activity", reason="TimeoutError in Slow")


def test_an_activity_may_take_nearly_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert taking(9, monkeypatch) == done()


def breaking(label: str) -> Catalogue:
    """Give the installed activities, one of which does all its work and then breaks."""

    def broken(good: Activity) -> Activity:
        async def run(call: Call) -> Outcome:
            assert good.run is not None
            outcome = good.run(call)
            if not isinstance(outcome, Outcome):
                await outcome
            raise RuntimeError

        return replace(good, run=run)

    return Catalogue.of(
        broken(one) if one.signature.label == label else one
        for one in Catalogue.installed().activities
    )


@pytest.mark.parametrize("passcode", [RIGHT, WRONG])
def test_an_activity_that_breaks_leaves_nothing_of_what_it_staged(passcode: str) -> None:
    async def story() -> None:
        clock = FrozenClock()
        house = bench(
            MemoryStore(clock), clock, catalogue=breaking("Complete Passcode Authentication")
        )
        await house.deploy()
        user = await house.user()
        begun = await house.begin((await house.link()).secret)
        before = (
            await house.store.get(MAIN_TENANT, User, user.id),
            await house.store.audit(MAIN_TENANT, AuditQuery()),
        )

        now = await house.answer(begun, passcode=passcode)

        assert isinstance(now, Current)
        assert now.instance.incident is not None
        after = (
            await house.store.get(MAIN_TENANT, User, user.id),
            await house.store.audit(MAIN_TENANT, AuditQuery()),
        )
        assert after == before
        attempts = await house.store.attempts(MAIN_TENANT, user_account(user.id))
        assert attempts is not None, "what was charged stays charged"
        assert attempts.failures == 1

    asyncio.run(story())
