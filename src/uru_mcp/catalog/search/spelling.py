"""Which known words a misspelt one was meant to be.

One slip is looked up letter by letter, which costs the same however many words are known; only where that finds nothing
are words compared one by one, and only those that start alike.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from string import ascii_lowercase, digits

MENDED_FROM, MENDED_TO = 4, 30  # characters: shorter words have too many neighbours, longer ones are no words
NAMED_FROM = 3  # characters: names are few, so that also a short word has few neighbours
MEANT = 2  # words that one word may have been meant to be
TWO_SLIPS_FROM = 7  # characters: in shorter words, two slips leave too little
CLOSE = 0.8  # difflib's ratio, from 0 to 1, for more than one slip


def meant(word: str, known: Mapping[str, int], in_order: Sequence[str]) -> list[str]:
    """The known words that are one slip away, the most frequent ones; failing that, close ones with the same start.

    `known` says how frequent each word is, and `in_order` holds the same words sorted.
    """
    if not MENDED_FROM <= len(word) <= MENDED_TO:
        return []
    near = {other for other in _one_slip_away(word) if other in known}
    if near:
        return sorted(near, key=lambda other: (-known[other], other))[:MEANT]
    if len(word) < TWO_SLIPS_FROM:
        return []
    alike = in_order[bisect_left(in_order, word[:2]) : bisect_left(in_order, word[:2] + "\U0010ffff")]
    return get_close_matches(word, alike, n=MEANT, cutoff=CLOSE)


def meant_name(word: str, in_order: Sequence[str]) -> list[str]:
    """The names that are one slip away from a word, or close to a longer one; for few names, and shorter than words.

    A name begins with the letter with which the word begins, or with the word's second one.
    """
    if not NAMED_FROM <= len(word) <= MENDED_TO:
        return []
    alike = [
        name
        for letter in dict.fromkeys(word[:2])
        for name in in_order[bisect_left(in_order, letter) : bisect_left(in_order, letter + "\U0010ffff")]
    ]
    near = [name for name in alike if _is_one_slip_away(word, name) and (len(word) > NAMED_FROM or name[0] == word[0])]
    return near or (get_close_matches(word, alike, n=MEANT, cutoff=CLOSE) if len(word) >= TWO_SLIPS_FROM else [])


def _is_one_slip_away(word: str, other: str) -> bool:
    same = next((at for at, (one, two) in enumerate(zip(word, other, strict=False)) if one != two), None)
    at = min(len(word), len(other)) if same is None else same
    rest, wanted = word[at:], other[at:]
    is_swapped = rest[:2] == wanted[1::-1] and rest[2:] == wanted[2:]
    return rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:] or is_swapped


def _one_slip_away(word: str) -> Iterator[str]:
    """Each word that a letter too many, too few, wrong, or changed with its neighbour makes of this one.

    Source: Peter Norvig, How to Write a Spelling Corrector.
    """
    for at in range(len(word) + 1):
        before, after = word[:at], word[at:]
        if after:
            yield before + after[1:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
        for letter in ascii_lowercase + digits:
            yield before + letter + after
            if after:
                yield before + letter + after[1:]
