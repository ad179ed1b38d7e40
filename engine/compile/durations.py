"""ISO 8601 durations of weeks, days, hours, minutes and seconds: those that have one length."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache

_UNITS = (("W", 604_800), ("D", 86_400), ("H", 3_600), ("M", 60), ("S", 1))
_FORM = re.compile(
    r"P(?=[0-9T])(?:([0-9]+)W)?(?:([0-9]+)D)?"
    r"(?:T(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)S)?)?"
)
_CALENDAR = re.compile(r"P[^T]*[0-9](?:Y|M)")
LONGEST = timedelta(days=36_525)
_LONGEST_DIGITS = len(str(LONGEST // timedelta(seconds=1)))
"""No count of any unit has more."""


@lru_cache(maxsize=256)
def duration(text: str) -> timedelta:
    """Read an ISO 8601 duration such as `PT4M30S` or `P1W`; whole numbers, at most 100 years.

    Raises:
        ValueError: It is not one, or has years or months, whose lengths differ.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        if _CALENDAR.match(text):
            raise ValueError("years and months have no fixed length")  # noqa: EM101 - one place, one sentence
        raise ValueError("not an ISO 8601 duration")  # noqa: EM101 - one place, one sentence
    digits = [(count or "").lstrip("0")[: _LONGEST_DIGITS + 1] for count in found.groups()]
    counts = (int(count or 0) for count in digits)
    seconds = sum(n * unit for n, (_, unit) in zip(counts, _UNITS, strict=True))
    if seconds > LONGEST.total_seconds():
        raise ValueError("longer than 100 years")  # noqa: EM101 - one place, one sentence
    return timedelta(seconds=seconds)


def duration_text(length: timedelta) -> str:
    """Write a duration in whole seconds as ISO 8601, in days, hours, minutes and seconds.

    `duration` reads it back. Parts of a second are dropped; the length is not negative.
    """
    left = int(length.total_seconds())
    counts: dict[str, int] = {}
    for letter, unit in _UNITS[1:]:
        counts[letter], left = divmod(left, unit)
    days = f"{counts['D']}D" if counts["D"] else ""
    clock = "".join(f"{counts[letter]}{letter}" for letter in "HMS" if counts[letter])
    return f"P{days}T{clock}" if clock else f"P{days}" if days else "PT0S"
