"""Races between two houses on one store, round after round: one wins each, and nobody else does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.adapters.memory import MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.model.names import MAIN_TENANT
from engine.ports.store import AuditQuery, PageQuery, Store
from engine.records.tokens import Session
from engine.run.current import Current
from engine.run.entry.answers import Begun, Refusal, Returning
from engine.run.hop.journal import broken_at
from engine.run.oversight.supervision import Deed
from engine.run.pump import Pump
from engine.testing import FrozenClock
from tests.bench import Bench, bench, ref
from tests.faults.walks import ELSEWHERE
from tests.postgres import a_database, a_store_at
from tests.run.flows import HEAD, NAME_FORM, PAUSED, REVIEWED
from tests.run.test_operators import BROKEN, Fuses

FORMS: Final = {"name.v1": NAME_FORM}
TIMED: Final = (
    HEAD.format(first="ask")
    + """\
  ask:
    activity: Custom Data Form
    inputs: {dataFormName: name}
    timeout: {after: PT5M, to: late}
    next: end
  late:
    activity: End
  end:
    activity: End
    result: REVIEW
"""
)
"""A question with a time limit; whoever answers it is looked at."""


@dataclass(slots=True)
class Signal:
    """A probe that wakes the other runner where a commit is about to be made."""

    at_commit: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, name: str) -> None:
        if name == "before-commit":
            self.at_commit.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Two houses on one store with one clock; `signal` is the first one's probe."""

    one: Bench
    two: Bench
    signal: Signal

    async def prepared(self, text: str) -> str:
        """Deploy; give the secret of a link for any number of visits."""
        await self.one.deploy(text, FORMS)
        return (await self.one.link("visit", {}, type="UNLIMITED", life=None)).secret

    async def late(self, round: int, **length: float) -> None:
        """Let time pass at another moment in each round, and sweep."""
        if round % 3 == 1:  # between what the first one read and what it writes
            await self.signal.at_commit.wait()
        for _ in range(round % 7):
            await _yielded()
        self.one.wait(**length)
        await Pump(self.two.store, self.two.loop, self.two.clock).sweep()

    async def kinds(self, begun: Begun) -> Counter[str]:
        """Count the events of a visit, whose chain must hold."""
        journal = await self.one.store.journal(MAIN_TENANT, begun.instance)
        assert broken_at(journal) is None
        return Counter(row.kind for row in journal)

    async def audited(self, begun: Begun) -> list[str]:
        """Give what operators did to a visit."""
        query = AuditQuery(subject=f"instance:{begun.instance}")
        return [row.action for row in (await self.one.store.audit(MAIN_TENANT, query)).rows]


async def two_stores(
    kind: str, folder: Path, clock: FrozenClock, stack: AsyncExitStack
) -> tuple[Store, Store]:
    """Open a store twice, each with connections of its own; what lies in memory is one."""
    if kind == "postgres":
        address = await stack.enter_async_context(a_database())
        one = await stack.enter_async_context(a_store_at(address, clock))
        return one, await stack.enter_async_context(a_store_at(address, clock))
    if kind == "memory":
        store = MemoryStore(clock)
        return store, store
    pair = [await SqliteStore.open(folder / "store.db", clock=clock) for _ in range(2)]
    for each in pair:
        stack.push_async_callback(each.close)
    return pair[0], pair[1]


def track_on(one: Store, two: Store, clock: FrozenClock) -> Track:
    """Put two houses on it."""
    signal, catalogue = Signal(), Fuses().catalogue()
    return Track(
        one=bench(one, clock, catalogue=catalogue, probe=signal, redirects=ELSEWHERE),
        two=bench(two, clock, catalogue=catalogue, seed=7, redirects=ELSEWHERE),
        signal=signal,
    )


async def _yielded() -> None:
    """Let everybody else go one step."""
    loop = asyncio.get_running_loop()
    turn = loop.create_future()
    loop.call_soon(turn.set_result, None)
    await turn


async def timer_against_submit(track: Track, rounds: int) -> Counter[str]:
    """Answer a step whose time is up meanwhile; give who won how often."""
    secret, won = await track.prepared(TIMED), Counter[str]()
    for round in range(rounds):
        begun = await track.one.begin(secret)
        track.signal.at_commit.clear()
        now = (await track.one.at(begun)).instance
        assert now.step is not None

        answering = track.one.loop.submit(
            ref(begun), step=now.step, revision=now.revision, body={"name": ["Ines"]}
        )
        if round % 2:
            answered, _ = await asyncio.gather(answering, track.late(round, minutes=5))
        else:
            _, answered = await asyncio.gather(track.late(round, minutes=5), answering)

        kinds = await track.kinds(begun)
        assert kinds["Submitted"] + kinds["TimerFired"] == 1, kinds
        assert isinstance(answered, Current)
        assert answered.already_answered == bool(kinds["TimerFired"])
        won["timer" if kinds["TimerFired"] else "submit"] += 1
    return won


