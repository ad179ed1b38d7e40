"""The machine's clock, steadied: setting it moves no wait by more than a minute (C5)."""

from __future__ import annotations

import logging

import pytest

from engine.adapters.system import SystemClock

HOUR = 3_600
DAY = 24 * HOUR


class Machine:
    """Two clocks of a machine: one that is set, one that nobody sets."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_000_000.0, 50.0

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


def started() -> tuple[Machine, SystemClock]:
    machine = Machine()
    return machine, SystemClock(wall=lambda: machine.wall, steady=lambda: machine.steady)


def test_time_passes_as_on_the_wall() -> None:
    machine, clock = started()

    machine.passes(90)

    assert clock.now().timestamp() == pytest.approx(machine.wall)


@pytest.mark.parametrize("step", [-365 * DAY, -DAY, -HOUR, HOUR, DAY, 365 * DAY])
@pytest.mark.parametrize("looks", [1, 1_000])
def test_a_clock_that_is_set_moves_a_day_by_a_minute_at_most(step: int, looks: int) -> None:
    machine, clock = started()
    before = clock.now().timestamp()

    machine.wall += step
    for _ in range(looks):
        machine.passes(DAY / looks)
        clock.now()

    assert clock.now().timestamp() - before == pytest.approx(DAY, abs=60)


def test_time_never_runs_backwards() -> None:
    machine, clock = started()
    seen = []

    for step in (0, -HOUR, 2 * HOUR, -3 * HOUR):
        machine.wall += step
        for _ in range(100):
            machine.passes(0.5)
            seen.append(clock.now())

    assert seen == sorted(seen)


def test_a_small_difference_is_followed_in_time() -> None:
    machine, clock = started()
    machine.wall += 2

    machine.passes(HOUR)
    clock.now()

    assert clock.now().timestamp() == pytest.approx(machine.wall)


def test_the_operator_is_told_once_for_each_step(caplog: pytest.LogCaptureFixture) -> None:
    machine, clock = started()

    with caplog.at_level(logging.WARNING, logger="trustflow.clock"):
        machine.wall += HOUR
        for _ in range(5):
            machine.passes(1)
            clock.now()

    assert [record.message for record in caplog.records] == [
        "the clock was set; restart to follow at once"
    ]
