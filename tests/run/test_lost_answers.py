"""The answer of a COMMIT gets lost: what was committed is told, what was not is done again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from engine.adapters.memory import MemoryStore
from engine.errors import UnknownOutcome
from engine.identity.attempts import user_account
from engine.model.names import MAIN_TENANT, NodeId
from engine.records.tokens import ProcessToken
from engine.run.current import Current
from engine.run.entry.answers import Begun, Created
from engine.run.hop.journal import broken_at
from engine.testing import FrozenClock
from tests.bench import RIGHT, WRONG, Bench, bench

POINTS = ["before-commit", "after-commit-before-ack"]


@dataclass(slots=True)
class Losing:
    """Loses the answer of the next commit of a hop, at one point of the store; then no other.

    The loop says when a hop is about to commit: claims and other writes are left alone.
    """

    point: str
    waiting: bool = False
    armed: bool = False
    has_lost: bool = False

    def at_loop(self, name: str) -> None:
        """Stand in the loop."""
        if self.waiting and name == "before-commit":
            self.waiting, self.armed = False, True

    def at_store(self, name: str) -> None:
        """Stand in the store."""
        if self.armed and name == self.point:
            self.armed, self.has_lost = False, True
            raise UnknownOutcome


async def ready(losing: Losing) -> Bench:
    clock = FrozenClock()
    house = bench(MemoryStore(clock, probe=losing.at_store), clock, probe=losing.at_loop)
    await house.deploy()
    await house.user()
    return house


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(
    ("passcode", "status", "left"), [(RIGHT, "COMPLETED_ENDED_SUCCESS", 0), (WRONG, "ACTIVE", 1)]
)
def test_an_answer_whose_commit_is_not_acknowledged_counts_once(
    point: str, passcode: str, status: str, left: int
) -> None:
    async def story() -> None:
        losing = Losing(point)
        house = await ready(losing)
        user = await house.user("rui.costa")
        begun = await house.begin(
            (await house.link(parameters={"userExternalId": "rui.costa"})).secret
        )
        before = await house.at(begun)

        losing.waiting = True
        now = await house.answer(begun, passcode=passcode)

        assert isinstance(now, Current)
        assert losing.has_lost
        assert (now.already_answered, now.still_checking) == (False, False)
        assert now.instance.status == status
        assert now.instance.revision == before.instance.revision + 1
        assert (await house.at(begun)).instance == now.instance
        journal = await house.store.journal(MAIN_TENANT, begun.instance)
        assert [row.kind for row in journal].count("Submitted") == 1
        assert len(journal) == now.instance.sequence
        assert broken_at(journal) is None
        attempts = await house.store.attempts(MAIN_TENANT, user_account(user.id))
        assert (attempts.failures if attempts else 0) == left

    asyncio.run(story())


@pytest.mark.parametrize("point", POINTS)
def test_a_begin_whose_commit_is_not_acknowledged_uses_the_link_once(point: str) -> None:
    async def story() -> None:
        losing = Losing(point)
        house = await ready(losing)
        made = await house.link()

        losing.waiting = True
        begun = await house.begin(made.secret)

        assert losing.has_lost
        entered = await house.visits.enter(MAIN_TENANT, begun.instance, begun.session, reads=False)
        assert entered is not None
        token = await house.store.get(MAIN_TENANT, ProcessToken, made.token.id)
        assert token is not None
        assert token.counter == 1
        journal = await house.store.journal(MAIN_TENANT, begun.instance)
        assert [row.kind for row in journal].count("Started") == 1

    asyncio.run(story())


@pytest.mark.parametrize("point", POINTS)
def test_a_start_whose_commit_is_not_acknowledged_starts_once(point: str) -> None:
    async def story() -> None:
        losing = Losing(point)
        house = await ready(losing)
        created = await house.visits.create(MAIN_TENANT, (await house.link()).secret)
        assert isinstance(created, Created)

        losing.waiting = True
        begun = await house.visits.start(MAIN_TENANT, created.instance, created.ticket)

        assert losing.has_lost
        assert isinstance(begun, Begun)
        entered = await house.visits.enter(MAIN_TENANT, begun.instance, begun.session, reads=False)
        assert entered is not None
        journal = await house.store.journal(MAIN_TENANT, begun.instance)
        assert [row.kind for row in journal].count("Started") == 1

    asyncio.run(story())


@pytest.mark.parametrize("point", POINTS)
def test_a_claim_whose_answer_is_lost_is_asked_for_again_and_charged_once(point: str) -> None:
    async def story() -> None:
        losing = Losing(point)
        house = await ready(losing)
        user = await house.user("rui.costa")
        begun = await house.begin(
            (await house.link(parameters={"userExternalId": "rui.costa"})).secret
        )

        losing.armed = True
        now = await house.answer(begun, passcode=WRONG)

        assert losing.has_lost
        assert isinstance(now, Current)
        assert (now.still_checking, now.instance.is_held) == (False, False)
        assert now.instance.visits[NodeId("verify")] == 1
        attempts = await house.store.attempts(MAIN_TENANT, user_account(user.id))
        assert attempts is not None
        assert attempts.failures == 1

    asyncio.run(story())
