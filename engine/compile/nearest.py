"""The name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

_LONGEST = 80
_MOST = 2_000


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that `name` looks like a slip of, capitals aside; else None."""
    options = sorted(known, reverse=True)
    if len(name) > _LONGEST or len(options) > _MOST:
        return None
    folded: Mapping[str, str] = {option.casefold(): option for option in options}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None
