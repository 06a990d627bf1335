"""Queries the usage of keys: calls by day, permission and outcome, and refused calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..data import clock
from ..data.database import Database
from ..permissions import PERMISSIONS, in_order

DAYS = 30
OUTCOMES = ("succeeded", "failed", "refused")
NONE_NEEDED = "None needed"
SHOWN = 50  # calls in a list

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """Calls grouped by a day or a permission, with counts by outcome."""

    name: str
    counts: Counts

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """The calls of one key in the last 30 days (UTC), including days without calls."""

    days: tuple[Row, ...]
    permissions: tuple[Row, ...]
    refused: tuple[dict[str, Any], ...]

    @property
    def total(self) -> int:
        return sum(day.total for day in self.days)

    @property
    def by_outcome(self) -> Counts:
        return {outcome: sum(day.counts.get(outcome, 0) for day in self.days) for outcome in OUTCOMES}


def daily(database: Database) -> dict[str, tuple[Row, ...]]:
    """The last 30 days of every key used in that time, by key id."""
    found = database.rows(
        "SELECT key_id, substr(at, 1, 10) AS name, outcome, count(*) AS count FROM calls WHERE at >= ?"
        " GROUP BY 1, 2, 3",
        _days()[0],
    )
    return {key_id: _by_day([row for row in found if row["key_id"] == key_id]) for key_id in _ids(found)}


def of_key(database: Database, key_id: str) -> KeyUsage:
    grouped = "SELECT {} AS name, outcome, count(*) AS count FROM calls WHERE key_id = ? AND at >= ? GROUP BY 1, 2"
    days = database.rows(grouped.format("substr(at, 1, 10)"), key_id, _days()[0])
    needs = database.rows(grouped.format("permission"), key_id, _days()[0])
    refused = newest(database, "WHERE key_id = ? AND outcome = 'refused'", key_id)
    return KeyUsage(_by_day(days), tuple(_by_permission(needs)), tuple(refused))


def unused() -> tuple[Row, ...]:
    """Thirty days without a call."""
    return _by_day([])


def newest(database: Database, where: str = "", *args: Any) -> list[dict[str, Any]]:
    """The newest calls, with key and workspace names."""
    return database.rows(
        "SELECT calls.*, keys.name AS key_name, keys.last4, workspaces.name AS workspace FROM calls"  # noqa: S608
        " JOIN keys ON keys.id = calls.key_id LEFT JOIN workspaces ON workspaces.id = calls.workspace_id"
        f" {where} ORDER BY calls.rowid DESC LIMIT {SHOWN}",
        *args,
    )


def tools(database: Database, key_id: str) -> list[dict[str, Any]]:
    """The tools that a key called most in the last 30 days, with call counts."""
    return database.rows(
        "SELECT namespace || '__' || tool AS name, count(*) AS calls FROM calls WHERE key_id = ? AND at >= ?"
        " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5",
        key_id,
        _days()[0],
    )


def _days() -> list[str]:
    today = clock.now()
    return [clock.stamp(today - timedelta(days=days))[:10] for days in range(DAYS - 1, -1, -1)]


def _ids(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    return {row["key_id"] for row in rows}


def _by_day(rows: list[dict[str, Any]]) -> tuple[Row, ...]:
    return tuple(Row(day, _counts(row for row in rows if row["name"] == day)) for day in _days())


def _by_permission(rows: list[dict[str, Any]]) -> Iterable[Row]:
    """A call that needed two permissions counts for both."""
    for name in (*PERMISSIONS, ""):
        counts = _counts(row for row in rows if name in (in_order(row["name"].split(",")) or [""]))
        if counts:
            yield Row(name.capitalize() or NONE_NEEDED, counts)


def _counts(rows: Iterable[Mapping[str, Any]]) -> Counts:
    """Counts by outcome, in the order of a bar's parts, without zero counts."""
    found = [(row["outcome"], row["count"]) for row in rows]
    counts = {outcome: sum(count for name, count in found if name == outcome) for outcome in OUTCOMES}
    return {outcome: count for outcome, count in counts.items() if count}
