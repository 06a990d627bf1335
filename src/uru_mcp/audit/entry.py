"""An entry of the audit log: one call, as a line of JSON. `docs/audit.md` documents each member.

It has the tool and the outcome, but no arguments or results.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, NamedTuple

from uru_mcp.permissions import Permissions, in_order
from uru_mcp.untrusted_input.json_fields import Record, moment_at, text_at
from uru_mcp.untrusted_input.permission_parsing import told_by
from uru_mcp.untrusted_input.redaction import Redaction

VERSION = 1  # of what a line says; raised when a member gets another meaning, not when one is added
OK = "ok"
WAITING = "waiting"
STARTED = "started"  # written before a call is sent, where the audit log is required; another line has the outcome
WORD = re.compile(r"[a-z_]{1,60}")
LONGEST = 200  # characters of a name or an id
LARGEST = 10**12  # milliseconds or characters; a larger number is not a measurement


class Entry(NamedTuple):
    """One call. As a line of the file, where everything after `outcome` may be null or absent:

        {"v": 1, "time": "2026-07-14T09:00:00.123+00:00", "tool": "platform__context_query", "outcome": "ok",
         "user": "ana", "machine": "ana-laptop", "origin": "terminal", "call": "5f1d2c3b4a596877",
         "via": "uru_read", "needs": ["read"], "granted": ["read", "execute"], "ms": 84,
         "chars_in": 61, "chars_out": 2310, "log_id": "log_8f14e45f", "key": "cdef",
         "decided_by": "person", "decided_how": "elicitation"}

    `time` is when the call arrived, in UTC. `tool` is Uru's tool, or one of our own if it runs no other; `via` is the
    dispatch tool that was called for it. `outcome` is `ok` or the error's code. `needs` is None if the tool is unknown,
    and `granted`, the permissions of the key itself, is None if they are. `ms` is the milliseconds until the answer;
    `chars_in` is the length of the arguments, `chars_out` that of the answer's text. `key` is the key's last four
    characters. If a call needed a person's yes, or decided a step of a run, `decided_by` is `person`, `model` or
    `nobody`, and `decided_how` is `elicitation`, `card`, `terminal` or `none`; the outcome of a no is `declined`. A
    call that was answered with a question has an entry of its own with the outcome `waiting`: nothing was sent.
    `user` and `machine` are the system's names. `origin` is `terminal` for a command of ours, and None for an MCP
    client. `call` is the same in the entry with the outcome `started` and the one with the outcome of that call.
    """

    time: datetime
    tool: str
    outcome: str
    user: str | None = None
    machine: str | None = None
    origin: str | None = None
    call: str | None = None
    via: str | None = None
    needs: Permissions | None = None
    granted: Permissions | None = None
    ms: int = 0
    chars_in: int = 0
    chars_out: int = 0
    log_id: str | None = None
    key: str | None = None
    decided_by: str | None = None
    decided_how: str | None = None

    @property
    def has_failed(self) -> bool:
        return self.outcome not in (OK, WAITING)


def as_record(entry: Entry) -> Record:
    record = entry._asdict()
    for name in ("origin", "call", "decided_by", "decided_how"):  # which most calls do not have
        if record[name] is None:
            del record[name]
    return {
        "v": VERSION,
        **record,
        "time": entry.time.isoformat(timespec="milliseconds"),
        "needs": None if entry.needs is None else in_order(entry.needs),
        "granted": None if entry.granted is None else in_order(entry.granted),
    }


def read_entry(line: str, redaction: Redaction) -> Entry | None:
    """Parse a line; None if it is incomplete, from another program, or of an unknown version."""
    try:
        record = redaction.value(json.loads(line))
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or record.get("v", VERSION) != VERSION:
        return None
    time, tool, outcome = moment_at(record, "time"), _shown(record, "tool"), text_at(record, "outcome")
    if time is None or tool is None or outcome is None or not WORD.fullmatch(outcome):
        return None
    return Entry(
        time,
        tool,
        outcome,
        user=_shown(record, "user"),
        machine=_shown(record, "machine"),
        origin=_shown(record, "origin"),
        call=_shown(record, "call"),
        via=_shown(record, "via"),
        needs=_permissions(record, "needs"),
        granted=_permissions(record, "granted"),
        ms=_count(record, "ms"),
        chars_in=_count(record, "chars_in"),
        chars_out=_count(record, "chars_out"),
        log_id=_shown(record, "log_id"),
        key=_shown(record, "key"),
        decided_by=_shown(record, "decided_by"),
        decided_how=_shown(record, "decided_how"),
    )


def _shown(record: Record, name: str) -> str | None:
    """A short, printable text, safe for a terminal."""
    text = text_at(record, name)
    return text if text is not None and len(text) <= LONGEST and text.isprintable() else None


def _permissions(record: Record, name: str) -> Permissions | None:
    found = record.get(name)
    return told_by(found) if isinstance(found, list) else None


def _count(record: Record, name: str) -> int:
    found: Any = record.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= LARGEST else 0
