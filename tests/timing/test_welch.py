"""The mathematics of the timing task: what differs is told, what does not is not."""

from __future__ import annotations

from statistics import NormalDist

import pytest

from tests.timing.welch import BOUND, are_apart, cropped, t_of


def series(mean: float, count: int, seed: int) -> list[float]:
    return NormalDist(mean, 1.0).samples(count, seed=seed)


def test_the_slowest_tenth_is_left_out() -> None:
    assert cropped([*range(20)]) == [*range(18)]
    assert cropped([5.0, 1.0, 3.0, 2.0, 4.0, 6.0, 9.0, 8.0, 7.0, 1000.0])[-1] == 9.0


def test_t_is_welchs() -> None:
    one, other = [1.0, 2.0, 3.0, 4.0, 100.0] * 4, [2.0, 4.0, 6.0, 8.0, 100.0] * 4

    assert t_of(one, other) == pytest.approx(-t_of(other, one))
    assert t_of(one, one) == 0
    assert t_of([1.0] * 20, [1.0] * 20) == 0


@pytest.mark.parametrize("seed", range(5))
def test_equal_series_are_not_told_apart(seed: int) -> None:
    assert not are_apart(series(10, 1000, seed), series(10, 1000, seed + 100))


@pytest.mark.parametrize("seed", range(5))
def test_series_that_differ_by_a_third_of_their_spread_are(seed: int) -> None:
    assert are_apart(series(10, 1000, seed), series(10.33, 1000, seed + 100))
    assert abs(t_of(series(10, 1000, seed), series(10.33, 1000, seed + 100))) > BOUND
