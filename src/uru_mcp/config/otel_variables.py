"""Reads the `OTEL_…` variables of the OpenTelemetry specification: what telemetry is sent, and where; pure.

Without one of `ACTIVATING`, nothing is sent. Headers, certificates, timeouts and batch sizes are read by the exporter.
Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
https://opentelemetry.io/docs/specs/otel/protocol/exporter/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from uru_mcp.config.parsing import unquoted
from uru_mcp.errors import SettingsProblem, UruError

PREFIX = "OTEL_"
DISABLED = "OTEL_SDK_DISABLED"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"
DETECTORS = "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"
DEFAULT_ENDPOINT = "http://localhost:4318"
OTLP, NONE = "otlp", "none"
HTTP_PROTOBUF = "http/protobuf"
SIGNALS = ("traces", "metrics")
ACTIVATING = (
    ENDPOINT,
    *(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT" for signal in SIGNALS),
    *(f"OTEL_{signal.upper()}_EXPORTER" for signal in SIGNALS),
)

IS_FOR_THE_PROTOCOL = "stdout carries the MCP protocol"
CORRECT_ENDPOINT = (
    f"Set {{variable}} to the OTLP/HTTP address of your collector, such as {DEFAULT_ENDPOINT}, or remove it."
)


class OtelVariables(NamedTuple):
    """The URLs that traces and metrics are sent to, None for neither; and what is wrong with the variables.

    `names_host` is whether the user wants the name of this machine among the resource attributes.
    """

    traces: str | None = None
    metrics: str | None = None
    names_host: bool = False
    problems: tuple[SettingsProblem, ...] = ()

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals that are sent: `traces`, `metrics`."""
        return tuple(name for name, url in (("traces", self.traces), ("metrics", self.metrics)) if url is not None)

    @property
    def collectors(self) -> tuple[str, ...]:
        """The addresses that they are sent to, without paths and credentials."""
        return tuple(dict.fromkeys(shown(url) for url in (self.traces, self.metrics) if url is not None))


class TelemetryStatus(NamedTuple):
    """What is sent, and where; `problems` says why something is not."""

    signals: tuple[str, ...] = ()
    collectors: tuple[str, ...] = ()
    problems: tuple[UruError, ...] = ()

    @property
    def member(self) -> dict[str, dict[str, list[str]]]:
        """Of the report: `{"telemetry": {"signals": ["traces"], "collectors": ["https://collector.example:4318"]}}`.

        Empty if no variable asks for anything.
        """
        if not self.signals and not self.problems:
            return {}
        return {"telemetry": {"signals": list(self.signals), "collectors": list(self.collectors)}}


def read_otel_variables(environ: Mapping[str, str]) -> OtelVariables:
    """The `OTEL_…` variables of `environ`, an environment mapping. Problems never keep the server from starting."""
    stripped = {name: unquoted(value) for name, value in environ.items() if name.startswith(PREFIX)}
    given = {name: value for name, value in stripped.items() if value}
    if given.get(DISABLED, "").lower() == "true" or not any(name in given for name in ACTIVATING):
        return OtelVariables()
    urls: dict[str, str] = {}
    problems: dict[str, SettingsProblem] = {}
    for signal in SIGNALS:
        url, found = _read_signal(signal, given)
        problems |= {problem.message: problem for problem in found}
        if url is not None:
            urls[signal] = url
    detectors = {name.strip() for name in given.get(DETECTORS, "").split(",")}
    return OtelVariables(
        urls.get("traces"), urls.get("metrics"), bool(detectors & {"host", "*"}), tuple(problems.values())
    )


def shown(url: str) -> str:
    """The scheme, host and port of a URL: `https://collector.example:4318`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _read_signal(signal: str, given: Mapping[str, str]) -> tuple[str | None, list[SettingsProblem]]:
    """The URL of a signal, None if it is not sent; and the problems of the variables that were looked at."""
    choice, own = f"OTEL_{signal.upper()}_EXPORTER", f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"
    exporters = {word.strip().lower() for word in given.get(choice, "").split(",")} - {""}
    problems = list(_unsupported(choice, exporters))
    if OTLP not in exporters and (exporters or not (own in given or ENDPOINT in given)):
        return None, problems
    protocol = f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL"
    protocol = protocol if protocol in given else PROTOCOL
    if given.get(protocol, HTTP_PROTOBUF).lower() != HTTP_PROTOBUF:
        message = (
            f"{protocol} asks for a protocol that uru-mcp does not speak: it sends telemetry with {HTTP_PROTOBUF}."
        )
        fix = f"Set {protocol} to {HTTP_PROTOBUF} and the endpoint to the collector's port for it, usually 4318."
        return None, [*problems, SettingsProblem(message, fix=fix, variable=protocol)]
    variable = own if own in given else ENDPOINT
    address = given.get(variable, DEFAULT_ENDPOINT)
    fault = _fault(address)
    if fault is not None:
        message = f"{variable} cannot be used: {fault}."
        fix = CORRECT_ENDPOINT.format(variable=variable)
        return None, [*problems, SettingsProblem(message, fix=fix, variable=variable)]
    return address if variable == own else f"{address.rstrip('/')}/v1/{signal}", problems


def _unsupported(choice: str, exporters: set[str]) -> Iterator[SettingsProblem]:
    fix = f"Set {choice} to {OTLP} or {NONE}, or remove it."
    if exporters & {"console", "logging"}:
        message = f"{choice} asks for telemetry on the console, which is not written: {IS_FOR_THE_PROTOCOL}."
        yield SettingsProblem(message, fix=fix, variable=choice)
    if exporters - {OTLP, NONE, "console", "logging"}:
        message = f"{choice} names an exporter that uru-mcp does not have; it sends telemetry with OTLP only."
        yield SettingsProblem(message, fix=fix, variable=choice)


def _fault(address: str) -> str | None:
    """Why an endpoint cannot be used; None if it can."""
    if "${" in address:
        return "it contains a placeholder, ${…}, that the program that starts uru-mcp did not replace"
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return "it is not an http(s) URL"
    if parts.scheme not in ("http", "https") or not parts.hostname or not address.isprintable() or " " in address:
        return "it is not an http(s) URL"
    return None
