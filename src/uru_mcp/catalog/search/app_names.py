"""Which apps, accounts and namespaces a query names, and how surely.

A word names a namespace as surely as tools of others do not use it: `jira` names one, `product` says little. It knows
nothing of what tools do.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from uru_mcp.catalog.search.spelling import meant_name
from uru_mcp.untrusted_input.word_splitting import STOP_WORDS, plain_words

OUTSIDE = 8.0  # times: how much more the use of a word elsewhere says than its use in a name
CERTAINTY = 3  # the exponent by which what names something for certain counts more than what might
MISSPELT = 0.9  # of what the word itself says, for one that was probably meant
SURE = 0.5  # from 0 to 1: how surely a word names something that one with a slip may be taken for it
VAGUE = 0.55  # from 0 to 1: how surely a word names something at most that accounts of every app are called
WORTH = 0.25  # of a word that surely names a namespace, as a word of what to do there
SHORTEST = 3  # characters: shorter words are no plurals, and none is taken for them
PREFIX_SHARE, PREFIX_FROM = 0.8, 3  # of a namespace's tools, and tools: what begins the names of most is a name itself

Same = Callable[[str], Mapping[str, float]]

USES = {"name": 1.0, "title": 0.5, "summary": 0.3, "details": 0.15}  # what the use of a word in a tool's texts says


@dataclass(frozen=True, slots=True)
class NamedApps:
    """How surely a query names each namespace by number, and what its words are still worth as words, from 0 to 1.

    `meant` are the names that words with a slip were taken for.
    """

    namespaces: dict[int, float] = field(default_factory=dict)
    worth: dict[str, float] = field(default_factory=dict)
    meant: dict[str, str] = field(default_factory=dict)


class AppNames:
    """The names of namespaces by their words.

    `texts` are all that a namespace is called, and `tools` the names of its tools. Each tool's texts must be noted,
    since what a word says depends on who else uses it, or another of the same meaning, which `same` knows.
    What is `vague` tells accounts apart, but names none for certain.
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
        """Note that a text of one of a namespace's tools has these words."""
        for form in self._forms.intersection(found):
            for word, share in self._words[form].items():
                used = self._used[word]
                used[number] = used.get(number, 0.0) + says * share

    def named(self, asked: Sequence[str], is_word: Callable[[str], bool]) -> NamedApps:
        """What these words name. `is_word` tells whether a word is known as such, and so has no slip in it."""
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
        """Two words that are one name, as `git hub` and `google calendar` are: how many of them."""
        pair = asked[at : at + 2]
        if len(pair) < 2 or any(word in STOP_WORDS for word in pair):
            return 0
        may_slip = not all(is_word(word) or _singular(word) in self._namespaces for word in pair)
        return 2 if self._note(found, pair, "".join(pair), may_slip=may_slip) else 0

    def _note(self, found: NamedApps, asked: Sequence[str], name: str, *, may_slip: bool) -> bool:
        """Note what a name says, and that the words that are asked have said it."""
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
        """The name that is meant, and how surely it names which namespaces."""
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
            return {}  # what all are called names none
        own = sum(self._sizes[number] for number in named)
        outside = sum(uses for number, uses in self._used.get(_singular(word), {}).items() if number not in named)
        power = own / (own + OUTSIDE * outside) if own else 0.0
        return dict.fromkeys(named, min(power, VAGUE) if word in self._vague else power) if own else {}


def _singular(word: str) -> str:
    """Names lose no more than a plural's ending: `personal` is not `person`."""
    return word[:-1] if len(word) > SHORTEST and word.endswith("s") and not word.endswith("ss") else word


def _prefix(called: Sequence[str], names: Sequence[str]) -> str:
    """What begins the names of a namespace's tools and is a name of the app: `gmail` of `GMAIL_SEND_EMAIL`."""
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
    """The different keys in their order, and for each of the keys its place among them."""
    places: dict[str, int] = {}
    numbers = array("I", (places.setdefault(key, len(places)) for key in keys))
    return list(places), numbers
