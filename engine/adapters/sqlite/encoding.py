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
_MICROSECOND: Final = timedelta(microseconds=1)


@overload
def micros(time: datetime) -> int: ...
@overload
def micros(time: None) -> None: ...
@overload
def micros(time: datetime | None) -> int | None: ...
def micros(time: datetime | None) -> int | None:
    """Count the microseconds since 1970 in UTC."""
    return None if time is None else (time - _EPOCH) // _MICROSECOND


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


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """One journal row without its sequence; `digest` is left out where payload and salt give it."""

    at: int
    kind: str
    payload: bytes | None
    salt: bytes | None
    digest: bytes | None
    chain: bytes


class _Pack(msgspec.Struct, frozen=True, array_like=True):
    """The rows of one hop; their sequences follow on `first`."""

    first: int
    rows: tuple[_Packed, ...]


_pack_encoder: Final = msgspec.msgpack.Encoder()
_pack_decoder: Final = msgspec.msgpack.Decoder(_Pack)


def pack(rows: Sequence[JournalRow]) -> bytes:
    """Write the rows of one hop as one value."""
    first = rows[0].sequence if rows else 0
    return _pack_encoder.encode(_Pack(first, tuple(_packed(row) for row in rows)))


def unpack(packed: bytes) -> tuple[JournalRow, ...]:
    """Read the rows of one hop again."""
    read = _pack_decoder.decode(packed)
    return tuple(_unpacked(read.first + place, row) for place, row in enumerate(read.rows))


def _packed(row: JournalRow) -> _Packed:
    told = row.digest == _digest(row.payload, row.salt)
    digest = None if told else row.digest
    return _Packed(micros(row.at), row.kind, row.payload, row.salt, digest, row.chain)


def _unpacked(sequence: int, row: _Packed) -> JournalRow:
    return JournalRow(
        sequence=sequence,
        at=moment(row.at),
        kind=row.kind,
        payload=row.payload,
        salt=row.salt,
        digest=_digest(row.payload, row.salt) if row.digest is None else row.digest,
        chain=row.chain,
    )


def _digest(payload: bytes | None, salt: bytes | None) -> bytes:
    """Digest as `JournalRow` says: what can be told from its neighbours is not stored."""
    return hashlib.sha256((salt or b"") + (payload or b"")).digest()
