"""Records each tool call in the audit log: the tool, the outcome, and the duration.

It does not know what a tool does or what a key may do; `call_context` tells it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from uru_mcp.audit.audit_log import LONGEST, OK, AuditLog, Entry
from uru_mcp.catalog.tool_names import VALID
from uru_mcp.errors import UruError
from uru_mcp.permissions import Grant, Permissions
from uru_mcp.results.render import Rendered
from uru_mcp.tools.definitions import DISPATCHERS
from uru_mcp.tools.dispatch_tool_input import named_tool

NO_NAME = "(no tool's name)"  # a model may send anything as a name, even an argument

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallContext:
    """The tool's needs (None if there is no such tool), and the current key and its grant."""

    needs: Permissions | None
    grant: Grant | None
    last4: str | None


@dataclass(slots=True)
class RecordedCall:
    """A call in progress; the code that answers it stores the answer here."""

    rendered: Rendered | None = None


class CallRecorder:
    """Records calls; does nothing without an audit log. `call_context` is queried after a call has ended."""

    def __init__(self, audit: AuditLog | None, call_context: Callable[[str], CallContext]) -> None:
        self._audit = audit
        self._call_context = call_context

    @contextmanager
    def recording(self, name: str, arguments: dict[str, Any]) -> Iterator[RecordedCall]:
        """Write an entry when the block ends, whether the call was answered, failed or was cancelled."""
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
                self._audit.append(self._entry(came, name, arguments, outcome, ms, recorded.rendered))
            except Exception:  # boundary: a failure to record must not fail the call
                log.exception("a call was not recorded")

    def _entry(
        self, came: datetime, name: str, arguments: dict[str, Any], outcome: str, ms: int, rendered: Rendered | None
    ) -> Entry:
        tool, via = _meant(name, arguments)
        found = self._call_context(tool)
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


def _outcome(rendered: Rendered | None) -> str:
    if rendered is None or not rendered.is_error:
        return OK
    return str(rendered.structure["error"]["code"])


def _log_id(rendered: Rendered) -> str | None:
    """Uru's own log id of the call, which is in its results and in some of its errors."""
    found = (rendered.structure.get("error", {}) if rendered.is_error else rendered.structure).get("log_id")
    return found[:LONGEST] if isinstance(found, str) else None
