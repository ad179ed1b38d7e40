"""Figures for Prometheus: counted from the log, bounded in their labels, for this machine alone."""

from __future__ import annotations

import logging
import socket
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.cli.serving.metrics import Figures, measured
from tests.cli.shell import Run

OURS = logging.getLogger("trustflow.test")


def told(event: str, **facts: object) -> None:
    OURS.warning(event, extra={"facts": facts})


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def asked(port: int) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Ask for the figures: name -> labels -> value."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        family.name: {
            tuple(sorted(sample.labels.items())): sample.value
            for sample in family.samples
            if sample.name.endswith(("_total", "_count"))
        }
        for family in text_string_to_metric_families(text)
    }


def test_what_the_log_tells_is_counted() -> None:
    port = free_port()
    with measured(port):
        for _ in range(2):
            told("request", method="GET", route="/web/instances/{instance}", status=200,
                 milliseconds=3.0, requestId="Z" * 26)  # fmt: skip
        told("request", method="BREW", route="-", status=405, milliseconds=1.0)
        told("instance", instance="Z" * 26, process="sign-in", status="COMPLETED_ENDED_SUCCESS")
        told("source-limit", source="198.51.100.7")
        found = asked(port)

    route = ("route", "/web/instances/{instance}")
    assert found["trustflow_http_requests"] == {
        (("method", "GET"), route, ("status", "2xx")): 2,
        (("method", "other"), ("route", "-"), ("status", "4xx")): 1,
    }
    assert found["trustflow_http_request_seconds"][("method", "GET"), route] == 2
    assert found["trustflow_instances"] == {(("status", "COMPLETED_ENDED_SUCCESS"),): 1}
    assert found["trustflow_events"] == {(("event", "source-limit"), ("level", "warning")): 1}
    shown = repr(found)
    assert "198.51.100.7" not in shown
    assert "ZZZ" not in shown
    assert "sign-in" not in shown


def test_nothing_is_counted_or_served_without_a_port() -> None:
    before = list(logging.getLogger("trustflow").handlers)

    with measured(None):
        assert logging.getLogger("trustflow").handlers == before


def test_the_counting_ends_with_the_server() -> None:
    with measured(free_port()):
        assert any(isinstance(one, Figures) for one in logging.getLogger("trustflow").handlers)

    assert not any(isinstance(one, Figures) for one in logging.getLogger("trustflow").handlers)


def test_a_port_that_is_taken_is_told(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("store", "add", "customers")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("TRUSTFLOW_METRICS_PORT", str(taken.getsockname()[1]))
        done = run("serve", "--port", "0")

    assert done.exit_code == 1
    assert "Figures cannot be served at 127.0.0.1" in done.output
