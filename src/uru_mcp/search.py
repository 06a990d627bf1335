"""Full-text search over tools: BM25F over stems, within the app that is named, with synonyms and slips mended.

It knows texts under ids and nothing else; what people call the same is `thesaurus.py`'s, and what names an app is
`naming.py`'s. SQLite's FTS5 would measure all fields by one length, and reckon at each query what is reckoned here
once; that was tried, found fewer right tools, and took five times as long.

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

from uru_mcp.naming import USES, Named, Naming, numbers_of
from uru_mcp.spelling import meant
from uru_mcp.thesaurus import Asked, Phrase, Thesaurus
from uru_mcp.words import STOP_WORDS, words

WEIGHTS = {"name": 4.0, "title": 1.0, "summary": 1.5, "details": 0.5, "parameters": 0.25}
QUERY_CHARS, QUERY_WORDS = 500, 20  # what comes after says nothing new, and each slip of typing takes time

SATURATION = 2.0  # BM25's k1: how soon saying a word again adds nothing
LENGTH = 0.4  # BM25's b: how much a word counts for less in a longer text
STOP_WORD = 0.1  # of what another word counts
BEGINNING = 0.25  # of what the word itself counts, for a longer one that begins so
MISSPELT = 0.8  # of what the word itself counts, for one that was probably meant
FAVOUR = 1.25  # times its score, for a document that is favoured, where nothing in the query asks for a change
COPY = 0.7  # of its score for each better tool of the same name, in another account of the same app

NAMED = 8.0  # the exponent by which a document of a namespace that is surely named comes before all others
NAMED_FROM = 0.3  # how surely a namespace is named that all of it is found, from 0 to 1
NAMED_ALONE = 0.01  # the score of a document that holds nothing of the query but its namespace's name

UNASKED = 0.3  # how much a word in the name that nothing in the query asks for puts a document back
BATCH = 0.7  # of its score for a document that does a thing many times over, where nothing asks for that

COVERAGE = 1.0  # the exponent of how much of the query a document holds

BEGINNING_FROM = 3  # characters: shorter ones begin too much
BEGINNINGS = 50  # words at most that begin alike
FIRST_PAGES = 200  # hits among which copies are put back, and the plain ones come first
ENOUGH = 2_000  # documents found: words that are more frequent only rank these


class Document(NamedTuple):
    """What is searched of a tool. All documents of one namespace have the same text there: what it is called."""

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

    def among(self, wanted: Collection[int]) -> Iterator[tuple[int, float]]:
        """The documents that are wanted, by whichever way is shorter."""
        if len(wanted) * 20 > len(self.numbers):
            yield from (pair for pair in zip(self.numbers, self.strengths, strict=True) if pair[0] in wanted)
            return
        for number in wanted:
            at = bisect_left(self.numbers, number)
            if at < len(self.numbers) and self.numbers[at] == number:
                yield number, self.strengths[at]


class Wanted(NamedTuple):
    """What is looked for in the place of one word of the query: phrases of terms, and what each counts."""

    phrases: dict[Phrase, float]
    worth: float
    is_stop_word: bool


class Index:
    """An index of documents by id. It never changes, and one thread at a time may search it.

    Of documents that fit a query almost alike, the `favoured` come first. Building it is work for a thread when there
    are tens of thousands.
    """

    def __init__(self, documents: Mapping[str, Document], favoured: Collection[str] = ()) -> None:
        import snowballstemmer  # late: there is nothing to search yet when the process starts

        self._stemmer = snowballstemmer.stemmer("english")  # which serves one thread at a time
        self._thesaurus = Thesaurus(self._stemmer.stemWord)
        self._ids = tuple(documents)
        self._names = tuple(document.name for document in documents.values())
        self._favoured = frozenset(number for number, name in enumerate(self._ids) if name in favoured)
        spaces, self._spaces = numbers_of([document.namespace for document in documents.values()])
        self._members: list[array[int]] = [array("I") for _ in spaces]
        for number, space in enumerate(self._spaces):
            self._members[space].append(number)
        names = [[self._names[number] for number in members] for members in self._members]
        self._naming = Naming(spaces, names, self._thesaurus.same)
        self._take_in(documents)

    def _take_in(self, documents: Mapping[str, Document]) -> None:
        stems: dict[str, str] = {}
        seen: Counter[str] = Counter()
        texts = []
        for document, space in zip(documents.values(), self._spaces, strict=True):
            prefix = self._naming.prefixes[space]
            fields = {name: [word for word in words(getattr(document, name)) if word != prefix] for name in WEIGHTS}
            for name, found in fields.items():
                seen.update(found)
                if name in USES:
                    self._naming.note(space, found, USES[name])
            texts.append(tuple(self._stemmed(found, stems) for found in fields.values()))
        averages = [sum(map(len, column)) / len(texts) for column in zip(*texts, strict=True)]
        postings: dict[str, Postings] = defaultdict(Postings)
        for number, text in enumerate(texts):
            for term, weight in _weighed(text, averages).items():
                postings[term].numbers.append(number)
                postings[term].strengths.append(weight / (weight + SATURATION))
        self._postings = dict(postings)
        self._terms = sorted(self._postings)
        self._known = {word: times for word, times in seen.items() if word not in STOP_WORDS}
        self._known_in_order = sorted(self._known)
        self._name_terms = tuple(tuple(dict.fromkeys(text[0])) for text in texts)
        looking = self._thesaurus.looking
        self._favoured |= {number for number, terms in enumerate(self._name_terms) if not looking.isdisjoint(terms)}

    def search(self, query: str) -> list[str]:
        """The ids that hold any word of the query, best first; none for a query without a word.

        A document's score is its BM25F, times how much of the query it holds. What is in a namespace that the query
        names comes before everything else.
        """
        asked = list(dict.fromkeys(words(query[:QUERY_CHARS])[:QUERY_WORDS]))
        named = self._naming.named(asked, self._is_word)
        parts = self._thesaurus.asked(asked)
        if all(part.is_stop_word for part in parts) and not named.namespaces:
            parts = [Asked(part.words, part.variants) for part in parts]
        wanted = sorted((self._wanted(part, named) for part in parts), key=lambda one: (one.is_stop_word, -one.worth))
        scores = self._scores(wanted)
        self._put_named_first(scores, named)
        for number in () if any(part.changes for part in parts) else self._favoured & scores.keys():
            scores[number] *= FAVOUR
        return [self._ids[number] for number in self._ranked(scores, wanted)]

    def is_english(self, query: str) -> bool:
        """Whether the words of a query, but for names, are such as tools are described in."""
        asked = list(dict.fromkeys(words(query[:QUERY_CHARS])[:QUERY_WORDS]))
        named = self._naming.named(asked, self._is_word).worth
        parts = [part for part in self._thesaurus.asked(asked) if named.keys().isdisjoint(part.words)]
        foreign = sum(part.is_foreign for part in parts)
        known = sum(all(map(self._is_word, part.words)) and not part.is_foreign for part in parts)
        unknown = len(parts) - foreign - known
        return foreign < known if foreign else unknown <= max(1, known)

    def _scores(self, wanted: list[Wanted]) -> dict[int, float]:
        """How well each document fits, from 0 to 1."""
        scores: dict[int, float] = {}
        covered: dict[int, float] = {}
        whole = sum(one.worth for one in wanted if not one.is_stop_word) or 1.0
        for one in wanted:
            among = scores.keys() if one.is_stop_word or len(scores) >= ENOUGH else None
            for number, (strength, share) in self._hits(one.phrases, among).items():
                scores[number] = scores.get(number, 0.0) + strength * one.worth
                if not one.is_stop_word:
                    covered[number] = covered.get(number, 0.0) + share * one.worth
        return {number: score / whole * (covered[number] / whole) ** COVERAGE for number, score in scores.items()}

    def _put_named_first(self, scores: dict[int, float], named: Named) -> None:
        for space, sure in named.namespaces.items():
            times = math.exp(NAMED * min(sure, 2.0))
            for number in self._members[space]:
                if number in scores:
                    scores[number] = (scores[number] + NAMED_ALONE) * times
                elif sure >= NAMED_FROM:
                    scores[number] = NAMED_ALONE * times

    def _ranked(self, scores: dict[int, float], wanted: list[Wanted]) -> list[int]:
        """Best first, and what scores alike in the documents' order; copies that would fill the first page go back."""
        numbers = sorted(scores)
        numbers.sort(key=scores.__getitem__, reverse=True)
        first = numbers[:FIRST_PAGES]
        asked: dict[str, float] = {}
        for one in wanted:
            for phrase, share in one.phrases.items():
                asked |= {term: max(share, asked.get(term, 0.0)) for term in phrase}
        for number in first:
            scores[number] *= self._plainness(number, asked)
        first.sort(key=scores.__getitem__, reverse=True)
        better: Counter[str] = Counter()
        for number in first:
            scores[number] *= COPY ** better[self._names[number]]
            better[self._names[number]] += 1
        first.sort(key=scores.__getitem__, reverse=True)
        return first + numbers[FIRST_PAGES:]

    def _plainness(self, number: int, asked: Mapping[str, float]) -> float:
        """Less than 1 for a document whose name says what nothing in the query asks for."""
        terms = self._name_terms[number]
        unasked = sum(1 - asked.get(term, 0.0) for term in terms if term not in STOP_WORDS)
        is_batch = any(term in self._thesaurus.batch and term not in asked for term in terms)
        return (BATCH if is_batch else 1.0) / (1 + UNASKED * unasked)

    def _wanted(self, asked: Asked, named: Named) -> Wanted:
        phrases = dict(asked.variants)
        if len(asked.words) == 1:
            stem = self._stemmer.stemWord(asked.words[0])
            for term in self._beginning(stem):
                phrases.setdefault((term,), BEGINNING)
            if stem not in self._postings and not asked.is_known:
                phrases |= {(self._stemmer.stemWord(other),): MISSPELT for other in self._meant(asked.words[0], named)}
        worth = self._worth(phrases) * (STOP_WORD if asked.is_stop_word else 1.0)
        worth *= min(named.worth.get(word, 1.0) for word in asked.words)
        return Wanted(phrases, worth, asked.is_stop_word)

    def _meant(self, word: str, named: Named) -> list[str]:
        return [named.meant[word]] if word in named.meant else meant(word, self._known, self._known_in_order)

    def _hits(self, phrases: Mapping[Phrase, float], among: Collection[int] | None) -> dict[int, tuple[float, float]]:
        """How strongly one of the phrases stands in which documents, and the share of the one that does."""
        hits: dict[int, tuple[float, float]] = {}
        for phrase, share in phrases.items():
            for number, strength in self._standing(phrase, among):
                if number not in hits or strength * share > hits[number][0]:
                    hits[number] = (strength * share, share**0.5)
        return hits

    def _standing(self, phrase: Phrase, among: Collection[int] | None) -> Iterator[tuple[int, float]]:
        """The documents that hold all terms of the phrase, and how strongly they hold the weakest."""
        postings = sorted((self._postings.get(term, Postings()) for term in phrase), key=lambda one: len(one.numbers))
        first, *others = postings
        found = first.hits() if among is None else dict(first.among(among))
        for other in others:
            found = {number: min(strength, found[number]) for number, strength in other.among(found)}
        return iter(found.items())

    def _beginning(self, stem: str) -> Iterator[str]:
        """The terms that are longer than this one and begin with it."""
        if len(stem) >= BEGINNING_FROM and stem not in STOP_WORDS:
            start = bisect_left(self._terms, stem)
            for term in self._terms[start : start + BEGINNINGS + 1]:
                if not term.startswith(stem):
                    return
                if term != stem:
                    yield term

    def _worth(self, phrases: Mapping[Phrase, float]) -> float:
        """BM25's idf: what is in few documents tells more."""
        frequency = sum(
            share * min((len(self._postings[term].numbers) if term in self._postings else 0) for term in phrase)
            for phrase, share in phrases.items()
        )
        frequency = min(frequency, len(self._ids))
        return math.log(1 + (len(self._ids) - frequency + 0.5) / (frequency + 0.5))

    def _is_word(self, word: str) -> bool:
        return word in STOP_WORDS or self._stemmer.stemWord(word) in self._postings or self._thesaurus.knows(word)

    def _stemmed(self, found: list[str], stems: dict[str, str]) -> tuple[str, ...]:
        for word in found:
            if word not in stems:
                stems[word] = self._stemmer.stemWord(word)
        return tuple(stems[word] for word in found)  # unlike lists, not visited by the garbage collector


def _weighed(fields: tuple[tuple[str, ...], ...], averages: list[float]) -> dict[str, float]:
    """How often each term stands in a document, by the weight and the length of the fields that it stands in."""
    found: dict[str, float] = defaultdict(float)
    for terms, weight, average in zip(fields, WEIGHTS.values(), averages, strict=True):
        if terms:
            share = weight / (1 - LENGTH + LENGTH * len(terms) / average)
            for term in terms:
                found[term] += share
    return found
