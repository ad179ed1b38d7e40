"""One request over one connection to a checked address: nothing is followed, kept or unpacked."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

import h11

from engine.adapters.http.addresses import Rules, Target, all_public
from engine.errors import AddressRefused, HttpFailed
from engine.ports.http import TRAVEL, HttpAnswer, HttpRequest

AGENT: Final = "trustflow"
HEAD_BYTES: Final = 16_384
_CHUNK: Final = 16_384

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) -> every address; asked once a request."""
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[str, Target, ssl.SSLContext | None], Awaitable[Streams]]
"""(address, target, TLS) -> a connection to that very address, certified for the target's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much (H1)."""

    connect_seconds: float = 5.0
    total_seconds: float = 10.0
    body_bytes: int = 65_536


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for every address of a host."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]


async def dial(address: str, target: Target, tls: ssl.SSLContext | None) -> Streams:
    """Connect to an address; what is said of the name comes from the target."""
    name = target.host if tls is not None else None
    return await asyncio.open_connection(
        address, target.port, ssl=tls, server_hostname=name, limit=_CHUNK
    )


@lru_cache(maxsize=8)
def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Check certificates against the system's authorities, and those of a PEM file."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeHttp:
    """`Http` by the rules of security H1. Holds no connection, cookie or proxy."""

    rules: Rules = field(default_factory=Rules)
    ca_file: Path | None = None
    limits: Limits = field(default_factory=Limits)
    resolve: Resolve = resolve
    dial: Dial = dial

    def refusal(self, uri: str) -> str | None:
        """Say what is wrong with an address, as far as can be said without asking anybody."""
        found = self.rules.target(uri)
        return found if isinstance(found, str) else None

    async def send(self, request: HttpRequest) -> HttpAnswer:
        """Send once.

        Raises:
            AddressRefused: The rules refuse it.
            HttpFailed: There is no answer.
        """
        target = self.rules.target(request.uri)
        if isinstance(target, str):
            raise AddressRefused(reason=target)
        head = _head(request, target)
        try:
            async with asyncio.timeout(self.limits.total_seconds):
                return await self._exchanged(request, target, head)
        except TimeoutError:
            raise HttpFailed(reason="it took too long", host=target.host) from None
        except ssl.SSLCertVerificationError as error:
            reason = f"its certificate is not good: {error.verify_message}"
            raise HttpFailed(reason=reason, host=target.host) from None
        except ssl.SSLError:
            raise HttpFailed(reason="TLS cannot be agreed on", host=target.host) from None
        except h11.RemoteProtocolError:
            reason = "what came back is no HTTP, or was cut off"
            raise HttpFailed(reason=reason, host=target.host) from None
        except OSError:
            raise HttpFailed(reason="the connection was cut off", host=target.host) from None

    async def _exchanged(
        self, request: HttpRequest, target: Target, head: h11.Request
    ) -> HttpAnswer:
        reader, writer = await self._connected(target)
        try:
            machine = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
            writer.write(machine.send(head) or b"")
            if request.body:
                writer.write(machine.send(h11.Data(data=request.body)) or b"")
            writer.write(machine.send(h11.EndOfMessage()) or b"")
            await writer.drain()
            return await self._answer(machine, reader)
        finally:
            writer.transport.abort()  # at once: who answers for ever is not waited for

    async def _connected(self, target: Target) -> Streams:
        """Connect to the first address that answers, of those that were looked at."""
        tls = _trusting(self.ca_file) if target.scheme == "https" else None
        try:
            async with asyncio.timeout(self.limits.connect_seconds):
                addresses = await self._addresses(target)
                for address in addresses[:-1]:
                    with suppress(OSError):
                        return await self.dial(address, target, tls)
                return await self.dial(addresses[-1], target, tls)
        except (ssl.SSLError, AddressRefused, HttpFailed):
            raise
        except OSError:  # TimeoutError is one
            raise HttpFailed(reason="nobody answers there", host=target.host) from None

    async def _addresses(self, target: Target) -> Sequence[str]:
        """Resolve once: what is looked at is what is connected to (H1)."""
        try:
            found = list(dict.fromkeys(await self.resolve(target.host, target.port)))
        except OSError:
            found = []
        if not found:
            raise HttpFailed(reason="nobody knows this host", host=target.host)
        if not target.trusted and not all_public(found):
            reason = "the host has an address that is not a public one"
            raise AddressRefused(reason=reason, host=target.host)
        return found

    async def _answer(self, machine: h11.Connection, reader: asyncio.StreamReader) -> HttpAnswer:
        status, headers, body = 0, dict[str, str](), b""
        while True:
            event = machine.next_event()
            if event is h11.NEED_DATA:
                machine.receive_data(await reader.read(_CHUNK))
            elif isinstance(event, h11.Response):
                status = event.status_code
                headers = {name.decode(): _text(value) for name, value in event.headers}
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            if status and (len(body) >= self.limits.body_bytes or _is_through(event)):
                whole = body[: self.limits.body_bytes]
                return HttpAnswer(status=status, headers=headers, body=whole)


def _is_through(event: object) -> bool:
    return isinstance(event, h11.EndOfMessage | h11.ConnectionClosed)


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def _head(request: HttpRequest, target: Target) -> h11.Request:
    """Write the head. Raises `AddressRefused` where a header is none, or not the caller's."""
    given = [(name, value) for name, value in request.headers if name.lower() not in TRAVEL]
    headers = [("Host", target.authority), ("User-Agent", AGENT), *given]
    headers += [("Accept-Encoding", "identity"), ("Connection", "close")]
    if request.method != "GET":
        headers.append(("Content-Length", str(len(request.body))))
    if len(given) != len(request.headers):
        raise AddressRefused(reason="a header says how the message travels", host=target.host)
    try:
        return h11.Request(method=request.method, target=target.path, headers=headers)
    except (h11.LocalProtocolError, UnicodeEncodeError):
        reason = "a header has a name or value that none can have"
        raise AddressRefused(reason=reason, host=target.host) from None
