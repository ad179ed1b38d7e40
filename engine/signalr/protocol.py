"""What a hub protocol is: how messages are written, read, and told apart in a stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from engine.signalr.framing import Frames
from engine.signalr.messages import Decoded, HubMessage

TransferFormat: TypeAlias = Literal["Text", "Binary"]
HIGHEST_VERSION: Final = 2
"""Of both; 2 adds stateful reconnect alone. All below are accepted: signalrcore sends 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubProtocol:
    """One of the protocols that a handshake chooses from.

    Attributes:
        name: As the handshake has it.
        transfer_format: What a transport must carry; the kind of WebSocket frame.
        encode: Writes a message with its frame: the same bytes for every connection of this
            protocol, so once for each event. Raises what msgspec raises for a value that is none.
        decode: Reads a message without its frame; answers any bytes whatever and raises nothing.
        frames: Makes a reader of one connection's stream.
    """

    name: str
    transfer_format: TransferFormat
    encode: Callable[[HubMessage], bytes]
    decode: Callable[[bytes], Decoded]
    frames: Callable[[], Frames]
