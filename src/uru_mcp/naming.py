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
from uru_mcp.words import STOP_WORDS, words

OUTSIDE = 8.0  # times: how much more the use of a word elsewhere says than its use in a name
MISSPELT = 0.9  # of what the word itself says, for one that was probably meant
SURE = 0.5  # from 0 to 1: how surely a word names something that one with a slip may be taken for it
SHORTEST = 3  # characters of a word with a slip
PREFIX_SHARE, PREFIX_FROM = 0.8, 3  # of a namespace's tools, and tools: what begins the names of most is a name itself

Outside = Callable[[str, frozenset[int]], float]


@dataclass(frozen=True, slots=True)
class Named:
    """How surely a query names each namespace by number, and what its words are still worth as words, from 0 to 1."""

    namespaces: dict[int, float] = field(default_factory=dict)
    worth: dict[str, float] = field(default_factory=dict)


class Naming:
    """The names of namespaces by their words.

    `texts` are all that a namespace is called, and `tools` the names of its tools. `outside` tells how much tools of
    other namespaces than these use a word.
    """

    def __init__(self, texts: Sequence[str], tools: Sequence[Sequence[str]], stem: Callable[[str], str]) -> None:
        self._stem = stem
        self._sizes = [len(names) for names in tools]
        self._powers: dict[str, dict[int, float]] = {}
        self.prefixes: list[str] = []
        namespaces: dict[str, set[int]] = {}
        known: Counter[str] = Counter()
        for number, (text, names) in enumerate(zip(texts, tools, strict=True)):
            called = words(text)
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
            pair = asked[at] + asked[at + 1] if at + 1 < len(asked) else ""
            is_known = all(map(is_word, asked[at : at + 2]))
            powers = self._power(pair, outside, may_slip=not is_known) if pair else {}
            used = asked[at : at + 2] if powers else asked[at : at + 1]
            powers = powers or self._power(asked[at], outside, may_slip=not is_word(asked[at]))
            for number, power in powers.items():
                found.namespaces[number] = found.namespaces.get(number, 0.0) + power**2
            for word in used if powers else ():
                found.worth[word] = 1 - max(powers.values()) ** 2
            at += len(used)
        return found

    def _power(self, word: str, outside: Outside, *, may_slip: bool) -> dict[int, float]:
        """How surely the word, or the one that was meant, names which namespaces."""
        exact = self._exactly(word, outside) if word not in STOP_WORDS else {}
        if exact or not may_slip or word in STOP_WORDS:
            return exact
        for other in meant(word, self._known, self._in_order, shortest=SHORTEST):
            if len(word) > SHORTEST or other[0] == word[0]:
                near = {number: MISSPELT * sure for number, sure in self._exactly(other, outside).items()}
                if near and max(near.values()) >= SURE:
                    return near
        return {}

    def _exactly(self, word: str, outside: Outside) -> dict[int, float]:
        stem = self._stem(word)
        if stem not in self._powers and stem in self._namespaces:
            named = self._namespaces[stem]
            own = sum(self._sizes[number] for number in named)
            power = own / (own + OUTSIDE * outside(stem, named))
            self._powers[stem] = dict.fromkeys(named, power)
        return self._powers.get(stem, {})


def _prefix(called: Sequence[str], names: Sequence[str]) -> str:
    """What begins the names of a namespace's tools and is a name of the app: `gmail` of `GMAIL_SEND_EMAIL`."""
    firsts = Counter(found[0] for name in names if (found := words(name)))
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
