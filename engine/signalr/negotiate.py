"""Negotiation: which version is asked for, and the answer that names ids and transports.

Source: TransportProtocols.md, "POST [endpoint-base]/negotiate request". Ids come from outside: of
characters that need no encoding in a URL, since clients do not encode them; .NET's are 16 random
bytes in base64url. Stateful reconnect is not granted, which is said by not mentioning it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from engine.signalr.messages import Refused
from engine.signalr.transports import TRANSPORTS, Transport

NegotiateVersion: TypeAlias = Literal[0, 1]
CONTENT_TYPE: Final = "application/json"
_INTEGER: Final = re.compile(r"\s*([+-]?[0-9]{1,10})\s*", re.ASCII)
_LARGEST: Final = 2**31 - 1


def version_asked_for(query: Iterable[tuple[str, str]]) -> NegotiateVersion | Refused:
    """Read the version from a query's names and values; 0 where there is none.

    The name's case does not matter. More than 1 is answered with 1, the highest that there is.
    """
    values = [value for name, value in query if name.lower() == "negotiateversion"]
    if not values:
        return 0
    found = _INTEGER.fullmatch(",".join(values))
    if found is None or not -_LARGEST - 1 <= int(found[1]) <= _LARGEST:
        return Refused(reason="The client requested a non-integer protocol version.")
    if int(found[1]) < 0:
        asked = f"The client requested version '{int(found[1])}'"
        return Refused(reason=f"{asked}, but the server does not support this version.")
    return 1 if int(found[1]) else 0


class _Transport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    transport: str
    transfer_formats: Sequence[str]


class _Negotiated(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    negotiate_version: int
    connection_id: str
    connection_token: str | None = None
    available_transports: Sequence[_Transport]


class _NotNegotiated(msgspec.Struct, frozen=True, kw_only=True):
    error: str


def negotiated(
    version: NegotiateVersion,
    *,
    connection_id: str,
    connection_token: str,
    served: Sequence[Transport] = TRANSPORTS,
) -> bytes:
    """Write the body that gives a client its ids and transports; the status is 200.

    Args:
        version: The one asked for.
        connection_id: Public. Of version 0 it is also the secret: what the client sends as `id`.
        connection_token: Secret, what the client of version 1 sends as `id`.
        served: In the order in which they are to be tried.
    """
    transports = [
        _Transport(transport=one.name, transfer_formats=one.transfer_formats) for one in served
    ]
    answer = _Negotiated(
        negotiate_version=version,
        connection_id=connection_id,
        connection_token=connection_token if version else None,
        available_transports=transports,
    )
    return msgspec.json.encode(answer)


def not_negotiated(refused: Refused) -> bytes:
    """Write the body that ends a client's start; the status is 200 all the same."""
    return msgspec.json.encode(_NotNegotiated(error=refused.reason))
