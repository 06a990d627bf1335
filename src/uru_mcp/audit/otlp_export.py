"""OpenTelemetry's SDK and OTLP exporter: turns finished calls into spans and measurements, and sends them in threads.

The attributes follow the semantic conventions for MCP; what is ours begins with `uru.`. The providers stay in this
module and are never made the global ones: so the spans of the MCP SDK, which hold names and messages of strangers, are
not recorded.

Source: https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md.
"""

from __future__ import annotations

import logging
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Histogram
from opentelemetry.sdk import version as sdk
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from uru_mcp import __version__
from uru_mcp.audit.entry import LONGEST
from uru_mcp.audit.finished_call import FinishedCall
from uru_mcp.audit.trace_context import Arrival, Parent
from uru_mcp.config.otel_variables import OtelVariables
from uru_mcp.config.parsing import is_loopback
from uru_mcp.messages import report_messages
from uru_mcp.untrusted_input.redaction import Redaction

NAME = "uru-mcp"
CALL = "tools/call"
BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)  # seconds, of the conventions
NEXT_WORD = 600.0  # seconds after which a failing collector is reported again
log = logging.getLogger(__name__)


class Delivery:
    """How the last attempts to send ended, for `uru_whoami` and for one line on stderr instead of one for each.

    OpenTelemetry's own messages repeat variables such as headers, so nothing of them is shown but an HTTP status.
    """

    def __init__(self) -> None:
        self._failures: dict[str, str] = {}  # by signal
        self._statuses: dict[str, int] = {}
        self._reported = float("-inf")
        self.is_abandoned = False
        for name in ("opentelemetry", "urllib3"):
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [_StatusReader(self._statuses)], False

    @property
    def failure(self) -> str | None:
        """Why the last attempt failed; None if it did not."""
        failures = [*self._failures.values()]  # a copy, since other threads change it
        return failures[0] if failures else None

    def ended(self, signal: str, *, is_success: bool) -> None:
        status = self._statuses.pop(signal, None)
        if is_success:
            self._failures.pop(signal, None)
            return
        no_status = report_messages.NO_CONNECTION_TO_COLLECTOR
        failure = no_status if status is None else report_messages.HTTP_STATUS.format(status=status)
        self._failures[signal] = failure
        if not self.is_abandoned and time.monotonic() - self._reported > NEXT_WORD:
            self._reported = time.monotonic()
            log.warning("telemetry does not reach the collector (%s); calls go on, and uru_whoami tells more", failure)


class _StatusReader(logging.Handler):
    """Reads HTTP statuses out of the exporters' messages, and drops the rest."""

    def __init__(self, statuses: dict[str, int]) -> None:
        super().__init__(logging.ERROR)
        self._statuses = statuses

    def emit(self, record: logging.LogRecord) -> None:
        for value in record.args if isinstance(record.args, tuple) else ():
            if isinstance(value, int) and 100 <= value < 600:
                self._statuses["metrics" if "metric" in record.name else "traces"] = value


class _SpanExporter(OTLPSpanExporter):
    def __init__(self, url: str, delivery: Delivery, timeout: float | None = None) -> None:
        super().__init__(endpoint=url, session=_session(url), timeout=timeout)
        self._delivery = delivery

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        self._delivery.ended("traces", is_success=result is SpanExportResult.SUCCESS)
        return result


class _MetricExporter(OTLPMetricExporter):
    def __init__(self, url: str, delivery: Delivery, timeout: float | None = None) -> None:
        super().__init__(endpoint=url, session=_session(url), timeout=timeout)
        self._delivery = delivery

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        result = super().export(metrics_data, timeout_millis, **kwargs)
        self._delivery.ended("metrics", is_success=result is MetricExportResult.SUCCESS)
        return result


def failure_of_delivery(variables: OtelVariables, within: float) -> str | None:
    """Why the collector does not accept an empty message of each signal; None if it does. It blocks, for each signal
    up to so many seconds.

    Raises: ValueError and others, as OpenTelemetry does for values of its variables that cannot be used.
    """
    delivery = Delivery()
    if variables.traces is not None:
        spans = _SpanExporter(variables.traces, delivery, within)
        spans.export([])
        spans.shutdown()  # type: ignore[no-untyped-call]
    if variables.metrics is not None:
        metrics = _MetricExporter(variables.metrics, delivery, within)
        metrics.export(MetricsData([]))
        metrics.shutdown()
    return delivery.failure


