"""Full-text search over tools, by SQLite's FTS5 and its BM25; words are stemmed, and slips of typing are mended.

It knows texts under ids and nothing else.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property

WEIGHTS = (8.0, 4.0, 2.0, 3.0, 1.0)  # name, title, description, namespace, parameters
MENDED_FROM = 4  # characters: shorter words have too many neighbours
QUERY_CHARS, QUERY_WORDS = 500, 20  # what comes after says nothing new, and each slip of typing takes time
CLOSE = 0.75  # difflib's ratio, from 0 to 1

WORD = re.compile(r"[^\W_]+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Index:
    """An index of documents of five fields, in the order of `WEIGHTS`. It never changes."""

    def __init__(self, documents: Mapping[str, tuple[str, str, str, str, str]]) -> None:
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute(
            "CREATE VIRTUAL TABLE tools USING fts5(id UNINDEXED, name, title, description, namespace, parameters,"
            " tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        rows = ((name, *(" ".join(words(text)) for text in texts)) for name, texts in documents.items())
        self._database.executemany("INSERT INTO tools VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._database.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(tools, row)")

    def search(self, query: str) -> list[str]:
        """The ids that hold any word of the query, best first; none for a query without a word."""
        terms = [term for word in words(query[:QUERY_CHARS])[:QUERY_WORDS] for term in self._spelt(word)]
        if not terms:
            return []
        weights = ", ".join(str(weight) for weight in (0.0, *WEIGHTS))
        found = self._database.execute(
            f"SELECT id FROM tools WHERE tools MATCH ? ORDER BY bm25(tools, {weights}), id",  # noqa: S608 (constants)
            (" OR ".join(f'"{term}"' for term in dict.fromkeys(terms)),),
        )
        return [name for (name,) in found]

    def _spelt(self, word: str) -> Iterable[str]:
        """The word itself where the index has it, or the words it may have been meant to be."""
        hit = self._database.execute("SELECT 1 FROM tools WHERE tools MATCH ? LIMIT 1", (f'"{word}"',)).fetchone()
        if hit or len(word) < MENDED_FROM:
            return [word]
        return get_close_matches(word, self._vocabulary, n=2, cutoff=CLOSE)

    @cached_property
    def _vocabulary(self) -> list[str]:
        return [term for (term,) in self._database.execute("SELECT term FROM terms")]


def words(text: str) -> list[str]:
    """The words of a text or a name, in lower case: `GMAIL_SEND_EMAIL` and `sendEmail` come apart."""
    text = text.encode(errors="ignore").decode()  # halves of surrogate pairs
    return [part.lower() for part in WORD.findall(CAMEL.sub(" ", text))]
