"""Expands the words of a query with synonyms, including phrases and phrasal verbs.

The synonyms and the reasons for them are in `synonyms.toml`. It does not know tools.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from uru_mcp.untrusted_input.word_splitting import STOP_WORDS

SHARE = 0.6  # weight of a synonym, relative to the word itself
INSTEAD = 0.4  # weight of the word itself if it is used as a verb with another meaning
LONGEST_PHRASE = 3  # words

APART = 4  # the maximum number of words between the parts of a phrasal verb
PARTICLES = frozenset({"away", "back", "down", "off", "out", "over", "up"})
ARTICLES = frozenset(
    {"a", "all", "an", "it", "my", "our", "some", "that", "the", "them", "these", "this", "those", "your"}
)
POLITE = frozenset(
    {"can", "could", "do", "help", "how", "i", "let", "like", "me", "need", "please", "to", "us", "want", "we", "would"}
    | {"you"}
)

Phrase = tuple[str, ...]  # of stems
Stem = Callable[[str], str]


class Meaning(NamedTuple):
    """The synonyms of a phrase and their weights."""

    tools: Mapping[Phrase, float]
    is_verb: bool = False  # applies only if it is used as a verb
    instead: bool = False  # replaces the word itself, which then counts little
    changes: bool = False  # it asks for a change
    is_foreign: bool = False
    is_same: bool = False  # the words may also have their literal meaning
    is_adjective: bool = False  # before a plural
    said: str = ""


class Asked(NamedTuple):
    """A word or phrase of a query. `variants` maps phrases of stems, including the word itself, to their weights."""

    words: Phrase
    variants: Mapping[Phrase, float]
    is_known: bool = False  # to the thesaurus
    is_foreign: bool = False
    is_stop_word: bool = False
    changes: bool = False


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(files("uru_mcp.catalog.search").joinpath("synonyms.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Thesaurus:
    """The table of synonyms over stems."""

    stem: Stem
    rows: Mapping[str, Any] = field(default_factory=_table)

    def asked(self, words: Sequence[str]) -> list[Asked]:
        """Split a query into known phrases and the remaining words."""
        found: list[Asked] = []
        at = 0
        while at < len(words):
            phrase, length = self._phrase_at(words, at)
            if phrase is not None:
                found.append(phrase)
            if not length:
                found.append(self._word_at(words, at))
            at += length or 1
        return list({one.words: one for one in found}.values())

    def knows(self, word: str) -> bool:
        return (self.stem(word),) in self._meanings

    @cached_property
    def batch(self) -> frozenset[str]:
        """The stems of words for batch operations."""
        return self._listed("batch")

    @cached_property
    def looking(self) -> frozenset[str]:
        """The stems of verbs in the names of tools that only read."""
        return self._listed("looking")

    @cached_property
    def removing(self) -> frozenset[str]:
        """The stems of verbs in the names of tools that remove something."""
        return self._listed("removing")

    @cached_property
    def labels(self) -> frozenset[str]:
        """Labels that accounts of any app may have."""
        return frozenset(self._words_of("labels"))

    def same(self, word: str) -> dict[str, float]:
        """The single-word synonyms of this word, with their weights."""
        found: dict[str, float] = {}
        for row in self.rows.get("same", ()):
            if word in row["words"]:
                share = row.get("share", SHARE)
                found |= {other: max(share, found.get(other, 0.0)) for other in row["words"] if " " not in other}
        return found | {word: 1.0}

    def _listed(self, name: str) -> frozenset[str]:
        return frozenset(map(self.stem, self._words_of(name)))

    def _words_of(self, name: str) -> list[str]:
        words: str = self.rows.get(name, {}).get("words", "")
        return words.split()

    def _phrase_at(self, words: Sequence[str], at: int) -> tuple[Asked | None, int]:
        """The longest phrase that starts here, and how many words it consumes: none if it may also be literal."""
        for said, length in _phrases_at(words, at):
            meanings = self._fitting(said, words, at)
            if meanings:
                stays = any(meaning.is_same for meaning in meanings)
                return self._meant(said, meanings, {self._stemmed(said): 1.0} if stays else {}), 0 if stays else length
        return None, 0

    def _word_at(self, words: Sequence[str], at: int) -> Asked:
        said = (words[at],)
        meanings = self._fitting(said, words, at)
        own = INSTEAD if any(meaning.instead for meaning in meanings) else 1.0
        asked = self._meant(said, meanings, {self._stemmed(said): own})
        return asked._replace(
            is_stop_word=said[0] in STOP_WORDS, is_foreign=asked.is_foreign or said[0] in self._foreign
        )

    def _fitting(self, said: Phrase, words: Sequence[str], at: int) -> list[Meaning]:
        meanings = self._meanings.get(self._stemmed(said), ())
        return [
            one
            for one in meanings
            if not (one.changes and _describes(words, at, len(said), one))
            and not (one.is_verb and not _is_verb(words, at, len(said)))
        ]

    def _meant(self, said: Phrase, meanings: Iterable[Meaning], own: dict[Phrase, float]) -> Asked:
        variants = dict(own)
        meanings = tuple(meanings)
        for meaning in meanings:
            for phrase, share in meaning.tools.items():
                variants[phrase] = max(share, variants.get(phrase, 0.0))
        return Asked(
            said,
            variants,
            is_known=bool(meanings),
            is_foreign=bool(meanings) and all(meaning.is_foreign for meaning in meanings),
            changes=any(meaning.changes for meaning in meanings),
        )

    @cached_property
    def _meanings(self) -> dict[Phrase, list[Meaning]]:
        found: dict[Phrase, list[Meaning]] = {}
        for said, meaning in self._read():
            found.setdefault(self._stemmed(said.split()), []).append(meaning)
        return found

    def _read(self) -> Iterable[tuple[str, Meaning]]:
        for row in self.rows.get("same", ()):
            tools = self._tools(row["words"], row)
            for said in row["words"]:
                own = self._stemmed(said.split())
                others = {phrase: share for phrase, share in tools.items() if phrase != own}
                yield said, Meaning(others, is_same=True)
        for kind in ("means", "do"):
            for row in self.rows.get(kind, ()):
                changes = kind == "do" and not row.get("looks", False)
                meaning = Meaning(
                    self._tools(row["tools"], row),
                    is_verb=row.get("verb", False),
                    instead=row.get("instead", False),
                    is_adjective=row.get("adjective", False),
                    changes=changes,
                )
                yield from ((said, meaning._replace(said=said)) for said in row["said"])
        for row in self.rows.get("foreign", ()):
            meaning = Meaning(self._tools(row["english"], row), is_foreign=True)
            yield from ((said, meaning) for said in row["words"])

    def _tools(self, phrases: Iterable[str], row: Mapping[str, Any]) -> dict[Phrase, float]:
        share = row.get("share", SHARE)
        return {self._stemmed(phrase.split()): share for phrase in phrases}

    def _stemmed(self, said: Iterable[str]) -> Phrase:
        return tuple(self.stem(word) for word in said)

    @cached_property
    def _foreign(self) -> frozenset[str]:
        return frozenset(self._words_of("function_words"))


def _phrases_at(words: Sequence[str], at: int) -> Iterator[tuple[Phrase, int]]:
    """The phrases that start here, and how many words each consumes; also separable verbs: `put a task off`."""
    for length in range(min(LONGEST_PHRASE, len(words) - at), 1, -1):
        yield tuple(words[at : at + length]), length
    for later in words[at + 2 : at + 2 + APART]:
        if later in PARTICLES:
            yield (words[at], later), 1


def _describes(words: Sequence[str], at: int, length: int, meaning: Meaning) -> bool:
    """Whether a verb only describes, as in `issues assigned to me` and `open tickets`, and requests nothing."""
    said, after = words[at : at + length], words[at + length : at + length + 1]
    if meaning.is_adjective:
        return bool(after) and after[0].endswith("s") and after[0] not in STOP_WORDS
    return said[-1].endswith("ed") and " ".join(said) != meaning.said


def _is_verb(words: Sequence[str], at: int, length: int) -> bool:
    """Whether the words are used as a verb: only polite words come before them, or an article follows."""
    after = words[at + length] if at + length < len(words) else ""
    return after in ARTICLES or all(word in POLITE for word in words[:at])
