"""The full-text index of tools: BM25F over stems, with app names, synonyms and spelling correction.

It knows only texts and their ids; `thesaurus.py` knows synonyms, and `app_names.py` knows the names of apps. SQLite's
FTS5 normalizes all fields by one length, and computes at each query what is precomputed here; in a trial it found fewer
correct tools and took five times as long.

Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), section 3.5.
"""

from __future__ import annotations

import math
import threading
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from uru_mcp.catalog.search.app_names import USES, AppNames, NamedApps, numbers_of
from uru_mcp.catalog.search.postings import WEIGHTS, Document, Postings, strengths_of
from uru_mcp.catalog.search.spelling import meant
from uru_mcp.catalog.search.thesaurus import Asked, Phrase, Thesaurus
from uru_mcp.untrusted_input.word_splitting import STOP_WORDS, words

QUERY_CHARS, QUERY_WORDS = 500, 20  # the rest of a query adds little, and correcting each misspelt word takes time

STOP_WORD = 0.1  # weight of a stop word, relative to other words
BEGINNING = 0.25  # weight of a longer word with this prefix, relative to the word itself
MISSPELT = 0.8  # weight of a corrected spelling, relative to the word itself
FAVOUR = 1.25  # boost of a favoured document if nothing in the query asks for a change
COPY = 0.5  # factor on the score for each better tool of the same name in another account of the app

NAMED = 8.0  # exponent of the boost for documents of a namespace that the query names
NAMED_FROM = 0.3  # the confidence from which all documents of a named namespace are found, from 0 to 1
NAMED_ALONE = 0.01  # score of a document that matches only by its namespace's name

UNASKED = 0.3  # penalty for each word in the name that the query does not ask for
REMOVING = 0.7  # factor on the score of a document that removes something, unless the query asks for that
BATCH = 0.7  # factor on the score of a batch operation, unless the query asks for that

LONGEST_WORD = 60  # characters: a longer string is no word, and is not stemmed, which takes quadratic time

BEGINNING_FROM = 3  # characters: shorter prefixes match too many words
BEGINNINGS = 50  # the maximum number of words with the same prefix
STEMS = 10_000  # cached stems
FIRST_PAGES = 200  # hits that are reranked by `COPY`, `UNASKED` and so on
ENOUGH = 2_000  # documents found: once reached, more frequent words only rank these


class Wanted(NamedTuple):
    """The expansion of one word of the query: phrases of terms and their weights."""

    phrases: dict[Phrase, float]
    worth: float
    is_stop_word: bool


@cache
def _thesaurus() -> Thesaurus:
    """The one of all indexes and threads: its thousands of stems take 0.2 s, and each reload makes a new index."""
    import snowballstemmer  # late: there is nothing to search yet when the process starts

    stemmer, turn = snowballstemmer.stemmer("english"), threading.Lock()

    def stem(word: str) -> str:
        if len(word) > LONGEST_WORD:
            return word
        with turn:  # it serves one thread at a time
            found: str = stemmer.stemWord(word)
            return found

    return Thesaurus(lru_cache(STEMS)(stem))


