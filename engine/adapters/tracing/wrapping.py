"""Ports and activities whose calls become spans: the same behaviour, and a name for the time."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

from engine.activity import Activity
from engine.ports.outside import HashPool, Slot
from engine.ports.tracing import ROUTE, Facts, Tracer

P = TypeVar("P")
Scope = Any
"""ASGI's own words: a scope, its receive and its send."""
App = Callable[[Scope, Any, Any], Awaitable[None]]
CLOSED: Final = 499
"""The caller went away before anything was answered."""
PARTS: Final = ("run", "enter", "resume", "prepare", "attempt")


def traced(port: P, name: str, tracer: Tracer) -> P:
    """Wrap a port: each of its coroutines is a span `<name>.<method>`."""
    return cast("P", _Traced(port, name, tracer))


class _Traced:
    def __init__(self, port: object, name: str, tracer: Tracer) -> None:
        self._port, self._name, self._tracer = port, name, tracer

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not inspect.iscoroutinefunction(found):
            return found
        return _spanned(found, f"{self._name}.{name}", {}, self._tracer)


def _spanned(
    code: Callable[..., Any], name: str, facts: Facts, tracer: Tracer
) -> Callable[..., Any]:
    async def call(*given: Any, **named: Any) -> Any:
        with tracer.inside(name, facts):
            return await code(*given, **named)

    return call


class TracedPool:
    """The hash pool: waiting for a place and hashing are spans."""

    def __init__(self, pool: HashPool, tracer: Tracer) -> None:
        """Wrap a pool."""
        self._pool, self._tracer = pool, tracer
        self.dummy = pool.dummy

    def reserve(self) -> AbstractAsyncContextManager[Slot]:
        """Take a place for the length of the block. Raises `Busy` at once when there is none."""
        return self._reserved()

    def is_old(self, stored: str) -> bool:
        """Whether a record was made with other parameters or another pepper key than today's."""
        return self._pool.is_old(stored)

    @asynccontextmanager
    async def _reserved(self) -> AsyncIterator[Slot]:
        async with self._pool.reserve() as slot:
            yield traced(slot, "hashing", self._tracer)


def traced_activity(activity: Activity, tracer: Tracer) -> Activity:
    """Wrap an activity: each call of it is a span that names its label and version."""
    signature = activity.signature
    facts: Facts = {
        "trustflow.activity": signature.label,
        "trustflow.version": signature.version,
    }

    def wrapped(code: Callable[..., Any], name: str) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(code):
            return _spanned(code, name, facts, tracer)

        def call(*given: Any) -> Any:
            with tracer.inside(name, facts):
                return code(*given)

        return call

    parts = {part: getattr(activity, part) for part in PARTS}
    there: dict[str, Any] = {part: code for part, code in parts.items() if code is not None}
    changed: dict[str, Any] = {part: wrapped(there[part], f"activity.{part}") for part in there}
    return replace(activity, **changed)


def traced_app(app: App, tracer: Tracer) -> App:
    """Wrap the surface: each request is a span that names method, route's template and status.

    What the caller's `traceparent` says is replaced by the span's own, which the log line repeats.
    """

    async def answer(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        status = 0

        async def sent(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        read = _only(scope)
        with tracer.request(read("traceparent"), read("tracestate")) as span:
            scope["headers"] = _led_on(scope["headers"], span.traceparent)
            try:
                await app(scope, receive, sent)
            finally:
                method, route = _method(scope), str(scope.get(ROUTE, "-"))
                facts: Facts = {
                    "http.request.method": method,
                    "http.route": route,
                    "http.response.status_code": status or CLOSED,
                }
                span.tell(f"{method} {route}", facts, failed=status >= 500)

    return answer


def _method(scope: Scope) -> str:
    """Give the method; a made-up one as OpenTelemetry wants it."""
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return str(scope["method"]) if scope["method"] in known else "_OTHER"


def _only(scope: Scope) -> Callable[[str], str]:
    """Give a reader of headers that are taken only where they stand once."""

    def read(name: str) -> str:
        found = [value for given, value in scope["headers"] if given == name.encode()]
        return str(found[0].decode("latin-1")) if len(found) == 1 else ""

    return read


def _led_on(headers: Any, traceparent: str) -> list[tuple[bytes, bytes]]:
    others = [(name, value) for name, value in headers if name != b"traceparent"]
    return [*others, (b"traceparent", traceparent.encode())]
