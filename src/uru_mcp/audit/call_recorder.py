"""The witness: sees each call come and go, and writes into the audit log what was called and how it ended.

It knows neither what a tool does nor what a key may; it is told.
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

NO_NAME = "(no tool's name)"  # what a model invents instead of a name may be anything, an argument for example

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallContext:
    """What holds for a call of a tool: its needs, None when there is no such tool, and the key and its grant."""

    needs: Permissions | None
    grant: Grant | None
    last4: str | None


@dataclass(slots=True)
class RecordedCall:
    """One call, as far as it was seen; whoever answers it puts the answer here."""

    rendered: Rendered | None = None


class CallRecorder:
    """Watches calls. Without an audit log it looks away. `call_context` is asked for a tool once its call is over."""

    def __init__(self, audit: AuditLog | None, call_context: Callable[[str], CallContext]) -> None:
        self._audit = audit
        self._call_context = call_context

    @contextmanager
    def recording(self, name: str, arguments: dict[str, Any]) -> Iterator[RecordedCall]:
        """Write an entry at the end, whether the call was answered, raised an error or was cancelled."""
        recorded = RecordedCall()
        if self._audit is None:
            yield recorded
            return
        came, began = datetime.now(UTC), time.perf_counter()
        outcome = "cancelled"  # when nothing below says otherwise
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
            except Exception:  # boundary: a call does not fail for its record
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
    """The tool that a call is for, and the dispatch tool that it came through."""
    tool = named_tool(arguments)
    return (tool, name) if name in DISPATCHERS and isinstance(tool, str) else (name, None)


def _outcome(rendered: Rendered | None) -> str:
    if rendered is None or not rendered.is_error:
        return OK
    return str(rendered.structure["error"]["code"])


def _log_id(rendered: Rendered) -> str | None:
    """Uru's own number of the call, which its results carry and some of its errors."""
    found = (rendered.structure.get("error", {}) if rendered.is_error else rendered.structure).get("log_id")
    return found[:LONGEST] if isinstance(found, str) else None
