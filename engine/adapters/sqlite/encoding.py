"""Values as they lie in columns: times as microseconds, state as JSON, journal rows packed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, overload

import msgspec

from engine.model.instance import ProcessInstance
from engine.records.journal import JournalRow

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@overload
def micros(time: datetime) -> int: ...
@overload
def micros(time: None) -> None: ...
@overload
def micros(time: datetime | None) -> int | None: ...
def micros(time: datetime | None) -> int | None:
    """Count the microseconds since 1970 in UTC."""
    if time is None:
        return None
    past = time - _EPOCH
    return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds


@overload
def moment(count: int) -> datetime: ...
@overload
def moment(count: None) -> None: ...
@overload
def moment(count: int | None) -> datetime | None: ...
def moment(count: int | None) -> datetime | None:
    """Find the time that lies so many microseconds after 1970."""
    return None if count is None else _EPOCH + timedelta(microseconds=count)


_encoder: Final = msgspec.json.Encoder()
_state_decoder: Final = msgspec.json.Decoder(ProcessInstance)

encode: Final = _encoder.encode
"""Write a value as JSON bytes."""
read_state: Final = _state_decoder.decode
"""Read a process instance from its JSON. Raises msgspec.DecodeError."""


_Packed = tuple[int, str, bytes | None, bytes | None, bytes | None, bytes]
"""One journal row without its sequence: at, kind, payload, salt, digest, chain.

The digest is left out where payload and salt give it.
"""

_write_pack: Final = msgspec.msgpack.Encoder().encode
_read_pack: Final = msgspec.msgpack.Decoder(tuple[int, list[_Packed]]).decode


def pack(rows: Sequence[JournalRow]) -> bytes:
    """Write the rows of one hop as one value; their sequences follow on the first one's."""
    return _write_pack((rows[0].sequence if rows else 0, [_packed(row) for row in rows]))


def unpack(packed: bytes) -> list[JournalRow]:
    """Read the rows of one hop again."""
    first, rows = _read_pack(packed)
    return [_unpacked(sequence, row) for sequence, row in enumerate(rows, first)]


def _packed(row: JournalRow) -> _Packed:
    told = row.digest == _digest(row.payload, row.salt)
    digest = None if told else row.digest
    return (micros(row.at), row.kind, row.payload, row.salt, digest, row.chain)


def _unpacked(sequence: int, row: _Packed) -> JournalRow:
    at, kind, payload, salt, digest, chain = row
    return JournalRow(
        sequence=sequence,
        at=moment(at),
        kind=kind,
        payload=payload,
        salt=salt,
        digest=_digest(payload, salt) if digest is None else digest,
        chain=chain,
    )


def _digest(payload: bytes | None, salt: bytes | None) -> bytes:
    """Digest as `JournalRow` says: what can be told from its neighbours is not stored."""
    return hashlib.sha256((salt or b"") + (payload or b"")).digest()
