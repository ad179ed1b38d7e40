"""How rows in memory are chosen, sorted and cut into pages: as the databases do it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from engine.adapters import rules
from engine.ports.store import InstanceQuery, Page, PageQuery
from engine.records.record import AuditRow, Record

V = TypeVar("V")


def chosen(row: Record | AuditRow, query: PageQuery) -> bool:
    """Whether a row is one of those that are asked for."""
    if query.by is not None and getattr(row, query.by) != query.value:
        return False
    if query.begins is None:
        return True
    text = cast("str | None", getattr(row, query.begins[0]))
    return text is not None and text.startswith(query.begins[1])


def sorter(query: PageQuery) -> Callable[[Record], tuple[bool, bytes, str]]:
    """Give what rows are sorted by."""

    def place(row: Record) -> tuple[bool, bytes, str]:
        text = None if query.order is None else cast("str | None", getattr(row, query.order))
        return text is None, (text or "").encode(), row.id

    return place


def one_page(rows: list[V], query: PageQuery | InstanceQuery) -> Page[V]:
    """Cut a page out of all rows."""
    start, length = rules.bounds(query)
    return Page(rows=tuple(rows[start : start + length]), total=len(rows))
