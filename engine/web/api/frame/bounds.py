"""What no field of a call may be: beyond the calendar, or a text that not every store can hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from engine.model.problem import FieldProblem, wrong

YEARS: Final = range(1970, 9001)
"""Of times: whatever is added to one, or its place on earth, leads to another one."""
LONGEST: Final = timedelta(days=36_525)
"""Of lengths: a hundred years."""


def unheld(given: Mapping[str, object]) -> list[FieldProblem]:
    """Tell the fields of an object in JSON in which, however deep, a text has a NUL.

    PostgreSQL holds none. Neither a name nor a text is repeated: what was typed may be in it.
    """
    found = [wrong(name, "a text has no NUL in it") for name in given if _has_nul(given[name])]
    return [*found, *[wrong("", "a name has no NUL in it") for name in given if "\0" in name]]


def _has_nul(value: object) -> bool:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str) and "\0" in one:
            return True
        if isinstance(one, Mapping):
            left += [*one, *one.values()]
        elif isinstance(one, list):
            left += one
    return False


def beyond(name: str, value: object) -> list[FieldProblem]:
    """Tell what is wrong with a time or a length that others would be reckoned from."""
    if isinstance(value, datetime) and value.year not in YEARS:
        return [wrong(name, f"use a time of the years {YEARS[0]} to {YEARS[-1]}")]
    if isinstance(value, timedelta) and not timedelta() <= value <= LONGEST:
        return [wrong(name, f"use a length of P{LONGEST.days}D at most, and none below zero")]
    return []
