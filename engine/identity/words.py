"""Suggest passcodes of five words: easy to remember, 56 bits, drawn by chance."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from engine.ports.outside import Chance

COUNT: Final = 5
BETWEEN: Final = "-"


@cache
def words() -> tuple[str, ...]:
    """Read the list: more than 2,048 words of 3 to 8 letters, in alphabetical order, each once."""
    text = files(__package__).joinpath("words.txt").read_text(encoding="utf-8")
    return tuple(
        word for line in text.splitlines() if not line.startswith("#") for word in line.split()
    )


def suggest(chance: Chance) -> str:
    """Draw five words, each independent of the others, and join them with `-`."""
    known = words()
    return BETWEEN.join(known[chance.pick(len(known))] for _ in range(COUNT))
