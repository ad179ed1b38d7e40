"""What one hop or one call reads and wants written.

Staged rows shadow the store until they commit together.
"""

from __future__ import annotations

from typing import Protocol

from engine.model.names import AccountKey, TenantId
from engine.records.record import AuditRow, Expectation, R, Record, Staged


class UnitOfWork(Protocol):
    """Read through, write staged. Later reads see staged rows, also by unique text."""

    tenant: TenantId

    async def get(self, kind: type[R], id: str) -> R | None:
        """Read one row by id."""
        ...

    async def find(self, kind: type[R], unique: str, value: str) -> R | None:
        """Read the row whose unique property is `value`."""
        ...

    def put(self, row: Record, expect: Expectation) -> None:
        """Stage a row with its precondition.

        With `Version(n)` the row is written at version n + 1.
        """
        ...

    def delete(self, row: Record) -> None:
        """Stage the removal of a row at its version."""
        ...

    def hold(self, row: Record) -> None:
        """Stage that a row is still there, as it was read, when the rest is written."""
        ...

    def audit(self, row: AuditRow) -> None:
        """Stage an audit row."""
        ...

    def reset(self, account: AccountKey) -> None:
        """Stage the reset of an account's failed tries: it succeeded or was recovered."""
        ...

    def claim(self) -> None:
        """Stage that the step was claimed: what is staged counts only while the claim holds."""
        ...

    def hand_out(self, device: str) -> None:
        """Stage the value that a device is known by; it leaves with the answer, kept nowhere."""
        ...

    def staged(self) -> Staged:
        """Give everything staged so far."""
        ...
