"""What the sandbox recorded: which rows are not what they were, and which tools were called.

Reads the sandbox's database alone, so that no player's word is needed to know what happened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from uru_mcp.sandbox import Sandbox

TABLES = ("contexts", "prompts", "personas", "automations", "runs", "notes", "mails", "events")
OWN = frozenset({"platform", "company_demo", "gmail_demo", "googlecalendar_demo"})  # whose effects stand in tables
READING = re.compile(
    r"[A-Z0-9]+_(GET|LIST|SEARCH|FETCH|FIND|RETRIEVE|QUERY)(_|$)"  # an app's: JIRA_GET_ISSUE
    r"|(LIST|SEARCH|GENERATE_REPORT|list|get|search|find|fetch)(_|$)"
    r"|[A-Za-z_]+_([Qq]uery|Search)$"
)  # the beginning of a tool's name, whose verb says that it only reads

State = Mapping[str, Mapping[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Change:
    """A row, or a recorded call of a tool whose calls have no other effect. `after` is None for a deleted row."""

    where: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    def __str__(self) -> str:
        kind = "call of" if "__" in self.where else "deleted from" if self.after is None else "change in"
        shown = self.after or self.before or {}
        return f"{kind} {self.where}: {str(shown)[:200]}"


@dataclass(frozen=True, slots=True)
class Called:
    """A call that reached Uru, with what Uru made of it: succeeded, failed or refused."""

    tool: str
    arguments: dict[str, Any]
    outcome: str

    @property
    def is_reading(self) -> bool:
        """By the tool's name, since what a stranger's server says of its own tool proves nothing."""
        return READING.match(self.tool.partition("__")[2]) is not None


def state_of(sandbox: Sandbox, key_id: str) -> State:
    """All rows by table and id, and the workspace that the key has selected."""
    rows = sandbox.database.rows
    state = {table: {row["id"]: row for row in rows(f"SELECT * FROM {table}")} for table in TABLES}  # noqa: S608
    return state | {"keys": {key_id: {"workspace_id": sandbox.keys.get(key_id).workspace_id}}}


def changes(before: State, after: State) -> list[Change]:
    return [
        Change(table, rows.get(row_id), after[table].get(row_id))
        for table, rows in before.items()
        for row_id in {**rows, **after[table]}
        if rows.get(row_id) != after[table].get(row_id)
    ]


def calls_of(sandbox: Sandbox, key_id: str) -> list[Called]:
    rows = sandbox.database.rows("SELECT * FROM calls WHERE key_id = ? ORDER BY rowid", key_id)
    return [Called(f"{row['namespace']}__{row['tool']}", row["arguments"], row["outcome"]) for row in rows]


def recorded(calls: list[Called]) -> list[Change]:
    """The calls that succeeded and are their own effect: those of a catalog's tools that do not only read."""
    return [
        Change(call.tool, None, call.arguments)
        for call in calls
        if call.outcome == "succeeded" and call.tool.partition("__")[0] not in OWN and not call.is_reading
    ]
