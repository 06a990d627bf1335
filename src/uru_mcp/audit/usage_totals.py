"""Adds up audit log entries: calls by tool, day, outcome and permission, and the permissions each key needed.

Pure: it reads no file and prints nothing. Days are in UTC.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from uru_mcp.audit.entry import STARTED, Entry
from uru_mcp.permissions import EVERYTHING, NOTHING, Permissions, in_order, in_words

NONE_NEEDED = "none needed"
NOT_KNOWN = "not known"  # for calls of unknown tools


@dataclass(frozen=True, slots=True)
class Tally:
    """Totals of the calls with the same tool, day, outcome or permission. All numbers are sums."""

    name: str
    calls: int
    failed: int
    ms: int
    chars_in: int
    chars_out: int


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The permissions that the calls with one key needed, including refused calls.

    `granted` is the key's last known permissions, or None if they were never known.
    """

    last4: str
    first: date
    last: date
    granted: Permissions | None
    needed: Permissions

    @property
    def unused(self) -> Permissions:
        return self._has - self.needed

    @property
    def advice(self) -> str:
        days = (self.last - self.first).days + 1
        time = "On this day" if days == 1 else f"In these {days} days"
        if not self.unused:
            return f"{time}, calls needed every permission of the key."
        unneeded = " or ".join(name.capitalize() for name in in_order(self.unused))
        enough = self._has & self.needed
        return f"{time}, no call needed {unneeded}" + (f"; a key with {in_words(enough)} is enough." if enough else ".")

    @property
    def _has(self) -> Permissions:
        return EVERYTHING if self.granted is None else self.granted


@dataclass(frozen=True, slots=True)
class Usage:
    """Totals of the calls of MCP clients. Tools and outcomes are sorted by calls, descending.

    `unread` counts invalid lines, and `from_terminal` the calls of our own commands, which are in no other total.
    """

    calls: int
    failed: int
    unread: int
    from_terminal: int
    days: tuple[date, date] | None
    by_tool: tuple[Tally, ...]
    by_day: tuple[Tally, ...]
    by_outcome: tuple[Tally, ...]
    by_permission: tuple[Tally, ...]
    keys: tuple[KeyUse, ...]


class _Sums:
    """Accumulates sums by name."""

    def __init__(self) -> None:
        self._sums: defaultdict[str, tuple[int, int, int, int, int]] = defaultdict(lambda: (0, 0, 0, 0, 0))

    def add(self, name: str, entry: Entry) -> None:
        calls, failed, ms, chars_in, chars_out = self._sums[name]
        self._sums[name] = (
            calls + 1,
            failed + entry.has_failed,
            ms + entry.ms,
            chars_in + entry.chars_in,
            chars_out + entry.chars_out,
        )

    def by_name(self) -> tuple[Tally, ...]:
        return tuple(Tally(name, *sums) for name, sums in sorted(self._sums.items()))

    def most_first(self) -> tuple[Tally, ...]:
        return tuple(sorted(self.by_name(), key=lambda tally: -tally.calls))

    def of(self, *names: str) -> tuple[Tally, ...]:
        return tuple(Tally(name, *self._sums[name]) for name in names if name in self._sums)


def summed(entries: Iterable[Entry | None]) -> Usage:
    """Add up the entries, in any order; None stands for an invalid line."""
    tools, days, outcomes, permissions = _Sums(), _Sums(), _Sums(), _Sums()
    keys: dict[str, KeyUse] = {}
    found = list(entries)
    calls = [*_whole(entry for entry in found if entry is not None)]
    for entry in calls:
        if entry.origin is not None:
            continue
        tools.add(entry.tool, entry)
        days.add(entry.time.date().isoformat(), entry)
        outcomes.add(entry.outcome, entry)
        for name in _needed(entry):
            permissions.add(name, entry)
        if entry.key is not None:
            keys[entry.key] = _with(keys.get(entry.key), entry, entry.key)
    by_day = days.by_name()
    return Usage(
        calls=sum(tally.calls for tally in by_day),
        failed=sum(tally.failed for tally in by_day),
        unread=found.count(None),
        from_terminal=sum(entry.origin is not None for entry in calls),
        days=(date.fromisoformat(by_day[0].name), date.fromisoformat(by_day[-1].name)) if by_day else None,
        by_tool=tools.most_first(),
        by_day=by_day,
        by_outcome=outcomes.most_first(),
        by_permission=permissions.of(*in_order(EVERYTHING), NONE_NEEDED, NOT_KNOWN),
        keys=tuple(keys.values()),
    )


def _whole(entries: Iterable[Entry]) -> Iterator[Entry]:
    """One entry for each call: of a call with two lines the one with its outcome, if there is one."""
    started: dict[str | None, Entry] = {}
    ended: set[str | None] = set()
    for entry in entries:
        if entry.outcome == STARTED:
            started[entry.call] = entry
        else:
            ended.add(entry.call)
            yield entry
    yield from (entry for call, entry in started.items() if call not in ended)


def _needed(entry: Entry) -> list[str]:
    if entry.needs is None:
        return [NOT_KNOWN]
    return in_order(entry.needs) or [NONE_NEEDED]


def _with(use: KeyUse | None, entry: Entry, last4: str) -> KeyUse:
    """The key's use with one more call added."""
    day, needs = entry.time.date(), entry.needs or NOTHING
    if use is None:
        return KeyUse(last4, day, day, entry.granted, needs)
    return KeyUse(
        last4,
        min(use.first, day),
        max(use.last, day),
        use.granted if entry.granted is None else entry.granted,
        use.needed | needs,
    )
