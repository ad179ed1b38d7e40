"""Journal rows: what happened, with a chain that shows whether one was changed."""

from __future__ import annotations

import hashlib
from datetime import datetime

from msgspec.structs import replace

from engine.model.value import Value


class JournalRow(Value, frozen=True, kw_only=True):
    """One event of one instance.

    Attributes:
        sequence: 1, 2, ... without a gap.
        kind: The event's class name.
        payload: Canonical JSON of the event; None once the person was erased, and so is `salt`.
        salt: Random bytes, so that a digest of an erased payload tells nothing.
        digest: SHA-256(salt, payload); stays.
        chain: SHA-256(previous chain, sequence, at, kind, digest).
    """

    sequence: int
    at: datetime
    kind: str
    payload: bytes | None
    salt: bytes | None
    digest: bytes
    chain: bytes


def digest_of(payload: bytes | None, salt: bytes | None) -> bytes:
    """Give what a row's `digest` is while nothing of it was erased; None counts as no bytes."""
    return hashlib.sha256((salt or b"") + (payload or b"")).digest()


def emptied(row: JournalRow) -> JournalRow:
    """Take out of a row what its person did; what shows that nothing else was changed stays."""
    return replace(row, payload=None, salt=None)
