"""The witness: sees each call come and go, and writes into the audit log what was called and how it ended.

It knows neither what a tool does nor what a key may; it is told.
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

from uru_mcp.apps.key_card import key_card
from uru_mcp.apps.request_count import RequestCount
from uru_mcp.audit import LONGEST, OK, WAITING, AuditLog, Entry
from uru_mcp.dispatch_input import named_tool
from uru_mcp.errors import UruError
from uru_mcp.key import Key
from uru_mcp.key_record import Requests
from uru_mcp.names import VALID, shown_name
from uru_mcp.own_tools import DISPATCHERS
from uru_mcp.permissions import Grant, Permissions
from uru_mcp.policy import DECIDE, PLATFORM
from uru_mcp.render import Rendered
from uru_mcp.results.consent import Confirmation, Consent

NO_NAME = "(no tool's name)"  # what a model invents instead of a name may be anything, an argument for example

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds for a call of a tool: its needs, None when there is no such tool, and the key and its grant.

    `requests` are what Uru has counted with the key, where it tells.
    """

    needs: Permissions | None
    grant: Grant | None
    last4: str | None
    requests: Requests | None = None


@dataclass(slots=True)
class Sight:
    """One call, as far as it was seen; whoever answers it puts the answer here."""

    rendered: Rendered | None = None


class Witness:
    """Watches calls. Without an audit log it looks away. `circumstances` is asked for a tool once its call is over."""

    def __init__(self, audit: AuditLog | None, circumstances: Callable[[str], Circumstances]) -> None:
        self._audit = audit
        self._circumstances = circumstances
        self._count = RequestCount(audit.path) if audit is not None else None

    def sent(self, key: Key) -> None:
        """Count a request that is about to be sent to Uru."""
        if self._count is not None:
            self._count.sent(key.last4)

    async def key_card(self) -> dict[str, Any]:
        """What the card of the key in use shows of its use."""
        found = self._circumstances("uru_whoami")
        return await key_card(self._audit, self._count, found.last4, found.requests)

    @contextmanager
    def watching(self, name: str, arguments: dict[str, Any], consent: Consent | None = None) -> Iterator[Sight]:
        """Write an entry at the end, whether the call was answered, raised an error or was cancelled.

        `consent` is what a person has said to it, or that nobody said anything.
        """
        sight = Sight()
        if self._audit is None:
            yield sight
            return
        came, began = datetime.now(UTC), time.perf_counter()
        outcome = "cancelled"  # when nothing below says otherwise
        try:
            yield sight
            outcome = _outcome(sight.rendered)
        except UruError as error:
            outcome = error.code
            raise
        except Exception:
            outcome = "internal"
            raise
        finally:
            ms = round((time.perf_counter() - began) * 1000)
            try:
                entry = self._entry(came, name, arguments, outcome, ms, sight.rendered)
                self._audit.append(_with_decision(entry, consent))
            except Exception:  # boundary: a call does not fail for its record
                log.exception("a call was not recorded")

    def _entry(
        self, came: datetime, name: str, arguments: dict[str, Any], outcome: str, ms: int, rendered: Rendered | None
    ) -> Entry:
        tool, via = _meant(name, arguments)
        found = self._circumstances(tool)
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
    """The tool that a call is for, and the dispatch tool that it came through."""
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
    """Uru's own number of the call, which its results carry and some of its errors."""
    found = (rendered.structure.get("error", {}) if rendered.is_error else rendered.structure).get("log_id")
    return found[:LONGEST] if isinstance(found, str) else None
