"""The whole way, loop and activities and identity together, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.adapters.memory import MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.interpret import advance
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, NodeId
from engine.model.turn import Turn
from engine.ports.store import Store
from engine.run.current import Current, Invalid
from engine.run.hop.journal import broken_at, event_of
from engine.testing import FrozenClock
from tests.bench import RIGHT, WRONG, Bench, bench, ref
from tests.postgres import a_store

Story = Callable[[Bench], Awaitable[None]]


@asynccontextmanager
async def opened(name: str, folder: Path, clock: FrozenClock) -> AsyncIterator[Store]:
    if name == "postgres":
        async with a_store(clock) as kept:
            yield kept
        return
    store: Store = (
        MemoryStore(clock)
        if name == "memory"
        else await SqliteStore.open(folder / "store.db", clock=clock)
    )
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Story], None]:
    """Run a story in a house on each store."""

    async def told(story: Story) -> None:
        clock = FrozenClock()
        async with opened(request.param, tmp_path, clock) as store:
            house = bench(store, clock)
            await house.deploy()
            await house.user()
            await story(house)

    return lambda story: asyncio.run(told(story))


def test_the_right_passcode_is_accepted(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        begun = await house.begin((await house.link()).secret)

        now = await house.answer(begun, passcode=RIGHT)

        assert isinstance(now, Current)
        assert now.instance.status == "COMPLETED_ENDED_SUCCESS"
        assert (await house.at(begun)).instance == now.instance

    tell(story)


def test_a_wrong_passcode_three_times_is_declined(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        begun = await house.begin((await house.link()).secret)

        answers = [await house.answer(begun, passcode=WRONG) for _ in range(3)]

        last = answers[-1]
        assert isinstance(last, Current)
        assert last.instance.status == "COMPLETED_ENDED_ERROR"
        assert last.instance.visits[NodeId("verify")] == 3

    tell(story)


def test_leaving_the_form_is_abandoned_when_somebody_looks(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        begun = await house.begin((await house.link()).secret)

        house.wait(minutes=5)

        assert (await house.at(begun)).instance.status == "COMPLETED_TERMINATED"

    tell(story)


def test_an_unknown_user_walks_the_same_way(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        known = await house.begin((await house.link()).secret)
        stranger = await house.begin(
            (await house.link(parameters={"userExternalId": "nobody"})).secret
        )

        seen = []
        for begun in (known, stranger):
            now = await house.answer(begun, passcode=WRONG)
            assert isinstance(now, Current)
            assert now.instance.wait is not None
            seen.append(
                (now.instance.status, now.instance.wait.screen, now.instance.checks[0].state)
            )

        assert seen[0] == seen[1]

    tell(story)


def test_an_empty_passcode_is_a_problem_and_no_try(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        begun = await house.begin((await house.link()).secret)
        before = await house.at(begun)

        told = await house.answer(begun, passcode="")

        assert isinstance(told, Invalid)
        assert [problem.field for problem in told.problems] == ["passcode"]
        assert told.values == {}
        assert (await house.at(begun)).instance == before.instance

    tell(story)


def test_an_answer_to_an_older_revision_gets_the_current_screen(
    tell: Callable[[Story], None],
) -> None:
    async def story(house: Bench) -> None:
        begun = await house.begin((await house.link()).secret)
        first = await house.at(begun)
        assert first.instance.wait is not None
        await house.answer(begun, passcode=WRONG)
        now = await house.at(begun)

        again = await house.loop.submit(
            ref(begun),
            step=first.instance.wait.step,
            revision=first.instance.revision,
            body={"passcode": [RIGHT]},
        )

        assert isinstance(again, Current)
        assert again.already_answered
        assert again.instance == now.instance

    tell(story)


def test_64_identical_answers_at_once_win_once(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        begun = await house.begin((await house.link()).secret)

        answers = await asyncio.gather(*(house.answer(begun, passcode=RIGHT) for _ in range(64)))

        journal = await house.store.journal(MAIN_TENANT, begun.instance)
        assert [row.kind for row in journal].count("Submitted") == 1
        winners = [
            a for a in answers
            if isinstance(a, Current) and not a.already_answered and not a.still_checking
        ]  # fmt: skip
        assert len(winners) == 1
        assert (await house.at(begun)).instance.status == "COMPLETED_ENDED_SUCCESS"

    tell(story)


def test_the_journal_rebuilds_the_instance_and_its_chain_holds(
    tell: Callable[[Story], None],
) -> None:
    async def story(house: Bench) -> None:
        begun = await house.begin((await house.link()).secret)
        await house.answer(begun, passcode=WRONG)
        now = await house.answer(begun, passcode=RIGHT)
        assert isinstance(now, Current)

        journal = await house.store.journal(MAIN_TENANT, begun.instance)

        rebuilt = _replayed(now, [event_of(row) for row in journal])
        assert rebuilt == _bare(now.instance)
        assert broken_at(journal) is None

    tell(story)


def _replayed(now: Current, events: list[object]) -> ProcessInstance:
    from engine.interpret import new_instance

    first = events[0]
    instance = new_instance(
        now.graph,
        tenant=MAIN_TENANT,
        id=now.instance.id,
        parameters={},
        at=first.at,  # type: ignore[attr-defined]  # a Started
        deadline=first.deadline,  # type: ignore[attr-defined]  # a Started
    )
    for event in events:
        turn = advance(now.graph, instance, event)  # type: ignore[arg-type]  # none was erased
        assert isinstance(turn, Turn)
        instance = turn.instance
    return _bare(instance)


def _bare(instance: ProcessInstance) -> ProcessInstance:
    from msgspec.structs import replace

    return replace(instance, revision=0, sequence=0, chain="")
