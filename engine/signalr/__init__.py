"""The hub protocol of ASP.NET Core SignalR, without sockets: bytes, queries and time -> the same.

Knows nothing of ours, not even our errors: whatever bytes come, the answer is a value. Reads no
clock, makes no ids, waits for nothing. It is all that a server may be asked for, also what our hub
asks of nobody: methods to call, items of streams, endpoints that serve some transports alone.
`connection` is the machine, `negotiate` and `transports` are the HTTP around it.
"""

from engine.signalr.connection import Connection, Ended, Happened, Opened
from engine.signalr.handshake import PROTOCOLS
from engine.signalr.messages import Invocation, Item, Refused
from engine.signalr.protocol import HubProtocol, TransferFormat
from engine.signalr.transports import (
    LONG_POLLING,
    SERVER_SENT_EVENTS,
    TRANSPORTS,
    WEB_SOCKETS,
    Transport,
)

__all__ = [
    "LONG_POLLING",
    "PROTOCOLS",
    "SERVER_SENT_EVENTS",
    "TRANSPORTS",
    "WEB_SOCKETS",
    "Connection",
    "Ended",
    "Happened",
    "HubProtocol",
    "Invocation",
    "Item",
    "Opened",
    "Refused",
    "TransferFormat",
    "Transport",
]
