"""What one unit of work changes in memory: checked as it is drafted, real once it is kept."""

from __future__ import annotations

from typing import TypeVar

from engine.adapters import rules
from engine.model.names import TenantId
from engine.records.record import Absent, Delete, Hold, Put, Record

K = TypeVar("K")
V = TypeVar("V")

Place = tuple[TenantId, str, str]
"""A row: tenant, table, id."""
Text = tuple[TenantId, str, str, str]
"""A unique text: tenant, table, property, text."""


class Draft:
    """What one unit changes, seen over the rows kept so far; only `keep` touches those."""

    def __init__(self, rows: dict[Place, Record], texts: dict[Text, str]) -> None:
        self._kept_rows, self._kept_texts = rows, texts
        self._rows: dict[Place, Record | None] = {}
        self._texts: dict[Text, str | None] = {}

    def row(self, place: Place) -> Record | None:
        """Find a row, changed ones first."""
        return self._rows[place] if place in self._rows else self._kept_rows.get(place)

    def write(self, tenant: TenantId, write: Put | Delete | Hold) -> bool:
        """Take one write; False where its precondition does not hold."""
        place = (tenant, write.row.TABLE, write.row.id)
        if isinstance(write, Delete):
            return self._change(place, write.row.version, None)
        if isinstance(write, Hold):
            before = self.row(place)
            return before is not None and before.version == write.row.version
        if isinstance(write.expect, Absent):
            return self._change(place, None, rules.at_version(write.row, 1))
        number = write.expect.number
        return self._change(place, number, rules.at_version(write.row, number + 1))

    def _change(self, place: Place, version: int | None, after: Record | None) -> bool:
        before = self.row(place)
        if (None if before is None else before.version) != version:
            return False
        old = {} if before is None else _texts(place, before)
        new = {} if after is None else _texts(place, after)
        if any(self._owner(text) not in (None, place[2]) for text in new):
            return False
        self._rows[place] = after
        self._texts |= dict.fromkeys(old) | new
        return True

    def _owner(self, text: Text) -> str | None:
        return self._texts[text] if text in self._texts else self._kept_texts.get(text)

    def keep(self) -> None:
        """Make the changes real."""
        _keep(self._kept_rows, self._rows)
        _keep(self._kept_texts, self._texts)


def _keep(kept: dict[K, V], changed: dict[K, V | None]) -> None:
    for key, value in changed.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = value


def _texts(place: Place, row: Record) -> dict[Text, str | None]:
    tenant, table, id = place
    texts = rules.unique_texts(row)
    return {(tenant, table, name, text): id for name, text in texts.items() if text is not None}