class Export:
    """Sends from creation until one of the `closers` has returned; nothing here waits for the network.

    Raises: ValueError and others, as OpenTelemetry does for values of its variables that cannot be used.
    """

    def __init__(self, variables: OtelVariables, redaction: Redaction) -> None:
        self._redaction = redaction
        self._delivery = Delivery()
        self._began = time.monotonic()
        self._last = Arrival()
        resource = Resource(dict(_resource(variables, redaction)))
        self._spans: TracerProvider | None = None
        self._metrics: MeterProvider | None = None
        self._exporters: list[OTLPSpanExporter | OTLPMetricExporter] = []
        if variables.traces is not None:
            spans = _SpanExporter(variables.traces, self._delivery)
            self._exporters.append(spans)
            self._spans = TracerProvider(resource=resource, shutdown_on_exit=False)
            self._spans.add_span_processor(BatchSpanProcessor(spans))
            self._tracer = self._spans.get_tracer(NAME, __version__)
        if variables.metrics is not None:
            metrics = _MetricExporter(variables.metrics, self._delivery)
            self._exporters.append(metrics)
            reader = PeriodicExportingMetricReader(metrics)
            self._metrics = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
            self._durations = self._histogram("mcp.server.operation.duration", "duration of a call")
            self._sessions = self._histogram("mcp.server.session.duration", "duration of a session")

    @property
    def failure(self) -> str | None:
        """Why nothing arrives at the collector; None if nothing is known to be wrong."""
        return self._delivery.failure

    def record(self, call: FinishedCall) -> None:
        self._last = call.arrival
        attributes = dict(_attributes(call, self._redaction))
        if self._metrics is not None:
            self._durations.record((call.ended - call.began) / 1e9, attributes)
        if self._spans is not None:
            self._record_span(call, attributes)

    def closers(self) -> Iterator[Callable[[], None]]:
        """Functions that send what is left, each to be called once and in a thread of its own."""
        if self._spans is not None:
            yield self._spans.shutdown
        if self._metrics is not None:
            attributes = {"network.transport": "pipe", **_protocol(self._last)}
            self._sessions.record(time.monotonic() - self._began, attributes)
            yield self._metrics.shutdown

    def abandon(self) -> None:
        """Try nothing again: the closers have taken too long."""
        self._delivery.is_abandoned = True
        for exporter in self._exporters:
            exporter.shutdown()

    def _record_span(self, call: FinishedCall, attributes: dict[str, str]) -> None:
        via = {} if call.via is None else {"uru.via": call.via}
        span = self._tracer.start_span(
            f"{CALL} {attributes['gen_ai.tool.name']}",
            context=_context(call.arrival.parent),
            kind=SpanKind.SERVER,
            attributes={**attributes, **via},
            start_time=call.began,
        )
        if call.error is not None:
            span.set_status(StatusCode.ERROR)  # without a description, which would be the error's text
        span.end(call.ended)

    def _histogram(self, name: str, description: str) -> Histogram:
        assert self._metrics is not None  # noqa: S101  # of the caller
        meter = self._metrics.get_meter(NAME, __version__)
        return meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=BUCKETS)


def _attributes(call: FinishedCall, redaction: Redaction) -> Iterator[tuple[str, str]]:
    yield "mcp.method.name", CALL
    yield "gen_ai.operation.name", "execute_tool"
    yield "gen_ai.tool.name", redaction.text(call.tool)[:LONGEST]
    yield "network.transport", "pipe"
    yield from _protocol(call.arrival).items()
    if call.error is not None:
        yield "error.type", call.error
        if call.error.startswith("-"):
            yield "rpc.response.status_code", call.error
    yield "uru.namespace", redaction.text(call.namespace)[:LONGEST]
    yield "uru.outcome", call.outcome
    yield "uru.permissions.needed", call.needs


def _protocol(arrival: Arrival) -> dict[str, str]:
    return {} if arrival.protocol_version is None else {"mcp.protocol.version": arrival.protocol_version}


def _context(parent: Parent | None) -> Context:
    """The client's span as the parent, without its `tracestate`; a trace of its own without a client's span."""
    if parent is None:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED if parent.is_sampled else TraceFlags.DEFAULT)
    span = NonRecordingSpan(SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=flags))
    return set_span_in_context(span, Context())


def _resource(variables: OtelVariables, redaction: Redaction) -> Iterator[tuple[str, str]]:
    """This process, and what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say of it, which comes last and counts.

    Other detectors are not run: they would tell the command line and the paths of this process.
    """
    yield "telemetry.sdk.language", "python"
    yield "telemetry.sdk.name", "opentelemetry"
    yield "telemetry.sdk.version", sdk.__version__
    yield "service.name", NAME
    yield "service.version", __version__
    yield "service.instance.id", str(uuid4())  # so that two servers are not taken for one
    if variables.names_host:
        yield "host.name", redaction.text(platform.node())
    for name, value in OTELResourceDetector().detect().attributes.items():
        yield redaction.text(name), redaction.text(str(value))


def _session(url: str) -> requests.Session | None:
    """Without the environment's proxy for a collector on this machine, as in requests to Uru; otherwise the default."""
    if not is_loopback(urlsplit(url).hostname or ""):
        return None
    session = requests.Session()
    session.trust_env = False
    return session
