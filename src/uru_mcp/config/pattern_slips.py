"""Finds the names that a misspelt pattern was meant for: those with nearly the same words; pure.

A slip is a letter that is missing, added, wrong or swapped with its neighbour, or a separator that is another one.
Whole words are compared, since any short text is similar to a part of some name; only the first word of a name may go
on after a `*`. In words of up to three letters, none is a slip, and digits have to agree:

    up to 5 letters    one slip, but no wrong first letter     gmial is gmail, sent is send; drop is not crop
    6 to 9 letters     one wrong letter, or two other slips    stirpes is stripe; refund is not resend
    from 10 letters    two slips                               gogledirve is googledrive
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

MOST = 2  # slips in a pattern
SHORTEST, SHORT, LONG = 4, 5, 10  # letters of a word that may have a slip, one at most, any two
SEPARATORS = re.compile(r"([_.-]+)")
WORDS = (
    re.compile(r"[^_.-]+"),
    re.compile(r"[A-Z]+[^A-Z_.-]*|[^A-Z_.-]+"),
)  # the second one reads deleteMessage as two


def nearest(pattern: str, names: Iterable[str]) -> list[str]:
    """All names that fit a pattern with the fewest slips; none if each has too many.

    The pattern is in lower case, with `*` and `?` as wildcards. A capital after a small letter begins a word of a name.
    """
    pieces = [_piece(text) for text in pattern.split("*")]
    found = [(slips, name) for name in names if (slips := _slips_of(pieces, name)) is not None]
    fewest = min((slips for slips, _ in found), default=None)
    return sorted(name for slips, name in found if slips == fewest)


class _Piece(NamedTuple):
    """What stands between two `*`: its words, and the separators before, between and after them, some of them empty."""

    exact: re.Pattern[str]
    size: int
    words: tuple[str, ...]
    separators: tuple[str, ...]


def _piece(text: str) -> _Piece:
    first, *rest = SEPARATORS.split(text)
    words, separators = [first, *rest[1::2]], ["", *rest[::2], ""]
    if not words[0]:
        del words[0], separators[0]
    if words and not words[-1]:
        del words[-1], separators[-1]
    return _Piece(re.compile(re.escape(text).replace(r"\?", ".")), len(text), tuple(words), tuple(separators))


class _Name(NamedTuple):
    """A name in lower case, and where its words begin and end."""

    text: str
    words: tuple[tuple[int, int], ...]

    def separator(self, at: int) -> str:
        """What stands before the word with this number, or after the last one."""
        begin = self.words[at - 1][1] if at else 0
        return self.text[begin : self.words[at][0] if at < len(self.words) else len(self.text)]


def _slips_of(pieces: list[_Piece], name: str) -> int | None:
    spans = {tuple(match.span() for match in words.finditer(name)) for words in WORDS}
    found = [_fewest(pieces, _Name(name.lower(), one)) for one in spans]
    return min((slips for slips in found if slips is not None), default=None)


def _fewest(pieces: list[_Piece], name: _Name) -> int | None:
    """The fewest slips with which the pieces fit the name one after another; None if there are too many."""
    ends = {0: 0}  # the first place that is reached with so many slips
    for number, piece in enumerate(pieces):
        is_first, is_last = number == 0, number == len(pieces) - 1
        reached: dict[int, int] = {}
        for slips, at in ends.items():
            for more, end in _places(piece, name, at, is_first=is_first, is_last=is_last):
                if slips + more <= MOST:
                    reached[slips + more] = min(end, reached.get(slips + more, end))
        ends = reached
    return min(ends, default=None)


def _places(piece: _Piece, name: _Name, at: int, *, is_first: bool, is_last: bool) -> Iterator[tuple[int, int]]:
    """Where a piece fits from a place on: with how many slips, and up to where."""
    whole = len(name.text)
    exact = piece.exact.match(name.text) if is_first else piece.exact.search(name.text, at)
    if is_last and not is_first:
        exact = piece.exact.match(name.text, max(at, whole - piece.size))
    if exact and (not is_last or exact.end() == whole):
        yield 0, exact.end()
        return
    for word in range(len(name.words) if piece.words else 0):
        if name.words[word][0] < at or (is_first and word):
            continue
        for count in (len(piece.words) - 1, len(piece.words), len(piece.words) + 1):
            after = word + count
            if not 0 < count <= len(name.words) - word or (is_last and after < len(name.words)):
                continue
            slips = _slips_in(piece, name, word, count)
            if slips is None and is_first and not is_last and len(piece.words) == 1:
                slips = _slips_at_the_beginning(piece, name)
            if slips is not None:
                yield slips, name.words[after - 1][1] + (len(name.separator(after)) if piece.separators[-1] else 0)


def _slips_in(piece: _Piece, name: _Name, at: int, count: int) -> int | None:
    """The slips between the words of a piece and so many words of a name; None if there are too many."""
    words = [name.text[begin:end] for begin, end in name.words[at : at + count]]
    before, *between, after = (name.separator(one) for one in range(at, at + count + 1))
    said_before, *said_between, said_after = piece.separators
    slips = (not before.endswith(said_before)) + (not after.startswith(said_after))
    if count != len(piece.words):
        return slips + 1 if "".join(words) == "".join(piece.words) else None
    slips += sum(one != said for one, said in zip(between, said_between, strict=True))
    for said, word in zip(piece.words, words, strict=True):
        found = slips_in_word(said, word)
        if found is None:
            return None
        slips += found
    return slips


def _slips_at_the_beginning(piece: _Piece, name: _Name) -> int | None:
    """The slips between a word and the beginning of a name, such as `gogle*` and googledrive."""
    (word,) = piece.words
    if piece.separators[-1] or len(word) < SHORT:
        return None
    begin, end = name.words[0]
    starts = {name.text[begin : begin + len(word) + more] for more in (-1, 0, 1) if begin + len(word) + more < end}
    found = (slips_in_word(word, one) for one in starts)
    return min((slips for slips in found if slips is not None), default=None)


@lru_cache(maxsize=4096)
def slips_in_word(said: str, word: str) -> int | None:
    """How many slips make one word of the other, where `?` is any letter; None if it is another word."""
    longest, shortest = max(len(said), len(word)), min(len(said), len(word))
    if longest == shortest and all(one in (other, "?") for one, other in zip(said, word, strict=True)):
        return 0
    if shortest < SHORTEST or longest - shortest > 1 or _digits(said) != _digits(word):
        return None
    if len(said) <= SHORT:
        is_other = said[0] not in ("?", word[0]) and said[1] != word[0] and said[0] != word[1]
        return None if is_other else edit_distance(said, word, 1)
    if len(said) < LONG and edit_distance(said, word, 2, wrong=2) is None:
        return None
    return edit_distance(said, word, 2)


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))


def edit_distance(said: str, word: str, most: int, *, wrong: int = 1) -> int | None:
    """The edit distance between two words; None if it exceeds `most`. A wrong letter counts as much as `wrong`.

    Source: the restricted Damerau-Levenshtein distance, with `?` for any letter.
    """
    before: list[int] = []
    row = list(range(len(word) + 1))
    for i, letter in enumerate(said):
        before_that, before = before, row
        row = [before[0] + 1]
        for j, other in enumerate(word, 1):
            cost = before[j - 1] + (0 if letter in (other, "?") else wrong)
            cost = min(before[j] + 1, row[j - 1] + 1, cost)
            if i and j > 1 and (said[i - 1], letter) == (other, word[j - 2]):
                cost = min(cost, before_that[j - 2] + 1)
            row.append(cost)
        if min(row) > most and min(before) > most:
            return None
    return row[-1] if row[-1] <= most else None
