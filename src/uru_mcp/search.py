"""Full-text search over tools: BM25F over stems, words that begin alike, and slips of typing mended.

It knows texts under ids and nothing else. SQLite's FTS5 would measure all fields by one length, and reckon at each
query what is reckoned here once; that was tried, found fewer right tools, and took five times as long.

Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), section 3.5.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from uru_mcp.spelling import meant
from uru_mcp.words import STOP_WORDS, words

WEIGHTS = (4.0, 1.0, 1.5, 0.5, 1.0, 0.25)  # of the fields of a `Document`, in its order
QUERY_CHARS, QUERY_WORDS = 500, 20  # what comes after says nothing new, and each slip of typing takes time

SATURATION = 2.0  # BM25's k1: how soon saying a word again adds nothing
LENGTH = 0.4  # BM25's b: how much a word counts for less in a longer text
STOP_WORD = 0.4  # of what another word counts
BEGINNING = 0.25  # of what the word itself counts, for a longer one that begins so
MISSPELT = 0.8  # of what the word itself counts, for one that was probably meant
FAVOUR = 1.1  # times its score, for a document that is favoured
COPY = 0.7  # of its score for each better tool of the same name, in another account of the same app

LONGEST_WORD = 60  # characters: longer ones are no words, and stemming takes a time that grows with their square

BEGINNING_FROM = 3  # characters: shorter ones begin too much
BEGINNINGS = 50  # words at most that begin alike
FIRST_PAGES = 100  # hits among which copies are put back


class Document(NamedTuple):
    """What is searched of a tool."""

    name: str
    title: str = ""
    summary: str = ""
    details: str = ""
    namespace: str = ""
    parameters: str = ""


@dataclass(frozen=True, slots=True)
class Postings:
    """Where a term stands: the documents' numbers, rising, and how strongly it stands in each, from 0 to 1."""

    numbers: array[int] = field(default_factory=lambda: array("I"))
    strengths: array[float] = field(default_factory=lambda: array("f"))

    def hits(self) -> dict[int, float]:
        return dict(zip(self.numbers, self.strengths, strict=True))


class Index:
    """An index of documents by id. It never changes, and one thread at a time may search it.

    Of documents that fit a query almost alike, the `favoured` come first. Building it is work for a thread when there
    are tens of thousands.
    """

    def __init__(self, documents: Mapping[str, Document], favoured: Collection[str] = ()) -> None:
        import snowballstemmer  # late: there is nothing to search yet when the process starts

        self._stemmer = snowballstemmer.stemmer("english")  # which serves one thread at a time
        self._ids = tuple(documents)
        self._names = tuple(document.name for document in documents.values())
        self._favoured = frozenset(number for number, name in enumerate(self._ids) if name in favoured)
        stems: dict[str, str] = {}
        seen: Counter[str] = Counter()
        found: dict[str, Postings] = defaultdict(Postings)
        texts = [tuple(self._stemmed(text, stems, seen) for text in document) for document in documents.values()]
        averages = [sum(map(len, column)) / len(texts) for column in zip(*texts, strict=True)]
        for number, fields in enumerate(texts):
            for term, weight in _weighed(fields, averages).items():
                found[term].numbers.append(number)
                found[term].strengths.append(weight / (weight + SATURATION))
        self._postings = dict(found)
        self._terms = sorted(self._postings)
        self._known = {word: times for word, times in seen.items() if word not in STOP_WORDS}
        self._known_in_order = sorted(self._known)

    def search(self, query: str) -> list[str]:
        """The ids that hold any word of the query, best first; none for a query without a word.

        A document's score is its BM25F, times how much of the query it holds.
        """
        asked = dict.fromkeys(word[:LONGEST_WORD] for word in words(query[:QUERY_CHARS])[:QUERY_WORDS])
        telling = [word for word in asked if word not in STOP_WORDS] or list(asked)
        scores: dict[int, float] = {}
        covered: dict[int, float] = {}
        for word in telling:
            hits, worth = self._found(word)
            for number, strength in hits.items():
                scores[number] = scores.get(number, 0.0) + strength * worth
                covered[number] = covered.get(number, 0.0) + worth
        for word in [word for word in asked if word not in telling]:
            hits, worth = self._found(word)
            worth *= STOP_WORD
            for number in hits.keys() & scores.keys():
                scores[number] += hits[number] * worth
                covered[number] += worth
        for number, share in covered.items():
            scores[number] *= share * (FAVOUR if number in self._favoured else 1.0)
        return [self._ids[number] for number in self._ranked(scores)]

    def _ranked(self, scores: dict[int, float]) -> list[int]:
        """Best first, and what scores alike in the documents' order; copies that would fill the first page go back."""
        numbers = sorted(scores)
        numbers.sort(key=scores.__getitem__, reverse=True)
        better: Counter[str] = Counter()
        for number in (first := numbers[:FIRST_PAGES]):
            scores[number] *= COPY ** better[self._names[number]]
            better[self._names[number]] += 1
        first.sort(key=scores.__getitem__, reverse=True)
        return first + numbers[FIRST_PAGES:]

    def _found(self, word: str) -> tuple[dict[int, float], float]:
        """How strongly the word, or what is near to it, stands in which documents, and what it is worth there."""
        stem = self._stemmer.stemWord(word)
        exact = self._postings.get(stem)
        hits = exact.hits() if exact else {}
        worth = self._worth(len(hits))
        for term in self._beginning(stem):
            self._add(hits, term, BEGINNING)
        if not hits:
            for other in meant(word, self._known, self._known_in_order):
                self._add(hits, self._stemmer.stemWord(other), MISSPELT)
        return hits, worth if exact else self._worth(len(hits))

    def _add(self, hits: dict[int, float], term: str, share: float) -> None:
        postings = self._postings[term]
        for number, strength in zip(postings.numbers, postings.strengths, strict=True):
            if strength * share > hits.get(number, 0.0):
                hits[number] = strength * share

    def _beginning(self, stem: str) -> Iterator[str]:
        """The terms that are longer than this one and begin with it."""
        if len(stem) >= BEGINNING_FROM and stem not in STOP_WORDS:
            start = bisect_left(self._terms, stem)
            for term in self._terms[start : start + BEGINNINGS + 1]:
                if not term.startswith(stem):
                    return
                if term != stem:
                    yield term

    def _worth(self, documents: int) -> float:
        """BM25's idf: a word in few documents tells more."""
        return math.log(1 + (len(self._ids) - documents + 0.5) / (documents + 0.5))

    def _stemmed(self, text: str, stems: dict[str, str], seen: Counter[str]) -> tuple[str, ...]:
        found = [word[:LONGEST_WORD] for word in words(text)]
        seen.update(found)
        for word in found:
            if word not in stems:
                stems[word] = self._stemmer.stemWord(word)
        return tuple(stems[word] for word in found)  # unlike lists, not visited by the garbage collector


def _weighed(fields: tuple[tuple[str, ...], ...], averages: list[float]) -> dict[str, float]:
    """How often each term stands in a document, by the weight and the length of the fields that it stands in."""
    found: dict[str, float] = defaultdict(float)
    for terms, weight, average in zip(fields, WEIGHTS, averages, strict=True):
        if terms:
            share = weight / (1 - LENGTH + LENGTH * len(terms) / average)
            for term in terms:
                found[term] += share
    return found
