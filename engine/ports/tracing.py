"""Traces: where the time of a request went, as spans inside each other."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Final, Protocol

ROUTE: Final = "trustflow.route"
"""The key of ASGI's scope under which the surface leaves the template of what answered."""
Facts = Mapping[str, str | int]
"""Of a span: bounded words, a route's template say. No id, no name of a person and no value."""


class Span(Protocol):
    """A length of time under a name."""

    traceparent: str
    """What whoever is called is told of it (W3C Trace Context)."""

    def tell(self, name: str, facts: Facts, *, failed: bool) -> None:
        """Say what is known only now: its name, and whether it broke."""
        ...


class Tracer(Protocol):
    """Keeps spans and sends them on, in the background."""

    def request(self, traceparent: str, tracestate: str) -> AbstractContextManager[Span]:
        """Begin a request's span, inside the caller's trace if it names one that can be read."""
        ...

    def inside(self, name: str, facts: Facts) -> AbstractContextManager[object]:
        """Begin a span inside the one of this request; where there is none, there is none."""
        ...

    def close(self) -> None:
        """Send what is still kept, waiting a few seconds at most."""
        ...
