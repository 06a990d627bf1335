"""Checks the `OTEL_…` variables: whether telemetry is sent, where to, and whether the collector accepts it."""

from __future__ import annotations

from collections.abc import Mapping

from uru_mcp.audit.telemetry import Telemetry
from uru_mcp.commands.doctor.checks import Examination, Finding, ok
from uru_mcp.commands.doctor.desktop_environment import is_network
from uru_mcp.config.environment import replaced_variables
from uru_mcp.config.otel_variables import PREFIX, read_otel_variables

TELEMETRY = "telemetry"


async def examine_telemetry(examination: Examination, environ: Mapping[str, str], name: str = TELEMETRY) -> None:
    """Report what these variables ask for, if they ask for anything. The collector is sent an empty message."""
    telemetry = Telemetry(read_otel_variables(environ))

    async def look() -> Finding:
        with replaced_variables(_matters, environ):
            status = await telemetry.probe()
        if status.problems:
            fixes = dict.fromkeys(problem.fix for problem in status.problems)
            return Finding("warning", " ".join(problem.message for problem in status.problems), " ".join(fixes))
        signals, collectors = " and ".join(status.signals), " and ".join(status.collectors)
        return ok(f"{signals} of calls go to {collectors}, which accepts them; no arguments and no results")

    if telemetry.status.member:
        await examination.look(name, look)


def _matters(variable: str) -> bool:
    return variable.startswith(PREFIX) or is_network(variable)
