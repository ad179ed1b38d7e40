"""The MessagePack hub protocol: an array for each message, behind its length.

Source: HubProtocol.md, "MessagePack (MsgPack) Encoding". Arrays may be longer than we know, for
fields to come, and an invocation one shorter: clients leave out stream ids where there are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UnsetType

from engine.signalr.framing import Lengths, with_length
from engine.signalr.messages import (
    SHAPES,
    Completion,
    Decoded,
    HubMessage,
    Item,
    Refused,
    Unknown,
    trouble_in,
    type_of,
    why_refused,
)
from engine.signalr.protocol import HubProtocol

_CALL: Final = ("headers", "invocation_id", "target", "arguments", "stream_ids")
_ELEMENTS: Final[Mapping[int, Sequence[str]]] = {
    1: _CALL,
    2: ("headers", "invocation_id", "item"),
    3: ("headers", "invocation_id"),
    4: _CALL,
    5: ("headers", "invocation_id"),
    6: (),
    7: ("error", "allow_reconnect"),
    8: ("sequence_id",),
    9: ("sequence_id",),
}
"""Type -> what follows it in the array; how a completion ends is `_ending` and `_ended`."""
_COMPLETION: Final = 3
_SHAPES: Final[Mapping[int, type[HubMessage]]] = {type_of(one): one for one in SHAPES}
_WRITTEN: Final = {
    type: [
        shape.__struct_encode_fields__[shape.__struct_fields__.index(n)] for n in _ELEMENTS[type]
    ]
    for type, shape in _SHAPES.items()
}
"""The same elements under the names that they have in JSON."""
_READER: Final = msgspec.msgpack.Decoder(list[Any])
_WRITER: Final = msgspec.msgpack.Encoder()


def encode(message: HubMessage) -> bytes:
    """Write a message behind its length."""
    type = type_of(message)
    told = [getattr(message, name) for name in _ELEMENTS[type]]
    ending = _ending(message) if isinstance(message, Completion) else ()
    return with_length(_WRITER.encode((type, *told, *ending)))


def _ending(message: Completion) -> Sequence[Item]:
    """Write how a completion ends as a kind: 1 an error, 2 nothing, 3 a result."""
    if message.error is not None:
        return (1, message.error)
    return (2,) if isinstance(message.result, UnsetType) else (3, message.result)


def decode(body: bytes) -> Decoded:
    """Read a body that has come without its length."""
    try:
        message = _message(_READER.decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        return Refused(reason=why_refused(fault))
    if isinstance(message, Unknown):
        return message
    trouble = trouble_in(message)
    return message if trouble is None else Refused(reason=trouble)


def _message(array: Sequence[Any]) -> HubMessage | Unknown:
    type = msgspec.convert(array[0] if array else None, int)
    shape = _SHAPES.get(type)
    if shape is None:
        return Unknown(type=type)
    named = dict(zip(_WRITTEN[type], array[1:], strict=False))
    if type == _COMPLETION:
        named |= _ended(array[3:])
    return msgspec.convert(named, shape)


def _ended(elements: Sequence[Any]) -> Mapping[str, Item]:
    """Read how a completion ends: its kind, and the value that kinds 1 and 3 have.

    Raises:
        msgspec.ValidationError: There is no such kind, or its value is missing.
    """
    kind = msgspec.convert(elements[0] if elements else None, int)
    match kind, elements[1:]:
        case 1, [error, *_]:
            return {"error": msgspec.convert(error, str)}
        case 2, _:
            return {}
        case 3, [result, *_]:
            return {"result": result}
        case _:
            message = "a completion is of kind 1 or 3 with a value, or of kind 2"
            raise msgspec.ValidationError(message)


MESSAGEPACK: Final = HubProtocol(
    name="messagepack", transfer_format="Binary", encode=encode, decode=decode, frames=Lengths
)
