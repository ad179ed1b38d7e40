"""Review, pause and incidents: what an operator does, and where a visit goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from engine.activity import Activity, Call, Ended, Users, activity, done
from engine.adapters.memory import MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.interpret import advance
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT
from engine.model.turn import Turn
from engine.ports.store import LARGEST_PAGE, AuditQuery, Store
from engine.records.record import Absent
from engine.run import sessions
from engine.run.catalogue import Catalogue
from engine.run.current import Current
from engine.run.entry.answers import Begun, Refusal, Returning
from engine.run.entry.returning import resume_value
from engine.run.hop.journal import broken_at, event_of
from engine.run.oversight.supervision import Deed
from engine.run.unit import Unit
from engine.testing import FrozenClock
from tests.bench import Bench, bench, ref
from tests.run.flows import COUNTED, HEAD, NAME_FORM, PAUSED, REVIEWED

Story = Callable[[Bench], Awaitable[None]]
FORMS: Final = {"name.v1": NAME_FORM}
ELSEWHERE: Final = ("https://www.example.org/",)


@pytest.fixture(params=["memory", "sqlite"])
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Story], None]:
    """Run a story in a house on each store."""

    async def told(story: Story) -> None:
        clock = FrozenClock()
        store: Store = (
            MemoryStore(clock)
            if request.param == "memory"
            else await SqliteStore.open(tmp_path / "store.db", clock=clock)
        )
        try:
            await story(bench(store, clock, redirects=ELSEWHERE))
        finally:
            await store.close()

    return lambda story: asyncio.run(told(story))


async def begun_with(house: Bench, text: str) -> Begun:
    await house.deploy(text, FORMS)
    return await house.begin((await house.link("visit", {})).secret)


async def act(house: Bench, begun: Begun, deed: Deed, comment: str = "") -> Current:
    return await house.supervisor.act(ref(begun), deed, house.actor(), comment)


async def audited(house: Bench, begun: Begun) -> list[str]:
    query = AuditQuery(subject=f"instance:{begun.instance}")
    return [row.action for row in (await house.store.audit(MAIN_TENANT, query)).rows]


async def assert_replays(house: Bench, begun: Begun) -> None:
    """Rebuild the instance from its journal and definition alone."""
    kept = (await house.at(begun)).instance
    journal = await house.store.journal(MAIN_TENANT, begun.instance)
    graph = await house.library.graph(MAIN_TENANT, kept.bundle)
    rebuilt = replace(
        kept, status="PENDING", visits={}, keys={}, checks=(), decision=None, wait=None,
        presses={}, ending=None, review=None, incident=None, ended_at=None, notices=(),
        last_wait_timed_out=False, variables={"_initVars": {}}, node=graph.start,
        last_at=kept.created_at, deadline=kept.created_at + timedelta(days=10),
    )  # fmt: skip
    for row in journal:
        event = event_of(row)
        assert event is not None
        turn = advance(graph, rebuilt, event)
        assert isinstance(turn, Turn), (row.kind, turn)
        rebuilt = turn.instance
    assert broken_at(journal) is None
    assert rebuilt == kept


@pytest.mark.parametrize(
    ("deed", "status"),
    [("accept", "COMPLETED_ENDED_SUCCESS"), ("decline", "COMPLETED_ENDED_ERROR")],
)
def test_a_review_goes_on_from_its_wait_as_it_was_decided(
    tell: Callable[[Story], None], deed: Deed, status: str
) -> None:
    async def story(house: Bench) -> None:
        begun = await begun_with(house, REVIEWED)
        waiting = (await house.at(begun)).instance

        now = (await act(house, begun, deed, "spoke with her")).instance

        assert (waiting.status, waiting.node, waiting.step) == ("REVIEW", "wait", None)
        assert now.status == status
        assert now.review is not None
        assert (now.review.comment, now.review.by) == ("spoke with her", "test")
        assert await audited(house, begun) == [f"instance.{deed}"]
        await assert_replays(house, begun)

    tell(story)


def test_a_reviews_report_and_summary_say_what_was_found(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        begun = await begun_with(house, REVIEWED)
        before = (await house.at(begun)).instance.variables["_reviewReport"]

        after = (await act(house, begun, "accept")).instance.variables

        assert isinstance(before, dict)
        assert before["status"] == "REQUIRED"
        assert after["_reviewStatus"] == "ACCEPTED"
        assert after["_decision"] == "PASS"
        assert after["_checks"] == {"overallOutcome": "PASS"}

    tell(story)


def test_a_review_that_nobody_decides_ends_when_its_time_is_up(
    tell: Callable[[Story], None],
) -> None:
    async def story(house: Bench) -> None:
        begun = await begun_with(house, REVIEWED)
        house.wait(days=5)

        late = await act(house, begun, "accept")

        assert late.already_answered
        assert late.instance.status == "COMPLETED_TERMINATED"
        assert await audited(house, begun) == []

    tell(story)


def test_what_ended_in_review_gets_its_last_status_once(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        begun = await begun_with(house, COUNTED)
        *_, last = [await house.answer(begun, name="Ines") for _ in range(3)]
        assert isinstance(last, Current)

        first = await act(house, begun, "decline", "no such visit")
        second = await act(house, begun, "accept")

        assert last.instance.status == "REVIEW"
        assert last.instance.is_over
        assert first.instance.status == "COMPLETED_ENDED_ERROR"
        assert first.instance.ended_at == last.instance.ended_at
        assert second.already_answered
        assert await audited(house, begun) == ["instance.decline"]
        await assert_replays(house, begun)

    tell(story)


def test_counters_count_and_begin_anew_once_cleared(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        begun = await begun_with(house, COUNTED)
        seen = []
        for _ in range(3):
            seen.append((await house.at(begun)).instance.variables["seen"])
            await house.answer(begun, name="Ines")

        after = (await house.at(begun)).instance.variables

        assert seen == [1, 2, 3]
        assert (after["tries"], after["kind"]) == (1, "walk-in")

    tell(story)


async def link_value(house: Bench, begun: Begun) -> str:
    value = await house.supervisor.resume_value(ref(begun), house.actor())
    assert value is not None
    return value


async def come_back(house: Bench, begun: Begun, value: str) -> Begun | Refusal:
    shown = await house.visits.returning(MAIN_TENANT, begun.instance, value)
    key = shown.begin_key if isinstance(shown, Returning) else "none"
    return await house.visits.resume(MAIN_TENANT, begun.instance, value, begin_key=key)


def test_a_paused_visit_leads_away_and_goes_on_by_its_link_alone(
    tell: Callable[[Story], None],
) -> None:
    async def story(house: Bench) -> None:
        begun = await begun_with(house, PAUSED)
        paused = (await house.at(begun)).instance
        value = await link_value(house, begun)

        back = await come_back(house, begun, value)

        assert paused.status == "PAUSED"
        assert paused.screen is not None
        assert paused.screen.redirect is not None
        assert paused.screen.redirect.url == "https://www.example.org/later"
        now = (await house.at(begun)).instance
        assert isinstance(back, Begun)
        assert (now.status, now.node) == ("ACTIVE", "ask")
        assert await audited(house, begun) == ["instance.link"]
        await assert_replays(house, begun)

    tell(story)


def test_the_link_rests_nowhere_and_works_once(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        begun = await begun_with(house, PAUSED)
        value = await link_value(house, begun)
        paused = (await house.at(begun)).instance

        first = await come_back(house, begun, value)
        second = await come_back(house, begun, value)

        assert value not in repr(paused)
        assert isinstance(first, Begun)
        assert second == Refusal(reason="stale")
        assert await house.supervisor.resume_value(ref(begun), house.actor()) is None

    tell(story)


def test_a_double_press_of_go_on_gives_the_same_visit(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        begun = await begun_with(house, PAUSED)
        value = await link_value(house, begun)
        shown = await house.visits.returning(MAIN_TENANT, begun.instance, value)
        assert isinstance(shown, Returning)

        both = await asyncio.gather(
            *(
                house.visits.resume(MAIN_TENANT, begun.instance, value, begin_key=shown.begin_key)
                for _ in range(2)
            )
        )

        assert all(isinstance(one, Begun) for one in both), both
        assert (await house.at(begun)).instance.revision == 2

    tell(story)


def test_who_comes_back_ends_the_sessions_of_others(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        begun = await begun_with(house, PAUSED)
        back = await come_back(house, begun, await link_value(house, begun))
        assert isinstance(back, Begun)

        old = await house.visits.enter(MAIN_TENANT, begun.instance, begun.session, reads=True)
        new = await house.visits.enter(MAIN_TENANT, begun.instance, back.session, reads=True)

        assert old is None
        assert new is not None

    tell(story)


def test_who_comes_back_ends_every_other_session_however_many_there_are(
    tell: Callable[[Story], None],
) -> None:
    async def story(house: Bench) -> None:
        begun = await begun_with(house, PAUSED)
        first = (await sessions.of_instance(house.store, MAIN_TENANT, begun.instance))[0]
        unit = Unit(house.store, MAIN_TENANT)
        for number in range(LARGEST_PAGE):
            unit.put(replace(first, id=f"{number:064x}", begin=None), Absent())
        await house.store.write(MAIN_TENANT, unit.staged())

        await come_back(house, begun, await link_value(house, begun))

        rows = await sessions.of_instance(house.store, MAIN_TENANT, begun.instance)
        assert len(rows) == LARGEST_PAGE + 2
        assert sum(row.superseded_at is None for row in rows) == 1

    tell(story)


@pytest.mark.parametrize("wrong", ["", "x" * 43, "\N{EURO SIGN}" * 43, "x" * 500])
def test_another_value_is_a_link_nobody_knows(tell: Callable[[Story], None], wrong: str) -> None:
    async def story(house: Bench) -> None:
        begun = await begun_with(house, PAUSED)

        shown = await house.visits.returning(MAIN_TENANT, begun.instance, wrong)

        assert shown == Refusal(reason="unknown")
        assert (await house.at(begun)).instance.status == "PAUSED"

    tell(story)


def test_a_pause_nobody_comes_back_from_is_abandoned(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        begun = await begun_with(house, PAUSED)
        value = resume_value(house.vault, (await house.at(begun)).instance)
        house.wait(days=5)

        shown = await house.visits.returning(MAIN_TENANT, begun.instance, value or "")

        assert shown == Refusal(reason="unknown")
        assert (await house.at(begun)).instance.status == "COMPLETED_TERMINATED"

    tell(story)


def test_an_address_off_the_list_leads_nowhere(tell: Callable[[Story], None]) -> None:
    async def story(house: Bench) -> None:
        text = PAUSED.replace("https://www.example.org/later", "https://evil.example/")
        begun = await begun_with(house, text)

        now = (await house.at(begun)).instance

        assert now.status == "PAUSED"
        assert now.screen is not None
        assert now.screen.redirect is None
        assert now.variables["errorCode"] == "RedirectNotAllowed"

    tell(story)


BROKEN = (
    HEAD.format(first="ask")
    + """\
  ask:
    activity: Custom Data Form
    inputs: {dataFormName: name}
    timeout: {after: PT10M, to: end}
    next: add
  add:
    activity: Count Calls
    next: fuse
  fuse:
    activity: Fuse
    next: end
  end:
    activity: End
    result: REVIEW
