"""Chance that is quick and has a seed: the same seed gives the same cases everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from engine.testing import SeededChance

T = TypeVar("T")
DRAWN_BYTES: Final = 4096


class Dice:
    """Throws numbers, drawn from the seed by the block."""

    def __init__(self, seed: int | str) -> None:
        self._numbers = _drawn(SeededChance(seed))

    def below(self, limit: int) -> int:
        """Give a number from 0 to `limit` - 1."""
        return next(self._numbers) % limit

    def one_in(self, count: int) -> bool:
        """Say yes once in so many times."""
        return next(self._numbers) % count == 0

    def pick(self, choices: Sequence[T]) -> T:
        """Choose one."""
        return choices[next(self._numbers) % len(choices)]

    def span(self, text: str, longest: int = 1 << 20) -> tuple[int, int]:
        """Give where a piece of a text begins and ends; often a short one."""
        begins = self.below(len(text) + 1)
        length = self.below(min(longest, len(text) - begins) + 1)
        return begins, begins + (min(length, 1 + self.below(8)) if self.one_in(2) else length)


def _drawn(chance: SeededChance) -> Iterator[int]:
    while True:
        yield from memoryview(chance.bytes(DRAWN_BYTES)).cast("I")
