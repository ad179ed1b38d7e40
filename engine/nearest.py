"""The name that was probably meant; it stands on the ground, because every floor meets slips."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

_LONGEST = 80
"""Longer names are not compared: looking for the nearest would take longer than it helps."""
MOST = 1_000
"""Nor are more names than this."""
_SLIPS = 2
"""Letters wrong, missing, too many or exchanged with their neighbour that are still one slip."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that `name` looks like a slip of, capitals aside; else None."""
    options = list(islice(known, MOST + 1))
    if len(name) > _LONGEST or len(options) > MOST:
        return None
    meant, size = name.casefold(), len(name)
    allowed, best = min(_SLIPS, (size + 1) // 3), None
    for option in options:
        if abs(len(option) - size) > _SLIPS:
            continue
        slips = _slips(meant, option.casefold(), allowed)
        if slips < allowed or (slips == allowed and (best is None or option < best)):
            allowed, best = slips, option
    return best


def _slips(one: str, other: str, allowed: int) -> int:
    """Count the slips between two texts; one more than `allowed` means any number above it."""
    if allowed == 0 or one == other:
        return int(one != other)
    if abs(len(one) - len(other)) > allowed:
        return allowed + 1
    shared, left = _shared(one, other), allowed - 1
    one, other = one[shared:], other[shared:]
    fewest = _slips(one[1:], other[1:], left)  # a letter is wrong
    fewest = min(fewest, _slips(one[1:], other, left), _slips(one, other[1:], left))
    if one[:2] == other[1::-1]:
        fewest = min(fewest, _slips(one[2:], other[2:], left))
    return fewest + 1


def _shared(one: str, other: str) -> int:
    """Count the letters with which both begin: no fewest slips are among them."""
    for place, (letter, opposite) in enumerate(zip(one, other, strict=False)):
        if letter != opposite:
            return place
    return min(len(one), len(other))
