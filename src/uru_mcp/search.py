"""Full-text search over tools: BM25F over stems, within the app that is named, with synonyms and slips mended.

It knows texts under ids and nothing else; what people call the same is `thesaurus.py`'s, and what names an app is
`naming.py`'s. SQLite's FTS5 would measure all fields by one length, and reckon at each query what is reckoned here
once; that was tried, found fewer right tools, and took five times as long.

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

from uru_mcp.naming import USES, Named, Naming, numbers_of
from uru_mcp.postings import WEIGHTS, Document, Postings, strengths_of
from uru_mcp.spelling import meant
from uru_mcp.thesaurus import Asked, Phrase, Thesaurus
from uru_mcp.words import STOP_WORDS, words

QUERY_CHARS, QUERY_WORDS = 500, 20  # what comes after says nothing new, and each slip of typing takes time

STOP_WORD = 0.1  # of what another word counts
BEGINNING = 0.25  # of what the word itself counts, for a longer one that begins so
MISSPELT = 0.8  # of what the word itself counts, for one that was probably meant
FAVOUR = 1.25  # times its score, for a document that is favoured, where nothing in the query asks for a change
COPY = 0.5  # of its score for each better tool of the same name, in another account of the same app

NAMED = 8.0  # the exponent by which a document of a namespace that is surely named comes before all others
NAMED_FROM = 0.3  # how surely a namespace is named that all of it is found, from 0 to 1
NAMED_ALONE = 0.01  # the score of a document that holds nothing of the query but its namespace's name

UNASKED = 0.3  # how much a word in the name that nothing in the query asks for puts a document back
REMOVING = 0.7  # of its score for a document that takes something away, where nothing asks for that
BATCH = 0.7  # of its score for a document that does a thing many times over, where nothing asks for that

LONGEST_WORD = 60  # characters: longer ones are no words, and stemming takes a time that grows with their square

BEGINNING_FROM = 3  # characters: shorter ones begin too much
BEGINNINGS = 50  # words at most that begin alike
STEMS = 10_000  # that are remembered
FIRST_PAGES = 200  # hits among which copies are put back, and the plain ones come first
ENOUGH = 2_000  # documents found: words that are more frequent only rank these


class Wanted(NamedTuple):
    """What is looked for in the place of one word of the query: phrases of terms, and what each counts."""

    phrases: dict[Phrase, float]
    worth: float
    is_stop_word: bool


@cache
def _thesaurus() -> Thesaurus:
    """The one of all indexes and threads: its thousands of stems take 0.2 s, and each reload makes a new index."""
    import snowballstemmer  # late: there is nothing to search yet when the process starts

    stemmer, turn = snowballstemmer.stemmer("english"), threading.Lock()

    def stem(word: str) -> str:
        with turn:  # it serves one thread at a time
            found: str = stemmer.stemWord(word)
            return found

    return Thesaurus(lru_cache(STEMS)(stem))


class Index:
    """An index of documents by id. It never changes, and one thread at a time may search it.

    Of documents that fit a query almost alike, the `favoured` come first. Building it is work for a thread when there
    are tens of thousands.
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
        self._naming = Naming(spaces, names, self._thesaurus.same, self._thesaurus.labels)
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
        favour = 1.0 if any(part.changes for part in parts) else FAVOUR
        scores = self._scores(wanted, named, favour)
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

    def _scores(self, wanted: list[Wanted], named: Named, favour: float) -> dict[int, float]:
        """How well each document fits: how strongly it holds the words, times how much of the query it holds."""
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
        for space in self._named_whole(named):
            for number in self._members[space]:
                scores.setdefault(number, 0.0)
        return self._in_their_places(scores, covered, whole, named, favour)

    def _named_whole(self, named: Named) -> list[int]:
        """The namespaces of which all is found, since they are named and are not most of what there is."""
        sure = [space for space, certainty in named.namespaces.items() if certainty >= NAMED_FROM]
        return sure if sum(len(self._members[space]) for space in sure) <= ENOUGH else []

    def _in_their_places(
        self, scores: dict[int, float], covered: Mapping[int, float], whole: float, named: Named, favour: float
    ) -> dict[int, float]:
        """The scores, with what is in a named namespace before everything else, and what is favoured a little up."""
        times = {space: math.exp(NAMED * min(certainty, 2.0)) for space, certainty in named.namespaces.items()}
        spaces, favoured, least = self._spaces, self._favoured, NAMED_ALONE
        for number, score in scores.items():
            fit = score * covered.get(number, 0.0) / whole**2
            if times and (raised := times.get(spaces[number])):
                fit = (fit + least) * raised
            scores[number] = fit * favour if number in favoured else fit
        return scores

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
        removes = any(term in self._thesaurus.removing for term in terms)
        is_asked = any(term in self._thesaurus.removing for term in asked)
        return (BATCH if is_batch else 1.0) * (REMOVING if removes and not is_asked else 1.0) / (1 + UNASKED * unasked)

    def _wanted(self, asked: Asked, named: Named) -> Wanted:
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

    def _meant(self, word: str, named: Named) -> list[str]:
        return [named.meant[word]] if word in named.meant else meant(word, self._known, self._known_in_order)

    def _hits(
        self, phrases: Mapping[Phrase, float], among: Collection[int] | None
    ) -> tuple[dict[int, float], dict[int, float]]:
        """How strongly one of the phrases stands in which documents, and how much of the word that is."""
        hits: dict[int, float] = {}
        shares: dict[int, float] = {}
        for phrase, share in sorted(phrases.items(), key=lambda pair: -pair[1]):
            found = self._standing(phrase, among)
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

    def _standing(self, phrase: Phrase, among: Collection[int] | None) -> dict[int, float]:
        """The documents that hold all terms of the phrase, and how strongly they hold the weakest."""
        postings = sorted((self._postings.get(term, Postings()) for term in phrase), key=lambda one: len(one.numbers))
        first, *others = postings
        found = first.hits() if among is None else first.among(among)
        for other in others:
            found = {number: min(strength, found[number]) for number, strength in other.among(found).items()}
        return found

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
        return word in STOP_WORDS or self._stem(word) in self._postings or self._thesaurus.knows(word)

    def _stemmed(self, found: list[str], stems: dict[str, str]) -> tuple[str, ...]:
        for word in found:
            if word not in stems:
                stems[word] = self._stem(word)
        return tuple(stems[word] for word in found)  # unlike lists, not visited by the garbage collector
