"""The name that was probably meant; it stands on the ground, because every floor meets slips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

_LONGEST = 80
"""Longer names are not compared: looking for the nearest would take longer than it helps."""
_MOST = 2_000
"""Nor are more names than this."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that `name` looks like a slip of, capitals aside; else None."""
    options = sorted(known, reverse=True)
    if len(name) > _LONGEST or len(options) > _MOST:
        return None
    folded: Mapping[str, str] = {option.casefold(): option for option in options}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None
