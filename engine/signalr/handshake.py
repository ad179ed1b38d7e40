"""The handshake: the first record of a connection, always JSON, which chooses the hub protocol.

Source: HubProtocol.md, "Overview" and "HandshakeRequest"; texts as .NET's server has them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Final

import msgspec

from engine.signalr.framing import SEPARATOR
from engine.signalr.json_protocol import JSON
from engine.signalr.messagepack_protocol import MESSAGEPACK
from engine.signalr.messages import Refused
from engine.signalr.protocol import HIGHEST_VERSION, HubProtocol, TransferFormat

PROTOCOLS: Final[Mapping[str, HubProtocol]] = {one.name: one for one in (JSON, MESSAGEPACK)}
SUCCEEDED: Final = b"{}" + SEPARATOR
CANCELED: Final = Refused(reason="Handshake was canceled.")
"""It did not come in time, or the server is going down."""
UNEXPECTED: Final = Refused(reason="An unexpected error occurred during connection handshake.")
"""The first record is no handshake."""


class _Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for; other properties are ignored."""

    protocol: str
    version: Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]


class _Failed(msgspec.Struct, frozen=True, kw_only=True):
    error: str


_READER: Final = msgspec.json.Decoder(_Request)


def agreed(record: bytes, transfer_formats: Collection[TransferFormat]) -> HubProtocol | Refused:
    """Read a handshake request, and choose the protocol that it names.

    Args:
        record: Without its separator.
        transfer_formats: Of the transport that it came by.
    """
    try:
        request = _READER.decode(record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return UNEXPECTED
    protocol = PROTOCOLS.get(request.protocol.lower())
    if protocol is None:
        return Refused(reason=f"The protocol '{request.protocol}' is not supported.")
    if request.version > HIGHEST_VERSION:
        cannot = f"The server does not support version {request.version}"
        return Refused(reason=f"{cannot} of the '{request.protocol}' protocol.")
    if protocol.transfer_format not in transfer_formats:
        cannot = f"Cannot use the '{protocol.name}' protocol on the current transport."
        wanted = f"The transport does not support '{protocol.transfer_format}' transfer format."
        return Refused(reason=f"{cannot} {wanted}")
    return protocol


def failed(refused: Refused) -> bytes:
    """Write the answer after which the transport is ended."""
    return msgspec.json.encode(_Failed(error=refused.reason)) + SEPARATOR
