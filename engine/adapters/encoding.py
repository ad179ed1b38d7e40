"""Values as they lie in columns: times as microseconds, state as JSON, journal rows packed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, overload

import msgspec

from engine.model.instance import ProcessInstance
from engine.records.journal import JournalRow, digest_of

_CHAIN_BYTES: Final = hashlib.sha256().digest_size
_WORTH_ZIPPING: Final = 200
"""Bytes; fewer hardly shrink."""
_GZIP: Final = 16
"""Added to zlib's window bits it asks for gzip's format."""
_GZIP_MARK: Final = b"\x1f\x8b"
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


encode: Final = msgspec.json.Encoder().encode
"""Write a value as JSON bytes."""
_read_state: Final = msgspec.json.Decoder(ProcessInstance).decode


def write_state(instance: ProcessInstance) -> bytes:
    """Write an instance as JSON without the key it is kept under.

    One that is over, and seldom read again, is written as gzip.
    """
    state = encode(instance)[len(_key(instance.tenant, instance.id)) :]
    return _zipped(state) if instance.is_over else state


def read_state(tenant: str, id: str, state: bytes) -> ProcessInstance:
    """Read the instance that is kept under a key. Raises msgspec.DecodeError."""
    return _read_state(_key(tenant, id) + _unzipped(state))


def _key(tenant: str, id: str) -> bytes:
    """Give what every instance's JSON begins with: its first two properties."""
    return encode({"tenant": tenant, "id": id})[:-1] + b","


_Told = tuple[int, str, bytes | None]
"""What a journal row says: at, kind, payload."""
_Sealed = bytes | tuple[bytes | None, bytes, bytes]
"""What seals it: salt, digest, chain. Where payload and salt give the digest, it is left out."""

_write_pack: Final = msgspec.msgpack.Encoder().encode
_read_pack: Final = msgspec.msgpack.Decoder(tuple[int, bytes, list[_Sealed]]).decode
_read_told: Final = msgspec.msgpack.Decoder(list[_Told]).decode


def pack(rows: Sequence[JournalRow]) -> bytes:
    """Write the rows of one hop as one value; their sequences follow on the first one's.

    What the rows say is made smaller together; salts and chains are chance and cannot be.
    """
    first = rows[0].sequence if rows else 0
    told = _write_pack([(micros(row.at), row.kind, row.payload) for row in rows])
    return _write_pack((first, _zipped(told), [_sealed(row) for row in rows]))


def unpack(packed: bytes) -> list[JournalRow]:
    """Read the rows of one hop again."""
    first, zipped, sealed = _read_pack(packed)
    together = zip(_read_told(_unzipped(zipped)), sealed, strict=True)
    return [_row(sequence, told, seal) for sequence, (told, seal) in enumerate(together, first)]


def _sealed(row: JournalRow) -> _Sealed:
    told = len(row.chain) == _CHAIN_BYTES and row.digest == digest_of(row.payload, row.salt)
    if told and row.salt is not None:
        return row.salt + row.chain
    return (row.salt, row.digest, row.chain)


def _row(sequence: int, told: _Told, sealed: _Sealed) -> JournalRow:
    at, kind, payload = told
    salt, digest, chain = _opened(payload, sealed) if isinstance(sealed, bytes) else sealed
    return JournalRow(
        sequence=sequence,
        at=moment(at),
        kind=kind,
        payload=payload,
        salt=salt,
        digest=digest,
        chain=chain,
    )


def _opened(payload: bytes | None, sealed: bytes) -> tuple[bytes, bytes, bytes]:
    salt, chain = sealed[:-_CHAIN_BYTES], sealed[-_CHAIN_BYTES:]
    return salt, digest_of(payload, salt), chain


def _zipped(plain: bytes) -> bytes:
    """Make a gzip stream, where that is smaller.

    The common format without a dictionary of our own, which would halve it once more: whoever
    looks for secrets in a raw file (D6) must be able to open what lies there.
    """
    if len(plain) < _WORTH_ZIPPING:
        return plain
    stream = zlib.compressobj(6, zlib.DEFLATED, _GZIP + 12, 5)  # a window of 4 KiB: less to set up
    zipped = stream.compress(plain) + stream.flush()
    return zipped if len(zipped) < len(plain) else plain


def _unzipped(kept: bytes) -> bytes:
    """Open what `_zipped` has made; neither JSON nor a packed list begins as gzip does."""
    return zlib.decompress(kept, _GZIP + 15) if kept.startswith(_GZIP_MARK) else kept
