"""An OpenTelemetry collector for tests: OTLP over HTTP on loopback, which keeps what it was sent and can misbehave."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint, Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """What was sent to `url` so far. `status` is what it answers with; while it `hangs`, it answers nothing at all."""

    url: str = ""
    status: int = 200
    hangs: bool = False
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, _, body in self.requests]

    @property
    def spans(self) -> list[Span]:
        return [span for resource in self._traces for scope in resource.scope_spans for span in scope.spans]

    def points(self, name: str) -> list[HistogramDataPoint]:
        """The newest data points of a histogram: sums since the server started, one for each set of attributes."""
        newest: list[HistogramDataPoint] = []
        for metric in self._metrics_named(name):
            newest = [*metric.histogram.data_points]
        return newest

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The resource attributes of each request."""
        metrics = (one for request in self._metrics for one in request.resource_metrics)
        return [attributes(one.resource.attributes) for one in (*self._traces, *metrics)]

    @property
    def _traces(self) -> Iterator[Any]:
        for path, _, body in self.requests:
            if path.endswith("/v1/traces"):
                yield from ExportTraceServiceRequest.FromString(body).resource_spans

    @property
    def _metrics(self) -> list[ExportMetricsServiceRequest]:
        found = [body for path, _, body in self.requests if path.endswith("/v1/metrics")]
        return [ExportMetricsServiceRequest.FromString(body) for body in found]

    def _metrics_named(self, name: str) -> Iterator[Metric]:
        for request in self._metrics:
            for resource in request.resource_metrics:
                for scope in resource.scope_metrics:
                    yield from (metric for metric in scope.metrics if metric.name == name)


def attributes(pairs: Sequence[KeyValue]) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in pairs}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens until the end of the block."""
    collector = Collector()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.requests.append((self.path, dict(self.headers), body))
            if collector.hangs:
                collector.released.wait()
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is written to stderr."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Who sent it may be gone before the answer."""

    with Server(("127.0.0.1", 0), Receiver) as server:
        collector.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            collector.released.set()
            server.shutdown()
            thread.join()
