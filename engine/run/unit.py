"""The unit of work of one hop or call.

Reads through, stages writes, and lets later reads see them.
"""

from __future__ import annotations

from typing import Final, cast

from msgspec.structs import replace

from engine.model.names import AccountKey, TenantId
from engine.model.value import Passing
from engine.ports.store import Committed, Records, Store
from engine.records.record import (
    EMPTY,
    Absent,
    AuditRow,
    Delete,
    Expectation,
    Hold,
    Put,
    R,
    Record,
    Staged,
)
from engine.redaction import redacted_facts

TRIES: Final = 3
"""A unit refused this often is answered 503: something else keeps changing the same rows."""
Shadows = dict[tuple[str, str], Record | None]
"""(table, id) -> the row as staged, None where its removal is."""


class Mark(Passing, frozen=True, kw_only=True):
    """How much was staged at one moment, and what shadowed the store then, to go back to."""

    writes: int
    audit: int
    resets: int
    shadows: Shadows
    device: str | None


class Unit:
    """A `UnitOfWork` over a store's records. Nothing it stages is written before the commit.

    `device`: what is handed out once it is committed, None for nothing.
    """

    def __init__(self, records: Records, tenant: TenantId) -> None:
        self.tenant = tenant
        self.records = records
        self._shadows: Shadows = {}
        self._writes: list[Put | Delete | Hold] = []
        self._audit: list[AuditRow] = []
        self._resets: list[str] = []
        self._owned = False
        self.device: str | None = None

    async def get(self, kind: type[R], id: str) -> R | None:
        """Read one row by id, staged ones first."""
        if (kind.TABLE, id) in self._shadows:
            return cast("R | None", self._shadows[kind.TABLE, id])
        return await self.records.get(self.tenant, kind, id)

    async def find(self, kind: type[R], unique: str, value: str) -> R | None:
        """Read the row whose unique property is `value`, staged ones first."""
        for (table, _), row in self._shadows.items():
            if table == kind.TABLE and row is not None and getattr(row, unique) == value:
                return cast("R", row)
        found = await self.records.find(self.tenant, kind, unique, value)
        if not self._shadows:
            return found
        # A row that is staged and did not match above has given the text up.
        return None if found is None or (kind.TABLE, found.id) in self._shadows else found

    def put(self, row: Record, expect: Expectation) -> None:
        """Stage a row with its precondition; later reads see it at the version it will have."""
        version = 1 if isinstance(expect, Absent) else expect.number + 1
        self._writes.append(Put(row=row, expect=expect))
        self._shadows[row.TABLE, row.id] = replace(row, version=version)

    def delete(self, row: Record) -> None:
        """Stage the removal of a row at its version."""
        self._writes.append(Delete(row=row))
        self._shadows[row.TABLE, row.id] = None

    def hold(self, row: Record) -> None:
        """Stage that a row is there as it was read; later reads see it so."""
        self._writes.append(Hold(row=row))
        self._shadows[row.TABLE, row.id] = row

    def audit(self, row: AuditRow) -> None:
        """Stage an audit row; what looks like a secret in its facts is blacked out (D4)."""
        self._audit.append(replace(row, facts=redacted_facts(row.facts)))

    def reset(self, account: AccountKey) -> None:
        """Stage the reset of an account's failed tries."""
        self._resets.append(account)

    def claim(self) -> None:
        """Stage that the step was claimed. No going back forgets it: the store keeps the claim."""
        self._owned = True

    def hand_out(self, device: str) -> None:
        """Stage the value that a device is known by."""
        self.device = device

    def staged(self) -> Staged:
        """Give everything staged so far."""
        if not (self._writes or self._audit or self._resets or self._owned):
            return EMPTY
        return Staged(
            writes=tuple(self._writes),
            audit=tuple(self._audit),
            resets=tuple(self._resets),
            owned=self._owned,
        )

    def mark(self) -> Mark:
        """Remember what is staged now."""
        return Mark(
            writes=len(self._writes),
            audit=len(self._audit),
            resets=len(self._resets),
            shadows=dict(self._shadows),
            device=self.device,
        )

    def back_to(self, mark: Mark) -> None:
        """Forget what was staged since: the activity that staged it broke."""
        self._shadows, self.device = dict(mark.shadows), mark.device
        del self._writes[mark.writes :], self._audit[mark.audit :], self._resets[mark.resets :]


async def is_written(unit: Unit, store: Store) -> bool:
    """Write all that a unit has staged, if anything; False where somebody was quicker.

    Raises as `Store.write`.
    """
    staged = unit.staged()
    return staged.is_empty or isinstance(await store.write(unit.tenant, staged), Committed)
