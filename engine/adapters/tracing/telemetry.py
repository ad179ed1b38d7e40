"""The `Tracer` on OpenTelemetry's SDK, sending to a collector by OTLP over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.metadata import version
from threading import Thread
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from engine.ports.tracing import Facts, Span
from engine.redaction import redacted

EXPORT_SECONDS: Final = 3
"""How long a collector is waited for: what it does not take then is lost, and nobody waits."""
UNNAMED: Final = "request"
_W3C: Final = TraceContextTextMapPropagator()


class Telemetry:
    """Spans of this program, under the name `trustflow`."""

    def __init__(self, processor: SpanProcessor) -> None:
        """Take where spans go."""
        facts = {"service.name": "trustflow", "service.version": version("trustflow")}
        self._provider = TracerProvider(resource=Resource(facts), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("trustflow")

    @classmethod
    def sending_to(cls, url: str) -> Telemetry:
        """Send spans to a collector, in batches, from a thread of their own."""
        exporter = OTLPSpanExporter(endpoint=url, timeout=EXPORT_SECONDS)
        return cls(BatchSpanProcessor(exporter, export_timeout_millis=EXPORT_SECONDS * 1_000))

    @contextmanager
    def request(self, traceparent: str, tracestate: str) -> Iterator[Span]:
        """Begin a request's span, inside the caller's trace if it names one that can be read."""
        given = {"traceparent": traceparent, "tracestate": tracestate}
        around = _W3C.extract({name: text for name, text in given.items() if text})
        with self._tracer.start_as_current_span(
            UNNAMED, context=around, kind=SpanKind.SERVER,
            record_exception=False, set_status_on_exception=False,
        ) as span:  # fmt: skip
            yield _Kept(span)

    def inside(self, name: str, facts: Facts) -> AbstractContextManager[object]:
        """Begin a span inside the one of this request; where there is none, there is none."""
        if not trace.get_current_span().get_span_context().is_valid:
            return nullcontext()
        return self._tracer.start_as_current_span(
            name, attributes=_plain(facts), record_exception=False, set_status_on_exception=False
        )

    def close(self) -> None:
        """Send what is still kept, waiting a few seconds at most.

        OpenTelemetry keeps to no limit of its own here: it would wait for every batch.
        """
        ending = Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        ending.start()
        ending.join(EXPORT_SECONDS)


class _Kept:
    def __init__(self, span: trace.Span) -> None:
        self._span = span
        carried: dict[str, str] = {}
        _W3C.inject(carried)
        self.traceparent = carried.get("traceparent", "")

    def tell(self, name: str, facts: Facts, *, failed: bool) -> None:
        """Say what is known only now."""
        self._span.update_name(name)
        self._span.set_attributes(_plain(facts))
        if failed:
            self._span.set_status(Status(StatusCode.ERROR))


def _plain(facts: Facts) -> dict[str, str | int]:
    """Black out what looks like a secret: the second line, should a span ever say one (D4)."""
    return {
        name: redacted(value) if isinstance(value, str) else value for name, value in facts.items()
    }
