"""Records each tool call in the audit log and for telemetry: the tool, the outcome, and the duration.

It does not know what a tool does or what a key may do; `call_context` tells it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

from uru_mcp.access.policy import DECIDE, PLATFORM
from uru_mcp.audit.audit_log import AuditLog
from uru_mcp.audit.entry import LONGEST, OK, STARTED, WAITING, Entry
from uru_mcp.audit.finished_call import finished_call
from uru_mcp.audit.key_card import key_card
from uru_mcp.audit.request_count import RequestCount
from uru_mcp.audit.telemetry import Telemetry
from uru_mcp.audit.user_and_machine import machine, user
from uru_mcp.catalog.tool_names import VALID, shown_name
from uru_mcp.config.otel_variables import OtelVariables
from uru_mcp.config.settings import Settings
from uru_mcp.credentials.api_key import Key
from uru_mcp.credentials.key_sources import Exposure
from uru_mcp.errors import AuditUnavailable, UruError
from uru_mcp.messages import audit_messages
from uru_mcp.permissions import Grant, Permissions
from uru_mcp.results.consent import Confirmation, Consent
from uru_mcp.results.render import Rendered
from uru_mcp.tools.definitions import DISPATCHERS
from uru_mcp.tools.dispatch_tool_input import named_tool
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.key_record import Requests

NO_NAME = "(no tool's name)"  # a model may send anything as a name, even an argument
ALWAYS = "uru_whoami"  # answers even without a required log, since it says what is wrong

log = logging.getLogger(__name__)


class CallContext(NamedTuple):
    """What holds for a call of a tool: its needs, None when there is no such tool, and the key and its grant.

    `requests` are what Uru has counted with the key, where it tells.
    """

    needs: Permissions | None
    grant: Grant | None
    last4: str | None
    requests: Requests | None = None


@dataclass(slots=True)
class RecordedCall:
    """A call in progress; the code that answers it stores the answer here. `id` is set once its start is on file."""

    name: str
    arguments: dict[str, Any]
    rendered: Rendered | None = None
    id: str | None = None
    came: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.perf_counter)


class CallRecorder:
    """Records calls, if there is an audit log or telemetry. If a log `is_required` and missing, it refuses calls.

    `call_context` is queried after a call has ended. `origin` is `terminal` for calls of our own commands. `wording` is
    how the key card names settings.
    """

    def __init__(
        self,
        audit: AuditLog | None,
        call_context: Callable[[str], CallContext],
        *,
        is_required: bool = False,
        origin: str | None = None,
        wording: Callable[[str], str] = str,
        telemetry: Telemetry | None = None,
    ) -> None:
        self.telemetry = telemetry or Telemetry(OtelVariables())
        self._audit = audit
        self._wording = wording
        self._call_context = call_context
        self.is_required = is_required
        self._origin = origin
        self._count = RequestCount(audit.path) if audit is not None else None

    def sent(self, key: Key) -> None:
        """Count a request that is about to be sent to Uru."""
        if self._count is not None:
            self._count.sent(key.last4)

    @property
    def trouble(self) -> AuditUnavailable | None:
        """Why calls cannot be recorded now, as far as it shows without writing a line; None without an audit log."""
        if self._audit is None:
            return _not_set() if self.is_required else None
        try:
            self._audit.check()
        except AuditUnavailable as error:
            return error.with_traceback(None)
        return None

    def check(self) -> None:
        """Log at the start why calls cannot be recorded, or are refused."""
        error = self.trouble
        if error is not None and self._audit is None:
            log.warning("%s %s", error.message, error.fix)

    @property
    def exposure(self) -> Exposure | None:
        """Who else can access the log."""
        return None if self._audit is None else self._audit.exposure

    @property
    def blocking_error(self) -> AuditUnavailable | None:
        """Why calls are refused: the log is required, and cannot be written."""
        return self.trouble if self.is_required else None

    def require_log(self) -> None:
        """Raises: `AuditUnavailable` if a required log cannot be written."""
        if (error := self.blocking_error) is not None:
            raise error

    def require_start(self, call: RecordedCall) -> None:
        """Where the log is required, write that the call has started, before anything is sent to Uru.

        Raises: `AuditUnavailable`; the call must not be sent.
        """
        if not self.is_required:
            return
        try:
            if self._audit is None:
                raise _not_set()
            call.id = uuid4().hex[:16]
            self._audit.append(self._entry(call, STARTED))
        except AuditUnavailable:
            if call.name != ALWAYS:
                raise

    async def key_card(self) -> dict[str, Any]:
        """What the card of the key in use shows of its use."""
        found = self._call_context("uru_whoami")
        card = await key_card(self._audit, self._count, found.last4, found.requests)
        return {**card, "no_log": self._wording(audit_messages.NO_AUDIT_LOG)}

    @contextmanager
    def recording(self, name: str, arguments: dict[str, Any], consent: Consent | None = None) -> Iterator[RecordedCall]:
        """Write an entry at the end, whether the call was answered, raised an error or was cancelled.

        `consent` is what a person has said to it, or that nobody said anything.
        """
        recorded = RecordedCall(name, arguments)
        if self._audit is None and not self.telemetry.is_on:
            yield recorded
            return
        outcome = "cancelled"  # unless it is set below
        try:
            yield recorded
            outcome = _outcome(recorded.rendered)
        except UruError as error:
            outcome = error.code
            raise
        except Exception:
            outcome = "internal"
            raise
        finally:
            try:
                entry = self._entry(recorded, outcome)
                self._send(entry, recorded)
                if self._audit is not None:
                    with suppress(AuditUnavailable):  # it was logged
                        self._audit.append(_with_decision(entry, consent))
            except Exception:  # boundary: a failure to record must not fail the call
                log.exception("a call was not recorded")

    def _send(self, entry: Entry, call: RecordedCall) -> None:
        if self.telemetry.is_on:
            began = int(call.came.timestamp() * 1e9)
            ended = began + int((time.perf_counter() - call.began) * 1e9)
            self.telemetry.record(finished_call(entry, began, ended, has_result=call.rendered is not None))

    def _entry(self, call: RecordedCall, outcome: str) -> Entry:
        rendered = call.rendered
        tool, via = _meant(call.name, call.arguments)
        found = self._call_context(tool)
        if self._count is not None and found.last4 and found.requests and found.requests.total is not None:
            self._count.begin(found.last4, found.requests.total)
        return Entry(
            call.came,
            tool if found.needs is not None or VALID.fullmatch(tool) else NO_NAME,
            outcome,
            user=user(),
            machine=machine(),
            origin=self._origin,
            call=call.id,
            via=via,
            needs=found.needs,
            granted=found.grant.held if found.grant is not None else None,
            ms=round((time.perf_counter() - call.began) * 1000),
            chars_in=len(json.dumps(call.arguments, ensure_ascii=False, separators=(",", ":"))),
            chars_out=0 if rendered is None else len(rendered.text),
            log_id=None if rendered is None else _log_id(rendered),
            key=found.last4,
        )


def recorder_of(
    settings: Settings,
    redaction: Redaction,
    call_context: Callable[[str], CallContext],
    *,
    origin: str | None,
    telemetry: Telemetry | None = None,
) -> CallRecorder:
    """The recorder of a process with these settings."""
    file, is_required = settings.audit_log, settings.audit_log_required
    audit = None if file is None else AuditLog(file, redaction, is_required=is_required)
    return CallRecorder(
        audit, call_context, is_required=is_required, origin=origin, wording=settings.wording, telemetry=telemetry
    )


def audit_trouble(settings: Settings) -> AuditUnavailable | None:
    """Why calls with these settings would not be recorded, or be refused; None if nothing speaks against it."""
    return recorder_of(settings, Redaction(), lambda _: CallContext(None, None, None), origin=None).trouble


def _not_set() -> AuditUnavailable:
    return AuditUnavailable(audit_messages.REQUIRED_AND_NOT_SET, fix=audit_messages.SET_AUDIT_LOG)


def _meant(name: str, arguments: dict[str, Any]) -> tuple[str, str | None]:
    """The tool that a call runs, and the dispatch tool that was called for it, if any."""
    tool = named_tool(arguments)
    return (tool, name) if name in DISPATCHERS and isinstance(tool, str) else (name, None)


def _with_decision(entry: Entry, consent: Consent | None) -> Entry:
    """The entry with who decided and how; a model decides a step where no person was asked about it."""
    if consent is not None:
        by = "nobody" if consent.answer is None else "person"
        return entry._replace(decided_by=by, decided_how=consent.way)
    if entry.outcome == "declined":
        return entry._replace(decided_by="nobody", decided_how="none")
    if entry.tool == shown_name(PLATFORM, DECIDE) and entry.outcome == OK:
        return entry._replace(decided_by="model", decided_how="none")
    return entry


def _outcome(rendered: Rendered | None) -> str:
    if rendered is not None and isinstance(rendered.waits_for, Confirmation):
        return WAITING
    if rendered is None or not rendered.is_error:
        return OK
    return str(rendered.structure["error"]["code"])


def _log_id(rendered: Rendered) -> str | None:
    """Uru's own log id of the call, which is in its results and in some of its errors."""
    found = (rendered.structure.get("error", {}) if rendered.is_error else rendered.structure).get("log_id")
    return found[:LONGEST] if isinstance(found, str) else None
