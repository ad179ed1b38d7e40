"""Somebody sets the machine's clock: no timer fires early, no lock, link or session is moved far.

Twenty scripts (reliability 5): each sets the wall clock, stops it, or lets the whole machine stand
still, while real time goes on as ever. The clock under the house is the one that ships.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, cast

import pytest

from engine.adapters.memory import MemoryStore
from engine.adapters.system import SystemClock
from engine.model.names import MAIN_TENANT
from engine.run.current import Current
from engine.run.entry.answers import Begun, Landing
from engine.run.oversight.timeline import timeline
from engine.run.pump import EVERY, Pump
from engine.testing import NOON, FrozenClock
from tests.bench import RIGHT, WRONG, Bench, bench, ref

SECOND: Final = 1.0
HOUR: Final = 3_600.0
DAY: Final = 24 * HOUR
SLACK: Final = 60.0
"""Seconds that a lock, a token or a session may be off (security C5)."""
LATE: Final = 5.0
"""Seconds that a timer may be late (P7)."""
ASKED: Final = 270.0
"""Seconds that the shipped sign-in waits for a passcode."""


class Machine:
    """Two clocks: one that somebody sets, one that nobody sets. `real`: seconds since its start."""

    def __init__(self, begins: datetime = NOON) -> None:
        self.wall, self.steady, self.real = begins.timestamp(), 50.0, 0.0
        self.stands = False

    def passes(self, seconds: float) -> None:
        """Let time pass; a wall clock that stands still does not notice."""
        self.real += seconds
        self.steady += seconds
        self.wall += 0 if self.stands else seconds


Script = Callable[[Machine], None]


def steps(*seconds: float) -> Script:
    """Set the wall clock by so much; several: at once, one after the other."""

    def script(machine: Machine) -> None:
        machine.wall += sum(seconds)

    return script


def set_to(moment: datetime) -> Script:
    """Set the wall clock to a moment."""

    def script(machine: Machine) -> None:
        machine.wall = moment.timestamp()

    return script


def stands_still(machine: Machine) -> None:
    """Stop the wall clock for good."""
    machine.stands = True


def nothing(machine: Machine) -> None:
    """Leave it alone."""


BEGINS: Final = {
    "in spring, before the clocks change": datetime(2026, 3, 29, 0, 58, tzinfo=UTC),
    "in autumn, before the clocks change": datetime(2026, 10, 25, 0, 58, tzinfo=UTC),
    "before a leap day": datetime(2028, 2, 28, 23, 58, tzinfo=UTC),
    "before the year ends": datetime(2026, 12, 31, 23, 58, tzinfo=UTC),
    "before 2038 overflows": datetime(2038, 1, 19, 3, 12, tzinfo=UTC),
}
SCRIPTS: Final[dict[str, tuple[datetime, Script]]] = {
    "an hour forward": (NOON, steps(HOUR)),
    "an hour back": (NOON, steps(-HOUR)),
    "a day forward": (NOON, steps(DAY)),
    "a day back": (NOON, steps(-DAY)),
    "a minute forward": (NOON, steps(60)),
    "a minute back": (NOON, steps(-60)),
    "a second forward": (NOON, steps(1)),
    "a second back": (NOON, steps(-1)),
    "a year forward": (NOON, steps(365 * DAY)),
    "a year back": (NOON, steps(-365 * DAY)),
    "beyond 2038": (NOON, set_to(datetime(2038, 1, 19, 3, 14, 9, tzinfo=UTC))),
    "to 1970": (NOON, set_to(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))),
    "a wall clock that stands still": (NOON, stands_still),
    "summer time taken for UTC": (BEGINS["in spring, before the clocks change"], steps(HOUR)),
    "winter time taken for UTC": (BEGINS["in autumn, before the clocks change"], steps(-HOUR)),
    **{name: (begins, nothing) for name, begins in BEGINS.items()},
}
Story = Callable[[Machine, Bench], Awaitable[None]]


def told(begins: datetime, story: Story) -> None:
    """Run a story on a machine, with the clock that ships."""

    async def run() -> None:
        machine = Machine(begins)
        system = SystemClock(wall=lambda: machine.wall, steady=lambda: machine.steady)
        clock = cast("FrozenClock", system)  # nothing here moves it but the machine
        house = bench(MemoryStore(system), clock)
        await house.deploy()
        await house.user()
        await story(machine, house)

    asyncio.run(run())


def goes(machine: Machine, house: Bench, seconds: float, step: float = SECOND) -> None:
    """Let time pass, with somebody looking at the clock all along."""
    for _ in range(round(seconds / step)):
        machine.passes(step)
        house.clock.now()


def test_there_are_twenty_scripts() -> None:
    assert len(SCRIPTS) == 20


@pytest.mark.parametrize(("begins", "script"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_timer_fires_when_its_time_has_passed(begins: datetime, script: Script) -> None:
    async def story(machine: Machine, house: Bench) -> None:
        begun = await house.begin((await house.link()).secret)
        pump = Pump(house.store, house.loop, house.clock)
        due = (await house.at(begun)).instance.due_at
        assert due is not None
        goes(machine, house, 100)
        script(machine)

        while not await pump.sweep():
            assert house.clock.now() < due
            machine.passes(EVERY.total_seconds())

        assert house.clock.now() >= due, "it has fired early"
        assert ASKED - 1 <= machine.real <= ASKED + LATE
        await assert_no_negative_duration(house, begun)

    told(begins, story)


@pytest.mark.parametrize("pause", [60.0, HOUR / 2, 3 * DAY])
def test_what_came_due_while_all_stood_still_fires_at_the_first_look(pause: float) -> None:
    """The program is stopped, or the machine sleeps: nobody looks, and all clocks go on."""

    async def story(machine: Machine, house: Bench) -> None:
        begun = await house.begin((await house.link()).secret)
        pump = Pump(house.store, house.loop, house.clock)
        goes(machine, house, 240)

        machine.passes(pause)

        assert await pump.sweep() == 1
        assert (await house.at(begun)).instance.is_over
        await assert_no_negative_duration(house, begun)

    told(NOON, story)


LOCKS: Final = {6: 30.0, 10: 480.0, 11: 900.0, 14: HOUR}
"""Failures in a row -> seconds that the account waits after them (C2)."""


@pytest.mark.parametrize("failures", LOCKS)
@pytest.mark.parametrize(("begins", "script"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_lock_is_neither_cleared_nor_extended(
    begins: datetime, script: Script, failures: int
) -> None:
    async def story(machine: Machine, house: Bench) -> None:
        await fails(machine, house, failures)
        wait = LOCKS[failures]
        script(machine)

        before, after = max(wait - SLACK, 0), wait + SLACK
        goes(machine, house, before)
        locked = before == 0 or not await opens(house)
        goes(machine, house, after - before)
        opened = await opens(house)

        assert (locked, opened) == (True, True)

    told(begins, story)


async def fails(machine: Machine, house: Bench, times: int) -> None:
    """Give wrong passcodes, each as soon as it is looked at."""
    link = await house.link(type="UNLIMITED", life=None)
    for number in range(1, times + 1):
        begun = await house.begin(link.secret)
        await house.answer(begun, passcode=WRONG)
        if number < times:
            goes(machine, house, HOUR if number > 5 else 0, step=60)


async def opens(house: Bench) -> bool:
    """Whether the right passcode is let in."""
    begun = await house.begin((await house.link()).secret)
    now = await house.answer(begun, passcode=RIGHT)
    assert isinstance(now, Current)
    return now.instance.checks[0].state == "PASS"


@pytest.mark.parametrize(("begins", "script"), SCRIPTS.values(), ids=SCRIPTS)
def test_links_and_sessions_neither_die_nor_revive(begins: datetime, script: Script) -> None:
    async def story(machine: Machine, house: Bench) -> None:
        link = await house.link(life=timedelta(days=1), max_count=9)
        begun = await house.begin(link.secret)
        script(machine)

        goes(machine, house, HOUR - SLACK, step=60)
        lives = await enters(house, begun)
        goes(machine, house, 2 * SLACK)
        died = not await enters(house, begun)
        goes(machine, house, DAY - HOUR - 2 * SLACK, step=60)
        good = await lands(house, link.secret)
        goes(machine, house, 2 * SLACK)
        expired = not await lands(house, link.secret)

        assert (lives, died, good, expired) == (True,) * 4
        script(machine)
        goes(machine, house, 10)
        assert not await enters(house, begun)
        assert not await lands(house, link.secret)

    told(begins, story)


async def enters(house: Bench, begun: Begun) -> bool:
    found = await house.visits.enter(MAIN_TENANT, begun.instance, begun.session, reads=True)
    return found is not None


async def lands(house: Bench, secret: str) -> bool:
    return isinstance(await house.visits.landing(MAIN_TENANT, secret), Landing)


@pytest.mark.parametrize("step", [-365 * DAY, -DAY, -HOUR, -1.0])
def test_a_restart_with_a_clock_that_was_set_back_gives_no_negative_duration(step: float) -> None:
    """A program that starts anew follows the clock at once; what it goes on with does not."""

    async def story() -> None:
        clock = FrozenClock()
        house = bench(MemoryStore(clock), clock)
        await house.deploy()
        await house.user()
        begun = await house.begin((await house.link()).secret)
        for passcode in (WRONG, RIGHT):
            clock.move(timedelta(seconds=20))
            clock.move(timedelta(seconds=step))
            await house.answer(begun, passcode=passcode)

        assert (await house.at(begun)).instance.status == "COMPLETED_ENDED_SUCCESS"
        await assert_no_negative_duration(house, begun)

    asyncio.run(story())


async def assert_no_negative_duration(house: Bench, begun: Begun) -> None:
    kept = (await house.store.load(MAIN_TENANT, begun.instance)).instance
    journal = await house.store.journal(MAIN_TENANT, begun.instance)
    times = [row.at for row in journal]
    assert times == sorted(times)
    assert ref(begun).id == kept.id
    for line in timeline(kept, journal, {}):
        assert line.took is None or line.took >= timedelta()
    assert kept.ended_at is None or kept.ended_at >= kept.created_at
