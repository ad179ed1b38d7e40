"""What every store decides in the same way: bounds of a page, how rows are found."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.ports.store import LARGEST_PAGE, AuditQuery, InstanceQuery, PageQuery
from engine.records.record import R, Record

LAST_PAGE: Final = 2**32
"""A row further on has no number that every database can count to."""


def bounds(query: PageQuery | InstanceQuery | AuditQuery) -> tuple[int, int]:
    """Give a page's first row (from 0) and its length (1 to `LARGEST_PAGE`)."""
    size = min(max(query.size, 1), LARGEST_PAGE)
    return min(max(query.page, 0), LAST_PAGE) * size, size


HIGHEST: Final = chr(0x10FFFF)
"""A noncharacter: what begins with a text comes before that text and this, if it can be printed."""


def must_be_listed(kind: type[Record], query: PageQuery) -> None:
    """Raise ValueError, a programmer's mistake, where the kind is not listed in such a way."""
    _must_be_one_of(query.by, (None, *kind.LISTED))
    for name in (query.order, query.begins and query.begins[0]):
        _must_be_one_of(name, (None, *kind.UNIQUE, *kind.LISTED))


def must_be_unique(kind: type[Record], name: str) -> None:
    """Raise ValueError where the kind has no such unique text."""
    _must_be_one_of(name, kind.UNIQUE)


def _must_be_one_of(name: str | None, names: tuple[str | None, ...]) -> None:
    if name not in names:
        message = f"{name} is none of {names}"
        raise ValueError(message)


def unique_texts(row: Record) -> dict[str, str | None]:
    """Give the texts no other row of the kind may have, by property; None: not in the index."""
    return {name: getattr(row, name) for name in row.UNIQUE}


def at_version(row: R, number: int) -> R:
    """Give the row as it is kept: at the version its precondition leads to."""
    return row if row.version == number else msgspec.structs.replace(row, version=number)
