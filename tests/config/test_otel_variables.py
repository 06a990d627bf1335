"""Which `OTEL_…` variables have telemetry sent, where to, and what is said of those that cannot be used."""

from __future__ import annotations

import pytest

from uru_mcp.config.otel_variables import OtelVariables, read_otel_variables

BASE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example:4318/"}
TRACES, METRICS = "https://collector.example:4318/v1/traces", "https://collector.example:4318/v1/metrics"


@pytest.mark.parametrize(
    ("environ", "traces", "metrics"),
    [
        ({}, None, None),
        ({"OTEL_SERVICE_NAME": "x", "OTEL_EXPORTER_OTLP_HEADERS": "a=b", "OTEL_LOGS_EXPORTER": "otlp"}, None, None),
        ({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://a"}, None, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "  "}, None, None),
        (BASE, TRACES, METRICS),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "'https://collector.example:4318'"}, TRACES, METRICS),
        (BASE | {"OTEL_SDK_DISABLED": "True"}, None, None),
        (BASE | {"OTEL_SDK_DISABLED": "false"}, TRACES, METRICS),
        (BASE | {"OTEL_TRACES_EXPORTER": "none"}, None, METRICS),
        (BASE | {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "NONE"}, None, None),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "http://localhost:4318/v1/traces", None),
        ({"OTEL_METRICS_EXPORTER": "OTLP"}, None, "http://localhost:4318/v1/metrics"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a/x"}, "http://a/x", None),
        (BASE | {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://a"}, TRACES, "http://a"),
        (BASE | {"OTEL_EXPORTER_OTLP_PROTOCOL": "HTTP/protobuf"}, TRACES, METRICS),
    ],
)
def test_what_is_sent_and_where(environ: dict[str, str], traces: str | None, metrics: str | None) -> None:
    assert read_otel_variables(environ) == OtelVariables(traces, metrics)


@pytest.mark.parametrize(
    ("environ", "sent", "variable", "said"),
    [
        ({"OTEL_TRACES_EXPORTER": "console"}, (), "OTEL_TRACES_EXPORTER", "stdout carries the MCP protocol"),
        (BASE | {"OTEL_TRACES_EXPORTER": "console"}, ("metrics",), "OTEL_TRACES_EXPORTER", "stdout"),
        (BASE | {"OTEL_METRICS_EXPORTER": "otlp, console"}, ("traces", "metrics"), "OTEL_METRICS_EXPORTER", "stdout"),
        (BASE | {"OTEL_METRICS_EXPORTER": "prometheus"}, ("traces",), "OTEL_METRICS_EXPORTER", "OTLP only"),
        (BASE | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, (), "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        (
            BASE | {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"},
            ("metrics",),
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
            "http/protobuf",
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, (), "OTEL_EXPORTER_OTLP_ENDPOINT", "not an http(s) URL"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:port"}, (), "OTEL_EXPORTER_OTLP_ENDPOINT", "not an http(s) URL"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a\x1b[2Jb"}, (), "OTEL_EXPORTER_OTLP_ENDPOINT", "not an http(s) URL"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "${COLLECTOR}"}, (), "OTEL_EXPORTER_OTLP_ENDPOINT", "placeholder"),
        (
            BASE | {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "s3cret"},
            ("metrics",),
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "not an http(s) URL",
        ),
    ],
)
def test_what_cannot_be_used_is_not_sent_and_said_once_without_its_value(
    environ: dict[str, str], sent: tuple[str, ...], variable: str, said: str
) -> None:
    read = read_otel_variables(environ)
    (problem,) = read.problems
    assert read.signals == sent
    assert problem.details["variable"] == variable
    assert problem.message.startswith(variable)
    assert said in problem.message
    assert variable in problem.fix
    assert "s3cret" not in f"{problem.message}{problem.fix}"


def test_addresses_are_shown_without_credentials_and_paths() -> None:
    read = read_otel_variables(
        {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://user:s3cret@a.example/path?token=s3cret",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "https://a.example/v1/metrics",
        }
    )
    assert read.collectors == ("https://a.example",)


@pytest.mark.parametrize(("names", "expected"), [("", False), ("process,os", False), ("os, host", True), ("*", True)])
def test_the_host_is_named_only_if_its_detector_is_asked_for(names: str, *, expected: bool) -> None:
    assert read_otel_variables({**BASE, "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": names}).names_host is expected
