"""Calling programs elsewhere: one request, one answer, and nothing that could lead on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

TRAVEL: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "te",
     "upgrade", "keep-alive", "expect", "trailer", "proxy-connection", "user-agent"}
)  # fmt: skip
"""Headers, in lower case, that say how a message travels: they are not the caller's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What is sent.

    Attributes:
        uri: Whole address, printable ASCII.
        headers: (name, value), in order; none of `TRAVEL`.
    """

    method: str
    uri: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What came back: also 3xx, which nobody follows.

    Attributes:
        headers: Name in lower case -> value; of several of one name the last.
        body: 64 KiB at most; what is longer is cut.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """HTTP out (security H1)."""

    def refusal(self, uri: str) -> str | None:
        """Say what is wrong with an address, as far as can be said without asking anybody."""
        ...

    async def send(self, request: HttpRequest) -> HttpAnswer:
        """Send once.

        Raises:
            AddressRefused: The rules refuse it; trying again is in vain.
            HttpFailed: There is no answer: not reached, cut off, too slow, or no HTTP.
        """
        ...