class Index:
    """An immutable index of documents by id. Only one thread at a time may search it.

    Among documents with similar scores, the `favoured` come first. Build it in a thread if there are tens of thousands.
    """

    def __init__(self, documents: Mapping[str, Document], favoured: Collection[str] = ()) -> None:
        self._thesaurus = _thesaurus()
        self._stem = self._thesaurus.stem
        self._ids = tuple(documents)
        self._names = tuple(document.name for document in documents.values())
        self._favoured = frozenset(number for number, name in enumerate(self._ids) if name in favoured)
        spaces, self._spaces = numbers_of([document.namespace for document in documents.values()])
        self._members: list[array[int]] = [array("I") for _ in spaces]
        for number, space in enumerate(self._spaces):
            self._members[space].append(number)
        names = [[self._names[number] for number in members] for members in self._members]
        self._naming = AppNames(spaces, names, self._thesaurus.same, self._thesaurus.labels)
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
            for term, strength in strengths_of(text, averages).items():
                postings[term].numbers.append(number)
                postings[term].strengths.append(strength)
        self._postings = dict(postings)
        self._terms = sorted(self._postings)
        self._known = {word: times for word, times in seen.items() if word not in STOP_WORDS}
        self._known_in_order = sorted(self._known)
        self._name_terms = tuple(tuple(dict.fromkeys(text[0])) for text in texts)
        looking = self._thesaurus.looking
        self._favoured |= {number for number, terms in enumerate(self._name_terms) if not looking.isdisjoint(terms)}

    def search(self, query: str) -> list[str]:
        """The ids of documents that contain any word of the query, best first; empty for a query without words.

        A document's score is its BM25F times the share of the query that it matches. Documents of a namespace that the
        query names come before all others.
        """
        asked = list(dict.fromkeys(words(query[:QUERY_CHARS])[:QUERY_WORDS]))
        named = self._naming.named(asked, self._is_word)
        parts = self._thesaurus.asked(asked)
        if all(part.is_stop_word for part in parts) and not named.namespaces:
            parts = [Asked(part.words, part.variants) for part in parts]
        wanted = sorted((self._wanted(part, named) for part in parts), key=lambda one: (one.is_stop_word, -one.worth))
        favour = 1.0 if any(part.changes for part in parts) else FAVOUR
        scores = self._scores(wanted, named, favour)
        return [self._ids[number] for number in self._ranked(scores, wanted)]

    def is_english(self, query: str) -> bool:
        """Whether the words of a query, apart from names, are English, the language of the tools' descriptions."""
        asked = list(dict.fromkeys(words(query[:QUERY_CHARS])[:QUERY_WORDS]))
        named = self._naming.named(asked, self._is_word).worth
        parts = [part for part in self._thesaurus.asked(asked) if named.keys().isdisjoint(part.words)]
        foreign = sum(part.is_foreign for part in parts)
        known = sum(all(map(self._is_word, part.words)) and not part.is_foreign for part in parts)
        unknown = len(parts) - foreign - known
        return foreign < known if foreign else unknown <= max(1, known)

    def _scores(self, wanted: list[Wanted], named: NamedApps, favour: float) -> dict[int, float]:
        """The score of each document: the weights of the matching words, times the share of the query that matches."""
        scores: dict[int, float] = {}
        covered: dict[int, float] = {}
        for one in wanted:
            among = scores if one.is_stop_word or len(scores) >= ENOUGH else None
            hits, shares = self._hits(one.phrases, among)
            worth = one.worth
            for number, strength in hits.items():
                scores[number] = scores.get(number, 0.0) + strength * worth
            for number, share in () if one.is_stop_word else shares.items():
                covered[number] = covered.get(number, 0.0) + share * worth
        whole = sum(one.worth for one in wanted if not one.is_stop_word) or 1.0
        for space in self._fully_listed(named):
            for number in self._members[space]:
                scores.setdefault(number, 0.0)
        return self._boosted(scores, covered, whole, named, favour)

    def _fully_listed(self, named: NamedApps) -> list[int]:
        """The named namespaces whose documents are all found, unless they are most of the index."""
        sure = [space for space, certainty in named.namespaces.items() if certainty >= NAMED_FROM]
        return sure if sum(len(self._members[space]) for space in sure) <= ENOUGH else []

    def _boosted(
        self, scores: dict[int, float], covered: Mapping[int, float], whole: float, named: NamedApps, favour: float
    ) -> dict[int, float]:
        """The final scores, with a large boost for named namespaces and a small one for favoured documents."""
        times = {space: math.exp(NAMED * min(certainty, 2.0)) for space, certainty in named.namespaces.items()}
        spaces, favoured, least = self._spaces, self._favoured, NAMED_ALONE
        for number, score in scores.items():
            fit = score * covered.get(number, 0.0) / whole**2
            if times and (raised := times.get(spaces[number])):
                fit = (fit + least) * raised
            scores[number] = fit * favour if number in favoured else fit
        return scores

    def _ranked(self, scores: dict[int, float], wanted: list[Wanted]) -> list[int]:
        """Sort by score, ties in document order; demote copies that would fill the first page."""
        numbers = sorted(scores)
        numbers.sort(key=scores.__getitem__, reverse=True)
        first = numbers[:FIRST_PAGES]
        asked: dict[str, float] = {}
        for one in wanted:
            for phrase, share in one.phrases.items():
                asked |= {term: max(share, asked.get(term, 0.0)) for term in phrase}
        for number in first:
            scores[number] *= self._name_penalty(number, asked)
        first.sort(key=scores.__getitem__, reverse=True)
        better: Counter[str] = Counter()
        for number in first:
            scores[number] *= COPY ** better[self._names[number]]
            better[self._names[number]] += 1
        first.sort(key=scores.__getitem__, reverse=True)
        return first + numbers[FIRST_PAGES:]

    def _name_penalty(self, number: int, asked: Mapping[str, float]) -> float:
        """A factor below 1 for a document whose name contains words that the query does not ask for."""
        terms = self._name_terms[number]
        unasked = sum(1 - asked.get(term, 0.0) for term in terms if term not in STOP_WORDS)
        is_batch = any(term in self._thesaurus.batch and term not in asked for term in terms)
        removes = any(term in self._thesaurus.removing for term in terms)
        is_asked = any(term in self._thesaurus.removing for term in asked)
        return (BATCH if is_batch else 1.0) * (REMOVING if removes and not is_asked else 1.0) / (1 + UNASKED * unasked)

    def _wanted(self, asked: Asked, named: NamedApps) -> Wanted:
        phrases = dict(asked.variants)
        if len(asked.words) == 1:
            stem = self._stem(asked.words[0])
            for term in self._beginning(stem):
                phrases.setdefault((term,), BEGINNING)
            if stem not in self._postings and not asked.is_known:
                phrases |= {(self._stem(other),): MISSPELT for other in self._meant(asked.words[0], named)}
        worth = self._worth(phrases) * (STOP_WORD if asked.is_stop_word else 1.0)
        worth *= min(named.worth.get(word, 1.0) for word in asked.words)
        return Wanted(phrases, worth, asked.is_stop_word)

    def _meant(self, word: str, named: NamedApps) -> list[str]:
        return [named.meant[word]] if word in named.meant else meant(word, self._known, self._known_in_order)

    def _hits(
        self, phrases: Mapping[Phrase, float], among: Collection[int] | None
    ) -> tuple[dict[int, float], dict[int, float]]:
        """The weight of the best matching phrase in each document, and the share of the word that it covers."""
        hits: dict[int, float] = {}
        shares: dict[int, float] = {}
        for phrase, share in sorted(phrases.items(), key=lambda pair: -pair[1]):
            found = self._phrase_hits(phrase, among)
            covers = share**0.5
            if not hits and share == 1.0:
                hits, shares = found, dict.fromkeys(found, covers)
                continue
            for number, strength in found.items():
                strength *= share
                if number not in hits:
                    hits[number], shares[number] = strength, covers
                elif strength > hits[number]:
                    hits[number] = strength
        return hits, shares

    def _phrase_hits(self, phrase: Phrase, among: Collection[int] | None) -> dict[int, float]:
        """The documents that contain all terms of the phrase, with the weight of the weakest term."""
        postings = sorted((self._postings.get(term, Postings()) for term in phrase), key=lambda one: len(one.numbers))
        first, *others = postings
        found = first.hits() if among is None else first.among(among)
        for other in others:
            found = {number: min(strength, found[number]) for number, strength in other.among(found).items()}
        return found

    def _beginning(self, stem: str) -> Iterator[str]:
        """The longer terms with this prefix."""
        if len(stem) >= BEGINNING_FROM and stem not in STOP_WORDS:
            start = bisect_left(self._terms, stem)
            for term in self._terms[start : start + BEGINNINGS + 1]:
                if not term.startswith(stem):
                    return
                if term != stem:
                    yield term

    def _worth(self, phrases: Mapping[Phrase, float]) -> float:
        """BM25's idf: rare terms weigh more."""
        frequency = sum(
            share * min((len(self._postings[term].numbers) if term in self._postings else 0) for term in phrase)
            for phrase, share in phrases.items()
        )
        frequency = min(frequency, len(self._ids))
        return math.log(1 + (len(self._ids) - frequency + 0.5) / (frequency + 0.5))

    def _is_word(self, word: str) -> bool:
        return word in STOP_WORDS or self._stem(word) in self._postings or self._thesaurus.knows(word)

    def _stemmed(self, found: list[str], stems: dict[str, str]) -> tuple[str, ...]:
        for word in found:
            if word not in stems:
                stems[word] = self._stem(word)
        return tuple(stems[word] for word in found)  # unlike lists, the garbage collector untracks them
