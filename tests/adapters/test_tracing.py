"""Spans tell where the time went, join the caller's trace, and hold nothing of anybody (4.10)."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from engine.adapters.memory import MemoryStore
from engine.adapters.tracing.telemetry import Telemetry
from engine.app import wire
from engine.settings import Settings
from engine.testing import CheapPool, FrozenClock, SeededChance, SeededVault
from tests.bench import RIGHT, ROOT, WRONG, bench
from tests.web.surface import ORIGIN, Answer, Browser, Surface, send, surface_of

TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT: Final = f"00-{TRACE}-00f067aa0ba902b7-01"
ALLOWED: Final = {
    "http.request.method", "http.route", "http.response.status_code",
    "trustflow.activity", "trustflow.version",
}  # fmt: skip


class Traced:
    """A surface whose spans are kept in memory."""

    def __init__(self, folder: Path) -> None:
        self.kept = InMemorySpanExporter()
        clock, chance, vault = FrozenClock(), SeededChance(1), SeededVault()
        tracer = Telemetry(SimpleSpanProcessor(self.kept))
        self.house = wire(
            Settings(data=folder), MemoryStore(clock), clock,
            chance=chance, vault=vault, pool=CheapPool(vault), tracer=tracer,
        )  # fmt: skip
        whole = bench(self.house.store, clock, seed=2)
        self.surface, self.bench_surface = surface_of(whole), surface_of(whole)
        self.surface.app = self.house.web(ORIGIN)
        self.bench = whole

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self.kept.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]


def journey(
    folder: Path, story: Callable[[Traced, Browser], Awaitable[object]] | None = None
) -> Traced:
    """Sign in, first wrongly; or tell another story."""
    traced = Traced(folder)

    async def told() -> None:
        await traced.bench.deploy()
        await traced.bench.user()
        browser = traced.surface.browser()
        if story is not None:
            await story(traced, browser)
            return
        step = await browser.begin((await traced.bench.link()).secret)
        for passcode in (WRONG, RIGHT):
            step = await browser.follow(await browser.answer(step, passcode=passcode))
        assert step.title == "Thank you, all done"

    asyncio.run(told())
    return traced


def test_a_request_is_a_span_by_its_routes_template_and_what_it_did_lies_inside(
    tmp_path: Path,
) -> None:
    traced = journey(tmp_path)

    posts = traced.named("POST /web/instances/{instance}")
    assert len(posts) == 2
    attributes = dict(posts[1].attributes or {})
    assert attributes == {
        "http.request.method": "POST",
        "http.route": "/web/instances/{instance}",
        "http.response.status_code": 303,
    }
    inside = [
        span.name
        for span in traced.spans
        if span.parent is not None and span.context is not None
        and span.context.trace_id == posts[1].context.trace_id
    ]  # fmt: skip
    assert {"store.load", "store.commit", "hashing.verify", "activity.run"} <= set(inside)
    labels = {(span.attributes or {}).get("trustflow.activity") for span in traced.spans}
    assert {"Complete Passcode Authentication", "Simple Decider"} <= labels


def test_only_what_is_allowed_stands_in_a_span(tmp_path: Path) -> None:
    traced = journey(tmp_path)

    assert foreign(traced.spans) == set()


def foreign(spans: Sequence[ReadableSpan]) -> set[str]:
    """Give the attributes, events and links that no span may have."""
    found = {name for span in spans for name in (span.attributes or {})} - ALLOWED
    found |= {event.name for span in spans for event in span.events}
    return found | {"a link" for span in spans if span.links}


def test_nothing_of_a_person_stands_in_a_span_and_a_planted_leak_is_found(tmp_path: Path) -> None:
    traced = journey(tmp_path)
    instance = next(iter(_instances(traced)))
    values = (RIGHT, WRONG, "ines.carvalho", instance, "pt_", "customers/", "Ines")

    def leaks() -> list[str]:
        written = [span.to_json() for span in traced.spans]
        return [value for value in values for text in written if value in text]

    clean = leaks()
    with traced.house.tracer.request("", "") as span:  # type: ignore[union-attr]  # there is one
        span.tell("x", {"user": "ines.carvalho"}, failed=False)

    assert clean == []
    assert leaks() == ["ines.carvalho"]
    assert foreign(traced.spans) == {"user"}


def _instances(traced: Traced) -> Iterator[str]:
    store: Any = traced.house.store
    yield from (id for _, id in store._instances)


def test_a_callers_trace_is_joined_and_the_log_line_names_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(traced: Traced, _: Browser) -> None:
        await ask(traced.surface, [("traceparent", PARENT), ("tracestate", "a=b")])

    with caplog.at_level("INFO", "trustflow.web"):
        traced = journey(tmp_path, story)

    (span,) = traced.named("GET /readyz")
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "00f067aa0ba902b7"
    (line,) = (r for r in caplog.records if r.message == "request")
    assert line.facts["trace"] == TRACE  # type: ignore[attr-defined]  # the line's own


MALFORMED: Final = (
    "", "00", f"00-{TRACE}-00f067aa0ba902b7", f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
    f"ff-{TRACE}-00f067aa0ba902b7-01", f"00-{'0' * 32}-00f067aa0ba902b7-01",
    f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}-00f067aa0ba902b7-01-more",
    f"00-{TRACE[:-1]}-00f067aa0ba902b7-01", f"00-{TRACE}g-00f067aa0ba902b7-01",
    f" 00-{TRACE}-00f067aa0ba902b7-zz", "x" * 4_000, f"0-{TRACE}-00f067aa0ba902b7-01",
    f"00_{TRACE}_00f067aa0ba902b7_01", f"00-{TRACE}-00f067aa0ba902b7-0\u00e9",
)  # fmt: skip


@pytest.mark.parametrize("given", MALFORMED)
def test_what_is_no_traceparent_is_passed_over(
    tmp_path: Path, given: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(traced: Traced, _: Browser) -> None:
        await ask(traced.surface, [("traceparent", given)])
        await ask(traced.bench_surface, [("traceparent", given)])

    with caplog.at_level("INFO", "trustflow.web"):
        traced = journey(tmp_path, story)

    (span,) = traced.named("GET /readyz")
    assert span.parent is None
    traces = [
        getattr(r, "facts", {}).get("trace") for r in caplog.records if r.message == "request"
    ]
    assert traces == [f"{span.context.trace_id:032x}", None]


def test_without_traces_a_callers_trace_is_still_in_the_log_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(traced: Traced, _: Browser) -> None:
        await ask(traced.bench_surface, [("traceparent", PARENT)])
        await ask(traced.bench_surface, [("traceparent", PARENT), ("traceparent", PARENT)])

    with caplog.at_level("INFO", "trustflow.web"):
        journey(tmp_path, story)

    facts = [r.facts for r in caplog.records if r.message == "request"]  # type: ignore[attr-defined]  # the line's own
    assert [one.get("trace") for one in facts] == [TRACE, None]


async def ask(house: Surface, headers: list[tuple[str, str]]) -> Answer:
    answer = await send(house.app, "GET", "/readyz", headers=headers)
    assert answer.status == 200
    return answer


WITHOUT: Final = """
import sys

class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Gone())
import engine.cli.main, engine.app, engine.web, activities
assert not any(name.startswith("opentelemetry") for name in sys.modules)
from engine.app import _tracer
from engine.errors import SettingsRefused
from engine.settings import Settings
assert _tracer(Settings()) is None
try:
    _tracer(Settings(traces="http://127.0.0.1:4318/v1/traces"))
except SettingsRefused as refused:
    print(refused.problems[0])
"""


def test_without_the_extra_nothing_is_missing_and_who_wants_it_is_told() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "install trustflow[otel]" in done.stdout


def test_a_collector_that_never_answers_is_not_waited_for_at_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces"
        tracer = Telemetry.sending_to(url)
        for _ in range(2_000):  # several batches: each of them would be waited for
            with tracer.request("", "") as span:
                span.tell("GET /readyz", {}, failed=False)

        tracer.close()
        still_at_it = [one for one in threading.enumerate() if one.name == "traces-end"]

    assert still_at_it
