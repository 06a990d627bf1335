"""Detects the apps, accounts and namespaces that a query names, with a confidence for each.

The confidence of a word is high if tools of other namespaces do not use it: `jira` names one, `product` says little. It
does not know what tools do.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from uru_mcp.catalog.search.spelling import meant_name
from uru_mcp.untrusted_input.word_splitting import STOP_WORDS, plain_words

OUTSIDE = 8.0  # weight of a word's use in other namespaces, relative to its use in a name
CERTAINTY = 3  # the exponent that favours certain names over possible ones
MISSPELT = 0.9  # weight of a corrected spelling, relative to the word itself
SURE = 0.5  # from 0 to 1: the confidence of a name that a misspelt word may be corrected to
VAGUE = 0.55  # from 0 to 1: the maximum confidence of a label that accounts of any app may have
WORTH = 0.25  # weight of a word in the text search if it certainly names a namespace
SHORTEST = 3  # characters: shorter words are not treated as plurals and are not corrected to
PREFIX_SHARE, PREFIX_FROM = 0.8, 3  # share and number of a namespace's tools: a prefix of most of them is a name

Same = Callable[[str], Mapping[str, float]]

USES = {"name": 1.0, "title": 0.5, "summary": 0.3, "details": 0.15}  # weight of a word's use in each text of a tool


@dataclass(frozen=True, slots=True)
class NamedApps:
    """The confidence that a query names each namespace, by number, and the remaining weight of its words, from 0 to 1.

    `meant` maps misspelt words to the names they were corrected to.
    """

    namespaces: dict[int, float] = field(default_factory=dict)
    worth: dict[str, float] = field(default_factory=dict)
    meant: dict[str, str] = field(default_factory=dict)


class AppNames:
    """An index of the words in the names of namespaces.

    `texts` are the names of each namespace, and `tools` the names of its tools. Each tool's texts must be added with
    `note`, since the confidence of a word depends on which other tools use it or a synonym, which `same` returns.
    Words that are `vague` distinguish accounts, but do not name one with certainty.
    """

    def __init__(
        self, texts: Sequence[str], tools: Sequence[Sequence[str]], same: Same, vague: Collection[str] = ()
    ) -> None:
        self._vague = frozenset(vague)
        self._sizes = [len(names) for names in tools]
        self.prefixes: list[str] = []
        namespaces: dict[str, set[int]] = {}
        for number, (text, names) in enumerate(zip(texts, tools, strict=True)):
            called = plain_words(text)
            prefix = _prefix(called, names)
            self.prefixes.append(prefix)
            joined = ["".join(pair) for pair in pairwise(called)]
            for word in {*called, *joined, prefix} - STOP_WORDS - {""}:
                namespaces.setdefault(_singular(word), set()).add(number)
        self._namespaces: Mapping[str, frozenset[int]] = {word: frozenset(found) for word, found in namespaces.items()}
        self._words: dict[str, dict[str, float]] = {}
        for word in namespaces:
            for other, share in same(word).items():
                for form in (other, other + "s"):
                    self._words.setdefault(form, {})[word] = share
        self._forms = frozenset(self._words)
        self._used: dict[str, dict[int, float]] = {word: {} for word in namespaces}
        self._in_order = sorted(word for word in namespaces if len(word) > SHORTEST)

    def note(self, number: int, found: Iterable[str], says: float) -> None:
        """Record that a text of one of a namespace's tools contains these words, with a weight."""
        for form in self._forms.intersection(found):
            for word, share in self._words[form].items():
                used = self._used[word]
                used[number] = used.get(number, 0.0) + says * share

    def named(self, asked: Sequence[str], is_word: Callable[[str], bool]) -> NamedApps:
        """The namespaces that these words name. `is_word` tells whether a word is known and so not misspelt."""
        found = NamedApps()
        at = 0
        while at < len(asked):
            used = self._joined_at(asked, at, found, is_word)
            if not used:
                used = 1
                self._note(found, asked[at : at + 1], asked[at], may_slip=not is_word(asked[at]))
            at += used
        return found

    def _joined_at(self, asked: Sequence[str], at: int, found: NamedApps, is_word: Callable[[str], bool]) -> int:
        """Match two words that form one name, such as `git hub` and `google calendar`; returns the number of words."""
        pair = asked[at : at + 2]
        if len(pair) < 2 or any(word in STOP_WORDS for word in pair):
            return 0
        may_slip = not all(is_word(word) or _singular(word) in self._namespaces for word in pair)
        return 2 if self._note(found, pair, "".join(pair), may_slip=may_slip) else 0

    def _note(self, found: NamedApps, asked: Sequence[str], name: str, *, may_slip: bool) -> bool:
        """Record the namespaces that a name matches, and that these query words matched it."""
        name, powers = self._power(name, may_slip=may_slip)
        for number, power in powers.items():
            found.namespaces[number] = found.namespaces.get(number, 0.0) + power**CERTAINTY
        for word in asked if powers else ():
            is_part = len(asked) > 1 and _singular(word) not in self._namespaces
            found.worth[word] = 0.0 if is_part else max(WORTH, 1 - max(powers.values()) ** CERTAINTY)
            if len(asked) == 1:
                found.meant[word] = name
        return bool(powers)

    def _power(self, word: str, *, may_slip: bool) -> tuple[str, dict[int, float]]:
        """The name, with its spelling corrected, and its confidence for each namespace."""
        if word in STOP_WORDS or not may_slip or _singular(word) in self._namespaces:
            return word, {} if word in STOP_WORDS else self._exactly(word)
        for other in meant_name(word, self._in_order):
            near = {number: MISSPELT * sure for number, sure in self._exactly(other).items()}
            if near and max(near.values()) >= SURE:
                return other, near
        return word, {}

    def _exactly(self, word: str) -> dict[int, float]:
        named = self._namespaces.get(_singular(word), frozenset())
        if 1 < len(named) == len(self._sizes):
            return {}  # a word in every name names no namespace
        own = sum(self._sizes[number] for number in named)
        outside = sum(uses for number, uses in self._used.get(_singular(word), {}).items() if number not in named)
        power = own / (own + OUTSIDE * outside) if own else 0.0
        return dict.fromkeys(named, min(power, VAGUE) if word in self._vague else power) if own else {}


def _singular(word: str) -> str:
    """Remove only a plural ending from a name: `personal` must not become `person`."""
    return word[:-1] if len(word) > SHORTEST and word.endswith("s") and not word.endswith("ss") else word


def _prefix(called: Sequence[str], names: Sequence[str]) -> str:
    """The prefix of a namespace's tool names that names the app: `gmail` of `GMAIL_SEND_EMAIL`."""
    firsts = Counter(found[0] for name in names if (found := plain_words(name)))
    if not firsts:
        return ""
    first, times = firsts.most_common(1)[0]
    own = {*called, *("".join(pair) for pair in pairwise(called))}
    is_common = times >= PREFIX_FROM and times >= PREFIX_SHARE * len(names)
    return (
        first if first in own or (is_common and first not in STOP_WORDS and "".join(called).startswith(first)) else ""
    )


def numbers_of(keys: Sequence[str]) -> tuple[list[str], array[int]]:
    """The distinct keys in order, and the index of each key among them."""
    places: dict[str, int] = {}
    numbers = array("I", (places.setdefault(key, len(places)) for key in keys))
    return list(places), numbers
