"""Whether two series of times differ: Welch's t after the slowest tenth is cropped (security B6).

Source: Reparaz, Balasch, Verbauwhede, "dude, is my code constant time?" (2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, variance
from typing import Final

KEPT: Final = 0.9
BOUND: Final = 4.5
"""|t| from which two series are told apart."""


def cropped(series: Sequence[float]) -> list[float]:
    """Leave out the slowest tenth: what the machine did meanwhile."""
    return sorted(series)[: int(len(series) * KEPT)]


def t_of(one: Sequence[float], other: Sequence[float]) -> float:
    """Give Welch's t of two series of at least twenty times each."""
    first, second = cropped(one), cropped(other)
    spread = variance(first) / len(first) + variance(second) / len(second)
    return (fmean(first) - fmean(second)) / sqrt(spread) if spread else 0.0


def are_apart(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether the two are told apart."""
    return abs(t_of(one, other)) >= BOUND