async def operators_and_timer(track: Track, rounds: int) -> Counter[str]:
    """Accept and decline a review at once whose time is up meanwhile; give who won how often."""
    secret, won = await track.prepared(REVIEWED), Counter[str]()
    for round in range(rounds):
        begun = await track.one.begin(secret)
        track.signal.at_commit.clear()
        deeds: tuple[Deed, Deed] = ("accept", "decline") if round % 2 else ("decline", "accept")

        late = asyncio.create_task(track.late(round, days=5)) if round % 5 == 0 else None
        first, second = await asyncio.gather(
            track.one.supervisor.act(ref(begun), deeds[0], track.one.actor()),
            track.two.supervisor.act(ref(begun), deeds[1], track.two.actor()),
        )
        track.signal.at_commit.set()  # the second house may have won, and the first written nothing
        await (late or track.late(round, days=5))

        kinds, audit = await track.kinds(begun), await track.audited(begun)
        assert kinds["Reviewed"] + kinds["TimerFired"] == 1, kinds
        decided = [
            f"instance.{deed}"
            for deed, now in zip(deeds, (first, second), strict=True)
            if not now.already_answered
        ]
        assert audit == decided
        assert len(decided) == kinds["Reviewed"]
        won[audit[0] if audit else "timer"] += 1
    return won


async def retry_against_give_up(track: Track, rounds: int) -> Counter[str]:
    """Let an incident go on and give it up at once; give who won how often.

    A visit that was given up goes nowhere; one that was let go on and is held no more cannot be
    given up.
    """
    secret, won = await track.prepared(BROKEN), Counter[str]()
    for round in range(rounds):
        begun = await track.one.begin(secret)
        held = await track.one.answer(begun, name="Ines")
        assert isinstance(held, Current)
        assert held.instance.is_held

        both = await asyncio.gather(
            track.one.supervisor.act(ref(begun), "retry", track.one.actor()),
            _given_up(track.two, begun, turns=round % 8),
        )

        kinds, audit = await track.kinds(begun), await track.audited(begun)
        assert kinds["Retried"] + kinds["GivenUp"] == 1, kinds
        assert sum(not now.already_answered for now in both) == 1
        assert len(audit) == 1
        won[audit[0]] += 1
    return won


async def _given_up(house: Bench, begun: Begun, turns: int) -> Current:
    """Give up, so many turns of the loop later."""
    for _ in range(turns):
        await _yielded()
    return await house.supervisor.act(ref(begun), "give-up", house.actor())


async def browsers_with_one_resume_link(track: Track, count: int) -> Counter[str]:
    """Press a resume link in so many browsers at once; give what they were told."""
    secret = await track.prepared(PAUSED)
    begun = await track.one.begin(secret)
    value = await track.one.supervisor.resume_value(ref(begun), track.one.actor())
    assert value is not None
    pages = []
    for _ in range(count):
        shown = await track.one.visits.returning(MAIN_TENANT, begun.instance, value)
        assert isinstance(shown, Returning)
        pages.append(shown.begin_key)

    told = await asyncio.gather(
        *(
            (track.one, track.two)[number % 2].visits.resume(
                MAIN_TENANT, begun.instance, value, begin_key=key
            )
            for number, key in enumerate(pages)
        )
    )

    sessions = await track.one.store.page(
        MAIN_TENANT, Session, PageQuery(by="instance", value=begun.instance, size=200)
    )
    assert (await track.kinds(begun))["Resumed"] == 1
    assert sum(session.superseded_at is None for session in sessions.rows) == 1
    return Counter("on" if isinstance(one, Begun) else one.reason for one in told)


async def begins(house: Bench, secret: str, count: int) -> list[Begun | Refusal]:
    """Press Begin so many times at once, each in a browser of its own."""

    async def begin() -> Begun | Refusal:
        landing = await house.visits.landing(MAIN_TENANT, secret)
        if isinstance(landing, Refusal):
            return landing
        return await house.visits.begin(
            MAIN_TENANT, secret, begin_key=landing.begin_key, language="en"
        )

    return await asyncio.gather(*(begin() for _ in range(count)))


Race = Callable[[Track, int], Awaitable[Counter[str]]]
RACES: Final[dict[str, Race]] = {
    "timer against submit": timer_against_submit,
    "accept against decline against timer": operators_and_timer,
    "retry against give-up": retry_against_give_up,
}
