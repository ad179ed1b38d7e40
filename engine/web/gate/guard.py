"""The outer ring: request id, security headers, the one broad `except`, one log line. Pure ASGI."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import chain

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.access.keys import Caller
from engine.access.permissions import Permission
from engine.errors import (
    ActivityMissing,
    Busy,
    StoreUnavailable,
    TrustflowError,
    UnknownInstance,
    UnknownOutcome,
)
from engine.logs import frames_of
from engine.ports.tracing import ROUTE
from engine.web.answers import stop
from engine.web.gate.traces import trace_of
from engine.web.links import HUB_PATH
from engine.web.listening.sockets import put_off, serve
from engine.web.request import Ask, Web
from engine.web.sources import seconds_until

HEAD_BYTES = 16 * 1024
ASK = "trustflow.ask"
"""The scope's key under which the routes find the request's `Ask`."""
BUSY_SECONDS = 5

log = logging.getLogger("trustflow.web")


_CLOSED = (
    "default-src 'none'; base-uri 'none'; object-src 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


def security_headers(*, is_https: bool) -> Mapping[bytes, bytes]:
    """List what every response carries unless it says something stricter of its own (F1)."""
    always = {
        "content-security-policy": _CLOSED,
        "x-content-type-options": "nosniff",
        # With no-referrer a form's POST would carry `Origin: null` (E2).
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cache-control": "no-store",
    }
    if is_https:
        always["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    return {name.encode(): value.encode() for name, value in always.items()}


class Guard:
    """Stands around the routes: nothing leaves without its headers or breaks without its page."""

    def __init__(self, routes: ASGIApp, web: Web) -> None:
        self._routes = routes
        self._web = web
        self._headers = security_headers(is_https=web.config.is_https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass the server's own messages on."""
        if scope["type"] == "lifespan":
            await self._routes(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._listen(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _listen(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a socket of the hub; there are no others, so any path leads there (rtas.md 6).

        Not by its Host, which some clients write without a port: token and Origin decide.
        """
        chance, clock = self._web.journeys.chance, self._web.journeys.clock
        head: Scope = {**scope, "type": "http", "method": "GET"}
        ask = Ask(id=chance.id(), request=Request(head), web=self._web)
        ask.place, began, status = HUB_PATH, clock.now(), 500
        try:
            status = await _socket_status(ask, scope, receive, send)
        except Exception as fault:  # noqa: BLE001 - the one around a socket: its task ends in peace
            _report_fault(ask, fault)
        finally:
            _report(ask, status, (clock.now() - began).total_seconds())

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        chance, clock = self._web.journeys.chance, self._web.journeys.clock
        ask = Ask(id=chance.id(), request=Request(scope, receive), web=self._web)
        scope[ASK] = ask
        began, sent = clock.now(), _Sent(send, self._headers)
        try:
            await self._guarded(scope, receive, sent, ask)
        except ClientDisconnect:
            sent.status = sent.status or 499
        finally:
            _report(ask, sent.status, (clock.now() - began).total_seconds())
            scope[ROUTE] = ask.place
            del scope[ASK]  # else it holds itself, and stays until the collector comes

    async def _guarded(self, scope: Scope, receive: Receive, sent: _Sent, ask: Ask) -> None:
        try:
            if _head_bytes(scope) > HEAD_BYTES:
                await stop(ask, "headers")(scope, receive, sent)
            else:
                await self._routes(scope, receive, sent)
        except ClientDisconnect:
            raise
        except Exception as fault:  # noqa: BLE001 - the one around a request: nothing breaks without its page
            response = _explain(ask, fault)
            if not sent.status:  # else it is too late for a page: the server closes the connection
                await response(scope, receive, sent)


async def _socket_status(ask: Ask, scope: Scope, receive: Receive, send: Send) -> int:
    """Serve a socket, unless its source must wait (C4); give the status of the answer."""
    until = ask.web.sources.waits_until(ask.source)
    if until is None:
        return await serve(ask, scope, receive, send)
    report_limit(ask)
    seconds = seconds_until(until, ask.web.journeys.clock.now())
    return await put_off(scope, receive, send, seconds=seconds)


def _explain(ask: Ask, fault: Exception) -> Response:
    """Say what a person or program may know of a fault; the rest goes to the log."""
    match fault:
        case UnknownInstance():
            return stop(ask, "lost")
        case Busy():
            return stop(ask, "busy", retry_after=fault.retry_after)
        case StoreUnavailable() | UnknownOutcome():
            _report_fault(ask, fault)
            return stop(ask, "busy", retry_after=BUSY_SECONDS)
        case _:
            _report_fault(ask, fault)
            return stop(ask, "error")


def _head_bytes(scope: Scope) -> int:
    headers = sum(map(len, chain.from_iterable(scope["headers"])))
    return headers + len(scope.get("raw_path") or b"") + len(scope["query_string"])


class _Sent:
    """Sends on, with every header that is still missing, and remembers the status."""

    def __init__(self, send: Send, headers: Mapping[bytes, bytes]) -> None:
        self._send = send
        self._headers = headers
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            missing = dict(self._headers)
            for name, _ in message["headers"]:
                missing.pop(name.lower(), None)
            message["headers"] = [*message["headers"], *missing.items()]
        await self._send(message)


def _report(ask: Ask, status: int, seconds: float) -> None:
    """One line per request: the route's template, never the path, the query or a body (D5)."""
    _tell(ask, logging.INFO, "request", status=status, milliseconds=round(seconds * 1000, 1))


def _report_fault(ask: Ask, fault: Exception) -> None:
    """Say which fault and where, not what it said: that may hold what a person typed (D5)."""
    code = fault.code if isinstance(fault, TrustflowError) else "unexpected"
    kind = type(fault).__qualname__
    if isinstance(fault, ActivityMissing):  # an incident of this instance, for as long as it lasts
        instance = ask.entered.session.instance if ask.entered is not None else "-"
        _tell(ask, logging.ERROR, "incident", instance=instance, code=code, reason=str(fault))
        return
    _tell(ask, logging.ERROR, "fault", code=code, type=kind, frames=frames_of(fault))


def report_limit(ask: Ask) -> None:
    """Write the security event of a source that must wait (C6)."""
    _tell(ask, logging.WARNING, "source-limit", source=ask.source)


def report_denial(ask: Ask, caller: Caller, wanted: Permission) -> None:
    """Write the security event of a key that asked for more than it may."""
    _tell(ask, logging.WARNING, "denied", actor=caller.name, permission=wanted.written)


def _tell(ask: Ask, level: int, event: str, **facts: object) -> None:
    known = {"requestId": ask.id, "method": ask.request.method[:16], "route": ask.place}
    trace = trace_of(ask.request)
    if trace is not None:
        known["trace"] = trace
    log.log(level, event, extra={"facts": known | facts})
