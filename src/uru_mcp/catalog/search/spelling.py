"""Spelling correction: finds the known words that a misspelt word may mean.

Words at edit distance 1 are generated and looked up, at a cost that does not depend on the number of known words. If
that finds nothing, known words with the same start are compared one by one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from string import ascii_lowercase, digits

MENDED_FROM, MENDED_TO = 4, 30  # characters: shorter words have too many neighbours, longer ones are not words
NAMED_FROM = 3  # characters: there are few names, so even a short word has few neighbours
MEANT = 2  # candidates for one word
TWO_SLIPS_FROM = 7  # characters: shorter words are too ambiguous with two typos
CLOSE = 0.8  # difflib's ratio, from 0 to 1, for more than one typo


def meant(word: str, known: Mapping[str, int], in_order: Sequence[str]) -> list[str]:
    """The most frequent known words at edit distance 1; if there are none, similar words with the same start.

    `known` maps each word to its frequency, and `in_order` contains the same words sorted.
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
    """The names at edit distance 1 from a word, or similar to a longer one. For short lists of names.

    A name must start with the first or the second letter of the word.
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
    """All words at edit distance 1: deletions, insertions, replacements and transpositions.

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
