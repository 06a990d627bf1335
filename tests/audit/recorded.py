"""A line of the audit log, for tests in whose processes nothing else is imported."""

from __future__ import annotations

from datetime import UTC, datetime

from uru_mcp.audit.entry import Entry
from uru_mcp.permissions import NOTHING

ENTRY = Entry(datetime(2026, 7, 14, 9, tzinfo=UTC), "platform__context_query", "ok", needs=NOTHING, key="cdef")
