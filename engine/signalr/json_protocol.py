"""The JSON hub protocol: an object for each message, ended by 0x1E.

Source: HubProtocol.md, "JSON Encoding".
"""

from __future__ import annotations

from typing import Final

import msgspec

from engine.signalr.framing import SEPARATOR, Records
from engine.signalr.messages import (
    SHAPES,
    Decoded,
    HubMessage,
    Refused,
    Unknown,
    trouble_in,
    type_of,
    why_refused,
)
from engine.signalr.protocol import HubProtocol


class _Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at of a message that is none of ours."""

    type: int


_READER: Final = msgspec.json.Decoder(HubMessage)
_KIND: Final = msgspec.json.Decoder(_Kind)
_WRITER: Final = msgspec.json.Encoder()
_TYPES: Final = {type_of(shape) for shape in SHAPES}


def encode(message: HubMessage) -> bytes:
    """Write a record. No separator is inside: JSON escapes it."""
    return _WRITER.encode(message) + SEPARATOR


def decode(record: bytes) -> Decoded:
    """Read a record that has come without its separator; `type` may stand anywhere in it."""
    try:
        message = _READER.decode(record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        return _unknown(record) or Refused(reason=why_refused(fault))
    trouble = trouble_in(message)
    return message if trouble is None else Refused(reason=trouble)


def _unknown(record: bytes) -> Unknown | None:
    """Tell whether it is a message of a type that is not known yet."""
    try:
        kind = _KIND.decode(record).type
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return None if kind in _TYPES else Unknown(type=kind)


JSON: Final = HubProtocol(
    name="json", transfer_format="Text", encode=encode, decode=decode, frames=Records
)
