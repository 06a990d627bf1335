"""Which apps, accounts and namespaces a query names, and how surely.

A word names a namespace as surely as tools of others do not use it: `jira` names one, `product` says little. It knows
nothing of what tools do.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from uru_mcp.spelling import meant
from uru_mcp.words import STOP_WORDS, plain_words

OUTSIDE = 8.0  # times: how much more the use of a word elsewhere says than its use in a name
MISSPELT = 0.9  # of what the word itself says, for one that was probably meant
SURE = 0.5  # from 0 to 1: how surely a word names something that one with a slip may be taken for it
WORTH = 0.25  # of a word that surely names a namespace, as a word of what to do there
SHORTEST = 3  # characters of a word with a slip
PREFIX_SHARE, PREFIX_FROM = 0.8, 3  # of a namespace's tools, and tools: what begins the names of most is a name itself

Outside = Callable[[str, frozenset[int]], float]


@dataclass(frozen=True, slots=True)
class Named:
    """How surely a query names each namespace by number, and what its words are still worth as words, from 0 to 1.

    `meant` are the names that words with a slip were taken for.
    """

    namespaces: dict[int, float] = field(default_factory=dict)
    worth: dict[str, float] = field(default_factory=dict)
    meant: dict[str, str] = field(default_factory=dict)


class Naming:
    """The names of namespaces by their words.

    `texts` are all that a namespace is called, and `tools` the names of its tools. `outside` tells how much tools of
    other namespaces than these use a word.
    """

    def __init__(self, texts: Sequence[str], tools: Sequence[Sequence[str]], stem: Callable[[str], str]) -> None:
        self.stem = stem
        self._sizes = [len(names) for names in tools]
        self._powers: dict[str, dict[int, float]] = {}
        self.prefixes: list[str] = []
        namespaces: dict[str, set[int]] = {}
        known: Counter[str] = Counter()
        for number, (text, names) in enumerate(zip(texts, tools, strict=True)):
            called = plain_words(text)
            prefix = _prefix(called, names)
            self.prefixes.append(prefix)
            joined = ["".join(pair) for pair in pairwise(called)]
            for word in {*called, *joined, prefix} - STOP_WORDS - {""}:
                namespaces.setdefault(stem(word), set()).add(number)
                known[word] += 1
        self._namespaces: Mapping[str, frozenset[int]] = {word: frozenset(found) for word, found in namespaces.items()}
        self._known = {word: times for word, times in known.items() if len(word) > SHORTEST}
        self._in_order = sorted(self._known)

    def named(self, asked: Sequence[str], is_word: Callable[[str], bool], outside: Outside) -> Named:
        """What these words name. `is_word` tells whether a word is known as such, and so has no slip in it."""
        found = Named()
        at = 0
        while at < len(asked):
            used = self._joined_at(asked, at, found, is_word, outside)
            if not used:
                used = 1
                self._note(found, asked[at : at + 1], asked[at], outside, may_slip=not is_word(asked[at]))
            at += used
        return found

    def _joined_at(
        self, asked: Sequence[str], at: int, found: Named, is_word: Callable[[str], bool], outside: Outside
    ) -> int:
        """Two words that are one name, as `git hub` and `google calendar` are: how many of them."""
        pair = asked[at : at + 2]
        if len(pair) < 2 or any(word in STOP_WORDS for word in pair):
            return 0
        may_slip = not all(map(is_word, pair)) and not any(self.stem(word) in self._namespaces for word in pair)
        return 2 if self._note(found, pair, "".join(pair), outside, may_slip=may_slip) else 0

    def _note(self, found: Named, asked: Sequence[str], name: str, outside: Outside, *, may_slip: bool) -> bool:
        """Note what a name says, and that the words that are asked have said it."""
        name, powers = self._power(name, outside, may_slip=may_slip)
        for number, power in powers.items():
            found.namespaces[number] = found.namespaces.get(number, 0.0) + power**2
        for word in asked if powers else ():
            is_part = len(asked) > 1 and self.stem(word) not in self._namespaces
            found.worth[word] = 0.0 if is_part else max(WORTH, 1 - max(powers.values()) ** 2)
            if len(asked) == 1:
                found.meant[word] = name
        return bool(powers)

    def _power(self, word: str, outside: Outside, *, may_slip: bool) -> tuple[str, dict[int, float]]:
        """The name that is meant, and how surely it names which namespaces."""
        if word in STOP_WORDS or not may_slip or self.stem(word) in self._namespaces:
            return word, {} if word in STOP_WORDS else self._exactly(word, outside)
        for other in meant(word, self._known, self._in_order, shortest=SHORTEST):
            if len(word) > SHORTEST or other[0] == word[0]:
                near = {number: MISSPELT * sure for number, sure in self._exactly(other, outside).items()}
                if near and max(near.values()) >= SURE:
                    return other, near
        return word, {}

    def _exactly(self, word: str, outside: Outside) -> dict[int, float]:
        stem = self.stem(word)
        if stem not in self._powers and stem in self._namespaces:
            named = self._namespaces[stem]
            own = sum(self._sizes[number] for number in named)
            power = own / (own + OUTSIDE * outside(stem, named))
            self._powers[stem] = dict.fromkeys(named, power)
        return self._powers.get(stem, {})


def _prefix(called: Sequence[str], names: Sequence[str]) -> str:
    """What begins the names of a namespace's tools and is a name of the app: `gmail` of `GMAIL_SEND_EMAIL`."""
    firsts = Counter(found[0] for name in names if (found := plain_words(name)))
    if not firsts:
        return ""
    first, times = firsts.most_common(1)[0]
    own = {*called, *("".join(pair) for pair in pairwise(called))}
    is_common = times >= PREFIX_FROM and times >= PREFIX_SHARE * len(names)
    return first if first in own or (is_common and first not in STOP_WORDS and "".join(called).startswith(first)) else ""


def numbers_of(keys: Sequence[str]) -> tuple[list[str], array[int]]:
    """The different keys in their order, and for each of the keys its place among them."""
    places: dict[str, int] = {}
    numbers = array("I", (places.setdefault(key, len(places)) for key in keys))
    return list(places), numbers
