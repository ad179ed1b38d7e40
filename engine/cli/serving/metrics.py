"""Figures for Prometheus: counted from the lines of the log, which tell every event once.

Labels hold what is bounded: a route's template, a status, the name of an event. No id, no name of a
person and no address ever becomes one (issue: no personal data in labels).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server

from engine.cli.command import fail
from engine.cli.serving.logs import OURS

HOST: Final = "127.0.0.1"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "DELETE"})
SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OTHER: Final = "other"


class Figures(logging.Handler):
    """Counts log records in a registry of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "trustflow_http_requests", "Requests answered.",
            ["method", "route", "status"], registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "trustflow_http_request_seconds", "How long an answer took.",
            ["method", "route"], buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self._instances = Counter(
            "trustflow_instances", "Process instances by what became of them.",
            ["status"], registry=self.registry,
        )  # fmt: skip
        self._events = Counter(
            "trustflow_events", "Whatever else the log tells: faults, incidents, limits.",
            ["event", "level"], registry=self.registry,
        )  # fmt: skip

    def emit(self, record: logging.LogRecord) -> None:
        """Count one record."""
        facts: Mapping[str, object] = getattr(record, "facts", {})
        if record.msg == "request":
            self._request(facts)
        elif record.msg == "instance":
            self._instances.labels(str(facts.get("status"))).inc()
        else:
            self._events.labels(str(record.msg), record.levelname.lower()).inc()

    def _request(self, facts: Mapping[str, object]) -> None:
        method = str(facts.get("method"))
        method = method if method in METHODS else OTHER
        route, status = str(facts.get("route")), facts.get("status")
        self._requests.labels(method, route, f"{str(status)[:1]}xx").inc()
        milliseconds = facts.get("milliseconds")
        if isinstance(milliseconds, int | float):
            self._seconds.labels(method, route).observe(milliseconds / 1000)


@contextlib.contextmanager
def measured(port: int | None) -> Iterator[None]:
    """Serve figures at `http://127.0.0.1:<port>/metrics` for the length of the block.

    None: nobody counts. Only this machine can ask: a collector elsewhere comes by a way of its own.
    """
    if port is None:
        yield
        return
    figures, log = Figures(), logging.getLogger(OURS)
    try:
        server, thread = start_http_server(port, HOST, figures.registry)
    except OSError as error:
        fail(f"Figures cannot be served at {HOST}:{port}: {error.strerror}.")
    log.addHandler(figures)
    try:
        yield
    finally:
        log.removeHandler(figures)
        server.shutdown()
        thread.join()
        server.server_close()
