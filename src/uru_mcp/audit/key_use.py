"""A key's usage by day (UTC) from the audit log, for the bars of the key card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from uru_mcp.audit.entry import OK, STARTED, Entry

DAYS = 30
OUTCOMES_SHOWN = 5
REFUSED = frozenset(
    {
        "declined",
        "forbidden",
        "insufficient_permission",
        "key_expired",
        "key_rejected",
        "key_revoked",
        "permissions_unknown",
        "workspace_not_accessible",
    }
)
"""The outcomes of calls that Uru, the gate or a person refused; all other errors are failures."""


def first_day(now: datetime) -> datetime:
    """The start of the first day shown."""
    return datetime.combine(now.astimezone(UTC).date() - timedelta(days=DAYS - 1), datetime.min.time(), UTC)


def use_by_day(entries: Iterable[Entry | None], last4: str | None, now: datetime) -> dict[str, Any]:
    """The calls of MCP clients with the key, by day and outcome. `first` is the day of the oldest such call of any key.

    `{"days": [{"day": "2026-11-01", "done": 3, "refused": 1, "failed": 0}, …], "calls": 4, "first": "2026-11-01",
    "outcomes": {"ok": 3, "insufficient_permission": 1}}`
    """
    begin = first_day(now)
    days = [begin.date() + timedelta(days=number) for number in range(DAYS)]
    sums: dict[date, Counter[str]] = {day: Counter() for day in days}
    outcomes: Counter[str] = Counter()
    oldest: date | None = None
    for entry in entries:
        if entry is None or entry.time < begin or entry.outcome == STARTED or entry.origin is not None:
            continue
        day = entry.time.date()
        oldest = day if oldest is None else min(day, oldest)
        if entry.key == last4 and day in sums:
            sums[day][_kind(entry.outcome)] += 1
            outcomes[entry.outcome] += 1
    return {
        "days": [{"day": day.isoformat(), **{kind: sums[day][kind] for kind in KINDS}} for day in days],
        "calls": outcomes.total(),
        "first": oldest and oldest.isoformat(),
        "outcomes": dict(outcomes.most_common(OUTCOMES_SHOWN)),
    }


KINDS = ("done", "refused", "failed")


def _kind(outcome: str) -> str:
    return "done" if outcome == OK else "refused" if outcome in REFUSED else "failed"
