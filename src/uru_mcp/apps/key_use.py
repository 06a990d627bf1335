"""The use of a key by day, for the bars of its card, from the entries of an audit log. A day is one of UTC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from uru_mcp.audit import OK, Entry

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
"""The outcomes of calls that Uru, the gate or a person refused; of other errors, something went wrong."""


def first_day(now: datetime) -> datetime:
    """The beginning of the first of the days that are shown."""
    return datetime.combine(now.astimezone(UTC).date() - timedelta(days=DAYS - 1), datetime.min.time(), UTC)


def use_by_day(entries: Iterable[Entry | None], last4: str | None, now: datetime) -> dict[str, Any]:
    """What the key's calls came to. `first` is the day of the oldest entry of all, whichever key it is of.

    `{"days": [{"day": "2026-11-01", "done": 3, "refused": 1, "failed": 0}, …], "calls": 4, "first": "2026-11-01",
    "outcomes": {"ok": 3, "insufficient_permission": 1}}`
    """
    begin = first_day(now)
    days = [begin.date() + timedelta(days=number) for number in range(DAYS)]
    sums: dict[date, Counter[str]] = {day: Counter() for day in days}
    outcomes: Counter[str] = Counter()
    oldest: date | None = None
    for entry in entries:
        if entry is None or entry.time < begin:
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
