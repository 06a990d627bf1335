"""Sends a span and a measurement of each call to the user's collector, if `OTEL_…` variables name one.

It imports nothing of OpenTelemetry until a while after the first list of tools is sent or a call has ended; earlier
calls wait in memory. It knows neither arguments nor results. See `otlp_export.py` for what is sent.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import anyio

from uru_mcp.audit.finished_call import FinishedCall
from uru_mcp.config.otel_variables import OtelVariables, TelemetryStatus
from uru_mcp.errors import SettingsProblem
from uru_mcp.lazy_imports import TELEMETRY, in_parts
from uru_mcp.messages import report_messages
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.worker_threads import in_thread

if TYPE_CHECKING:
    from uru_mcp.audit.otlp_export import Export

REQUIREMENT = "opentelemetry-exporter-otlp-proto-http>=1.45,<2"  # of the extra `otel`; it brings the rest along
MODULES = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")
MOST_WAITING = 2048  # calls until the exporter is imported, as many as it queues itself
CLOSE_WITHIN = 0.8  # seconds at the end for sending what is left
OPEN_AFTER = 1.0  # seconds for more urgent work, before an import of half a second blocks the event loop in parts
PROBE_WITHIN = 5.0  # seconds for each signal
LOOKS = 0.005  # seconds between two looks at the threads that send it

log = logging.getLogger(__name__)


class Telemetry:
    """Takes finished calls at any time, and sends them while it is `running`. Does nothing if there is no collector."""

    def __init__(
        self,
        variables: OtelVariables,
        redaction: Redaction | None = None,
        *,
        open_after: float = OPEN_AFTER,
        close_within: float = CLOSE_WITHIN,
    ) -> None:
        is_lacking = bool(variables.signals) and not _is_installed()
        self._variables = OtelVariables(problems=(*variables.problems, _not_installed())) if is_lacking else variables
        self._redaction = redaction or Redaction()
        self._open_after, self._close_within = open_after, close_within
        self._waiting: deque[FinishedCall] = deque(maxlen=MOST_WAITING)
        self._is_wanted = anyio.Event()
        self._has_failed = False
        self._export: Export | None = None

    @property
    def is_on(self) -> bool:
        return bool(self._variables.signals) and not self._has_failed

    @property
    def status(self) -> TelemetryStatus:
        """What is sent and where, and why something is not."""
        problems: tuple[SettingsProblem, ...] = self._variables.problems
        if self._has_failed:
            return TelemetryStatus(problems=(*problems, _not_started()))
        if self._export is not None and (reason := self._export.failure) is not None:
            problems = (*problems, _not_accepted(self._variables.collectors, reason))
        return TelemetryStatus(self._variables.signals, self._variables.collectors, problems)

    async def probe(self) -> TelemetryStatus:
        """The status, as the collector's answer to an empty message shows it."""
        if not self.is_on:
            return self.status
        try:
            await in_parts(TELEMETRY)
            from uru_mcp.audit.otlp_export import failure_of_delivery

            reason = await in_thread(lambda: failure_of_delivery(self._variables, PROBE_WITHIN))
        except Exception as error:  # boundary: what is broken there is reported
            self._fail(error)
            return self.status
        problems = () if reason is None else (_not_accepted(self._variables.collectors, reason),)
        return self.status._replace(problems=(*self._variables.problems, *problems))

    def start(self) -> None:
        """Import the exporter soon: nothing more urgent is to be done."""
        self._is_wanted.set()

    def record(self, call: FinishedCall) -> None:
        if not self.is_on:
            return
        if self._export is not None:
            self._export.record(call)
            return
        self._waiting.append(call)
        self.start()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send in the background, and send what is left at the end, as far as that takes no longer than promised."""
        for problem in self._variables.problems:
            log.warning("%s Fix: %s", problem.message, problem.fix)
        if not self.is_on:
            yield
            return
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._open_when_wanted)
                yield
                tasks.cancel_scope.cancel()
        finally:
            with anyio.move_on_after(self._close_within, shield=True):
                await self._close()

    async def _open_when_wanted(self) -> None:
        await self._is_wanted.wait()
        await anyio.sleep(self._open_after)
        try:
            await in_parts(TELEMETRY)
        except Exception as error:  # boundary: what is broken there must not end the server
            self._fail(error)
        else:
            self._open()

    def _open(self) -> None:
        try:
            from uru_mcp.audit.otlp_export import Export

            export = Export(self._variables, self._redaction)
        except Exception as error:  # boundary: an exporter that cannot be set up must not end the server
            self._fail(error)
            return
        self._export = export
        while self._waiting:
            export.record(self._waiting.popleft())

    def _fail(self, error: Exception) -> None:
        self._has_failed = True
        log.warning("%s (%s)", _not_started().message, type(error).__name__)

    async def _close(self) -> None:
        if self._export is None and self._waiting:
            self._open()
        if self._export is None:
            return
        threads = [threading.Thread(target=close, daemon=True) for close in self._export.closers()]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):  # noqa: ASYNC110  # a thread sets no event
                await anyio.sleep(LOOKS)
        finally:
            self._export.abandon()


def _is_installed() -> bool:
    try:
        return all(find_spec(module) is not None for module in MODULES)
    except ModuleNotFoundError:  # of the package that the module is in
        return False


def _not_installed() -> SettingsProblem:
    command = f'"{sys.executable}" -m pip install "{REQUIREMENT}"'
    fix = report_messages.INSTALL_EXPORTER.format(command=command)
    return SettingsProblem(report_messages.EXPORTER_MISSING, fix=fix)


def _not_started() -> SettingsProblem:
    return SettingsProblem(report_messages.EXPORTER_BROKEN, fix=report_messages.CHECK_OTEL_VARIABLES)


def _not_accepted(collectors: tuple[str, ...], reason: str) -> SettingsProblem:
    message = report_messages.COLLECTOR_FAILS.format(collectors=" / ".join(collectors), reason=reason)
    return SettingsProblem(message, fix=report_messages.CHECK_OTEL_VARIABLES)
