"""`company_demo`: a company's own workflows, with a log, meeting transcripts and reports."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from ..data import clock
from ..data.database import new_id
from ..data.paging import Item, page
from ..data.text_search import any_word
from .registry import BuiltIn, Call

RECORD = {"name": "company_demo", "displayName": "Company workflows", "account_label": "company"}


def namespace() -> BuiltIn:
    acts = {
        "LOG_NOTE": _log_note,
        "LIST_NOTES": _list_notes,
        "SEARCH_TRANSCRIPTS": _search_transcripts,
        "GENERATE_REPORT": _generate_report,
    }
    return BuiltIn(RECORD, "company.json", acts)


def _log_note(call: Call) -> dict[str, Any]:
    note = {"id": new_id("note"), "text": call.arguments["text"], "created_at": clock.stamp()}
    call.database.insert("notes", workspace_id=call.workspace, **note)
    return note


def _list_notes(call: Call) -> dict[str, Any]:
    def fetch(after: int | None, limit: int) -> list[Item]:
        return call.database.rows(
            "SELECT id, text, created_at, rowid AS position FROM notes"
            " WHERE workspace_id = ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
            call.workspace,
            after or 2**62,
            limit,
        )

    return page(fetch, call.arguments)


def _search_transcripts(call: Call) -> dict[str, Any]:
    found = call.database.rows(
        """
        SELECT rowid AS id, title, held_at, trim(snippet(transcripts, 0, '', '', ' … ', 48)) AS passage
        FROM transcripts WHERE transcripts MATCH ? AND workspace_id = ?
        ORDER BY bm25(transcripts), rowid LIMIT ?
        """,
        any_word(call.arguments["query"]),
        call.workspace,
        call.arguments.get("limit", 5),
    )
    return {"items": found}


async def _generate_report(call: Call) -> dict[str, Any]:
    await asyncio.sleep(call.arguments.get("seconds", 0))
    regions = itertools.cycle(("North", "East", "South", "West"))
    rows = [
        {"line": line, "region": region, "orders": line * 37 % 211, "revenue_eur": line * 7919 % 100_003}
        for line, region in zip(range(1, call.arguments.get("rows", 10) + 1), regions, strict=False)
    ]
    return {"title": call.arguments["title"], "generated_at": clock.stamp(), "rows": rows}
