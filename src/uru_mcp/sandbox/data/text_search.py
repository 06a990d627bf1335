"""Splits long texts into chunks, and searches them.

A chunk has up to 1,000 tokens and shares 200 with the previous one, so that no passage is lost at a boundary.
A token is up to eight letters of a word, or one punctuation mark, which approximates a model's count for English
prose.
"""

from __future__ import annotations

import re
from typing import Any

from .database import Database
from .paging import Item

CHUNK_TOKENS = 1_000
OVERLAP_TOKENS = 200
EXCERPT_WORDS = 48

_TOKEN = re.compile(r"\w{1,8}|[^\w\s]")


def count_tokens(text: str) -> int:
    return sum(1 for _ in _TOKEN.finditer(text))


def split(text: str) -> list[str]:
    """The chunks of a text in order; empty for an empty text."""
    spans = [match.span() for match in _TOKEN.finditer(text)]
    step = CHUNK_TOKENS - OVERLAP_TOKENS
    starts = range(0, max(len(spans) - OVERLAP_TOKENS, min(len(spans), 1)), step)
    return [text[spans[at][0] : spans[min(at + CHUNK_TOKENS, len(spans)) - 1][1]] for at in starts]


def index(database: Database, context_id: str) -> None:
    """Rebuild the chunks of one context block. Call it in the transaction that writes the block."""
    database.execute("DELETE FROM chunks WHERE context_id = ?", context_id)
    found = database.row("SELECT workspace_id, title, content FROM contexts WHERE id = ?", context_id)
    if found is None:
        return
    for position, text in enumerate(split(found["content"])):
        database.insert(
            "chunks",
            text=text,
            title=found["title"],
            context_id=context_id,
            workspace_id=found["workspace_id"],
            position=position,
        )


def search(database: Database, workspace_id: str, query: str) -> list[Item]:
    """The passages that share a word with the query, best first; a higher score is a better match."""
    found = database.rows(
        f"""
        SELECT context_id AS id, title, position AS chunk,
               trim(snippet(chunks, 0, '', '', ' … ', {EXCERPT_WORDS})) AS excerpt,
               round(-bm25(chunks, 1.0, 2.0), 6) AS score
        FROM chunks WHERE chunks MATCH ? AND workspace_id = ?
        ORDER BY bm25(chunks, 1.0, 2.0), rowid LIMIT 500
        """,  # noqa: S608
        any_word(query),
        workspace_id,
    )
    return _distinct(found)


def _distinct(found: list[Item]) -> list[Item]:
    """Remove duplicates that overlapping chunks cause: keep the better of two equal excerpts, and the complete one of
    two if the other is cut off at the boundary of its chunk.
    """
    passages: dict[str, list[str]] = {}
    for item in found:
        passages.setdefault(item["id"], []).append(_passage(item))
    kept: dict[tuple[str, str], Item] = {}
    for item in found:
        passage = _passage(item)
        if not any(passage in other and passage != other for other in passages[item["id"]]):
            kept.setdefault((item["id"], passage), item)
    return list(kept.values())


def _passage(item: Item) -> str:
    return str(item["excerpt"]).strip(" …")


def any_word(query: str) -> Any:
    """A full-text expression that matches any word of the query; the query itself is never parsed as syntax."""
    return " OR ".join(f'"{word}"' for word in re.findall(r"\w+", query)[:64]) or '""'
