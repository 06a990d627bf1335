"""Records each tool call in the audit log: the tool, the outcome, and the duration.

It does not know what a tool does or what a key may do; `call_context` tells it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from uru_mcp.access.policy import DECIDE, PLATFORM
from uru_mcp.audit.audit_log import LONGEST, OK, WAITING, AuditLog, Entry
from uru_mcp.audit.key_card import key_card
from uru_mcp.audit.request_count import RequestCount
from uru_mcp.catalog.tool_names import VALID, shown_name
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import UruError
from uru_mcp.permissions import Grant, Permissions
from uru_mcp.results.consent import Confirmation, Consent
from uru_mcp.results.render import Rendered
from uru_mcp.tools.definitions import DISPATCHERS
from uru_mcp.tools.dispatch_tool_input import named_tool
from uru_mcp.uru.key_record import Requests

NO_NAME = "(no tool's name)"  # a model may send anything as a name, even an argument

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallContext:
    """What holds for a call of a tool: its needs, None when there is no such tool, and the key and its grant.

    `requests` are what Uru has counted with the key, where it tells.
    """

    needs: Permissions | None
    grant: Grant | None
    last4: str | None
    requests: Requests | None = None


@dataclass(slots=True)
class RecordedCall:
    """A call in progress; the code that answers it stores the answer here."""

    rendered: Rendered | None = None


class CallRecorder:
    """Records calls; does nothing without an audit log. `call_context` is queried after a call has ended."""

    def __init__(self, audit: AuditLog | None, call_context: Callable[[str], CallContext]) -> None:
        self._audit = audit
        self._call_context = call_context
        self._count = RequestCount(audit.path) if audit is not None else None

    def sent(self, key: Key) -> None:
        """Count a request that is about to be sent to Uru."""
        if self._count is not None:
            self._count.sent(key.last4)

    async def key_card(self) -> dict[str, Any]:
        """What the card of the key in use shows of its use."""
        found = self._call_context("uru_whoami")
        return await key_card(self._audit, self._count, found.last4, found.requests)

    @contextmanager
    def recording(self, name: str, arguments: dict[str, Any], consent: Consent | None = None) -> Iterator[RecordedCall]:
        """Write an entry at the end, whether the call was answered, raised an error or was cancelled.

        `consent` is what a person has said to it, or that nobody said anything.
        """
        recorded = RecordedCall()
        if self._audit is None:
            yield recorded
            return
        came, began = datetime.now(UTC), time.perf_counter()
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
            ms = round((time.perf_counter() - began) * 1000)
            try:
                entry = self._entry(came, name, arguments, outcome, ms, recorded.rendered)
                self._audit.append(_with_decision(entry, consent))
            except Exception:  # boundary: a failure to record must not fail the call
                log.exception("a call was not recorded")

    def _entry(
        self, came: datetime, name: str, arguments: dict[str, Any], outcome: str, ms: int, rendered: Rendered | None
    ) -> Entry:
        tool, via = _meant(name, arguments)
        found = self._call_context(tool)
        if self._count is not None and found.last4 and found.requests and found.requests.total is not None:
            self._count.begin(found.last4, found.requests.total)
        return Entry(
            came,
            tool if found.needs is not None or VALID.fullmatch(tool) else NO_NAME,
            outcome,
            via=via,
            needs=found.needs,
            granted=found.grant.held if found.grant is not None else None,
            ms=ms,
            chars_in=len(json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))),
            chars_out=0 if rendered is None else len(rendered.text),
            log_id=None if rendered is None else _log_id(rendered),
            key=found.last4,
        )


def _meant(name: str, arguments: dict[str, Any]) -> tuple[str, str | None]:
    """The tool that a call runs, and the dispatch tool that was called for it, if any."""
    tool = named_tool(arguments)
    return (tool, name) if name in DISPATCHERS and isinstance(tool, str) else (name, None)


def _with_decision(entry: Entry, consent: Consent | None) -> Entry:
    """The entry with who decided and how; a model decides a step where no person was asked about it."""
    if consent is not None:
        by = "nobody" if consent.answer is None else "person"
        return replace(entry, decided_by=by, decided_how=consent.way)
    if entry.outcome == "declined":
        return replace(entry, decided_by="nobody", decided_how="none")
    if entry.tool == shown_name(PLATFORM, DECIDE) and entry.outcome == OK:
        return replace(entry, decided_by="model", decided_how="none")
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