"""
)


class Fuses:
    """An activity that breaks until it is mended, behind one that counts how often it ran."""

    def __init__(self) -> None:
        self.is_whole = False
        self.calls = 0

    def catalogue(self) -> Catalogue:
        """Give our activities and these two."""
        return Catalogue.of([*Catalogue.installed().activities, *self.activities()])

    def activities(self) -> tuple[Activity, ...]:
        """Make the two."""

        @activity("Fuse", version=1, kind="pure")
        def fuse(call: Call) -> Ended:
            """Break."""
            if not self.is_whole:
                raise ValueError
            return done()

        @activity("Count Calls", version=1, kind="local", uses=[Users])
        def count(call: Call) -> Ended:
            """Count."""
            self.calls += 1
            return done()

        return (fuse, count)


def broken_house(store: Store, clock: FrozenClock, fuses: Fuses) -> Bench:
    return bench(store, clock, catalogue=fuses.catalogue())


async def broken(house: Bench) -> Begun:
    begun = await begun_with(house, BROKEN)
    held = await house.answer(begun, name="Ines")
    assert isinstance(held, Current)
    assert held.instance.incident is not None
    assert held.instance.incident.node == "fuse"
    return begun


def test_a_broken_hop_is_undone_and_asked_again_once_it_is_mended() -> None:
    async def story() -> None:
        clock, fuses = FrozenClock(), Fuses()
        house = broken_house(MemoryStore(clock), clock, fuses)
        begun = await broken(house)
        held = (await house.at(begun)).instance
        house.wait(days=2)
        assert (await house.at(begun)).instance == held

        fuses.is_whole = True
        freed = (await act(house, begun, "retry")).instance
        last = await house.answer(begun, name="Ines")

        assert held.wait is not None
        assert (held.step, held.visits) == (None, {"start": 1, "ask": 1})
        assert freed.wait is not None
        assert (freed.step, freed.node) == ("ask.1", "ask")
        assert freed.due_at == clock.now() + timedelta(minutes=10)
        assert isinstance(last, Current)
        assert last.instance.status == "REVIEW"
        assert await audited(house, begun) == ["instance.retry"]
        assert fuses.calls == 2
        await assert_replays(house, begun)

    asyncio.run(story())


def test_a_session_lives_as_much_longer_as_its_visit_was_held() -> None:
    async def story() -> None:
        clock, fuses = FrozenClock(), Fuses()
        house = broken_house(MemoryStore(clock), clock, fuses)
        begun = await broken(house)
        house.wait(days=11)
        fuses.is_whole = True

        await act(house, begun, "retry")

        entered = await house.visits.enter(MAIN_TENANT, begun.instance, begun.session, reads=True)
        assert entered is not None

    asyncio.run(story())


def test_what_breaks_again_is_held_again() -> None:
    async def story() -> None:
        clock, fuses = FrozenClock(), Fuses()
        house = broken_house(MemoryStore(clock), clock, fuses)
        begun = await broken(house)

        await act(house, begun, "retry")
        again = await house.answer(begun, name="Ines")

        assert isinstance(again, Current)
        assert again.instance.is_held
        await assert_replays(house, begun)

    asyncio.run(story())


def test_a_first_hop_that_breaks_begins_again_in_the_persons_language() -> None:
    async def story() -> None:
        clock, fuses = FrozenClock(), Fuses()
        house = broken_house(MemoryStore(clock), clock, fuses)
        await house.deploy(
            HEAD.format(first="fuse")
            + BROKEN.split("next: add\n")[1].replace(
                "  add:\n    activity: Count Calls\n    next: fuse\n", ""
            ),
            FORMS,
        )
        begun = await house.begin((await house.link("visit", {})).secret, language="pt-PT")
        held = (await house.at(begun)).instance

        fuses.is_whole = True
        now = (await act(house, begun, "retry")).instance

        assert held.is_held
        assert now.status == "REVIEW"
        assert now.language == "pt-PT"

    asyncio.run(story())


@pytest.mark.parametrize(
    ("deed", "status"),
    [("give-up", "COMPLETED_PROCESS_ERROR"), ("cancel", "COMPLETED_TERMINATED")],
)
def test_a_held_visit_can_be_ended(deed: Deed, status: str) -> None:
    async def story() -> None:
        clock, fuses = FrozenClock(), Fuses()
        house = broken_house(MemoryStore(clock), clock, fuses)
        begun = await broken(house)

        now = await act(house, begun, deed)

        assert now.instance.status == status
        assert now.instance.is_over
        assert await audited(house, begun) == [f"instance.{deed}"]
        await assert_replays(house, begun)

    asyncio.run(story())


@pytest.mark.parametrize("deed", ["accept", "decline", "retry", "give-up"])
def test_what_is_not_awaited_changes_nothing_and_is_not_audited(deed: Deed) -> None:
    async def story() -> None:
        clock = FrozenClock()
        house = bench(MemoryStore(clock), clock)
        text = BROKEN.replace("activity: Fuse", "activity: Set Variables")
        begun = await begun_with(house, text.replace("Count Calls", "Set Variables"))
        before: ProcessInstance = (await house.at(begun)).instance

        now = await act(house, begun, deed)

        assert now.already_answered
        assert (await house.at(begun)).instance == before
        assert await audited(house, begun) == []

    asyncio.run(story())
