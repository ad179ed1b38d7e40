"""What stays of an instance once its retention has passed: that it was, and how it ended."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from engine.model.instance import Status
from engine.model.names import Digest
from engine.records.record import Record


class Tombstone(Record, frozen=True, kw_only=True):
    """An instance that was erased; `id` was its own. Nothing of a person is in it.

    Attributes:
        rows: How many rows its journal had; `chain` is the last one's chain value (hex), so that a
            copy kept elsewhere can still be held against it.
    """

    TABLE: ClassVar[str] = "tombstones"
    LISTED: ClassVar[tuple[str, ...]] = ("process",)

    process: str
    process_version: int
    bundle: Digest
    status: Status
    created_at: datetime
    ended_at: datetime
    erased_at: datetime
    rows: int
    chain: str
