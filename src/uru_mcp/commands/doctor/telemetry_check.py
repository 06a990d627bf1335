"""Checks the `OTEL_…` variables: whether telemetry is sent and where, and what keeps it from being sent."""

from __future__ import annotations

from collections.abc import Mapping

from uru_mcp.audit.telemetry import Telemetry
from uru_mcp.commands.doctor.checks import Examination, Finding, ok
from uru_mcp.config.otel_variables import read_otel_variables

TELEMETRY = "telemetry"


def examine_telemetry(examination: Examination, environ: Mapping[str, str], name: str = TELEMETRY) -> None:
    """Report what these variables ask for, if they ask for anything. Sends nothing."""
    status = Telemetry(read_otel_variables(environ)).status
    for problem in status.problems:
        examination.tell(name, Finding("warning", problem.message, problem.fix))
    if status.signals:
        seen = f"{' and '.join(status.signals)} of calls go to {' and '.join(status.collectors)}, without arguments"
        examination.tell(name, ok(f"{seen} and results"))
