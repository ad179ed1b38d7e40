"""Journal rows from events, and the chain that shows whether one was changed (design 5)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from engine.model.event import Event
from engine.model.instance import ProcessInstance
from engine.ports.outside import Chance
from engine.records.journal import JournalRow, digest_of

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Event).decode
SALT_BYTES = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def rows(
    instance: ProcessInstance, events: Sequence[Event], chance: Chance
) -> tuple[JournalRow, ...]:
    """Write the events of one hop as rows that continue the instance's chain.

    Args:
        instance: As it was before the hop: its `sequence` and `chain` are continued.
        events: In the order in which they were taken.
        chance: Gives one salt a row.
    """
    sequence, previous = instance.sequence, bytes.fromhex(instance.chain)
    salts = chance.bytes(SALT_BYTES * len(events))
    made = []
    for place, event in enumerate(events):
        sequence += 1
        payload, salt = _encode(event), salts[place * SALT_BYTES :][:SALT_BYTES]
        digest = digest_of(payload, salt)
        kind = type(event).__name__
        previous = link(previous, sequence, event.at, kind, digest)
        made.append(
            JournalRow(
                sequence=sequence, at=event.at, kind=kind,
                payload=payload, salt=salt, digest=digest, chain=previous,
            )
        )  # fmt: skip
    return tuple(made)


def link(previous: bytes, sequence: int, at: datetime, kind: str, digest: bytes) -> bytes:
    """Give a row's chain value: SHA-256 over the previous one and all that an erasure leaves."""
    micros = (at - _EPOCH) // _MICROSECOND
    linked = b"%b%d|%d|%b|%b" % (previous, sequence, micros, kind.encode(), digest)
    return hashlib.sha256(linked).digest()


def event_of(row: JournalRow) -> Event | None:
    """Read a row's event; None once its person was erased."""
    return None if row.payload is None else _decode(row.payload)


def broken_at(journal: Sequence[JournalRow]) -> int | None:
    """Give the sequence of the first row that does not fit, None if all do."""
    previous = b""
    for number, row in enumerate(journal, start=1):
        expected = link(previous, row.sequence, row.at, row.kind, row.digest)
        if row.sequence != number or not _is_whole(row) or expected != row.chain:
            return number
        previous = row.chain
    return None


def _is_whole(row: JournalRow) -> bool:
    """Whether the payload gives the digest; where both it and its salt were erased none can."""
    if row.payload is None or row.salt is None:
        return row.payload is None and row.salt is None
    return digest_of(row.payload, row.salt) == row.digest
