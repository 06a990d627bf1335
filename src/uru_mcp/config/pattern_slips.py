"""Finds the names most similar to a misspelt pattern, by edit distance with wildcards; pure."""

from __future__ import annotations

from collections.abc import Iterable

LETTERS_PER_SLIP = 3  # with more slips than one per so many letters, it is another word


def nearest(pattern: str, names: Iterable[str]) -> list[str]:
    """All names with the smallest edit distance from a pattern: inserted, missing, wrong or swapped letters.

    Both are in lower case; `*` and `?` are wildcards. Empty if even the smallest distance is too large.
    """
    wanted = _pairs(pattern)
    bound = sum(one not in "*?" for one in pattern) // LETTERS_PER_SLIP
    found: list[tuple[int, str]] = []
    likely = sorted(((len(wanted - _pairs(name)), name) for name in names), key=lambda one: one[0])
    for missing, name in likely:  # most likely first, so that the bound shrinks early
        if missing > 3 * bound:  # one slip changes at most three pairs
            break
        slips = edit_distance(pattern, name, bound)
        if slips is not None:
            bound = min(bound, slips)
            found.append((slips, name))
    return sorted(name for slips, name in found if slips == bound)


def _pairs(text: str) -> set[str]:
    return {pair for at in range(len(text) - 1) if not {*(pair := text[at : at + 2])} & {"*", "?"}}


def edit_distance(pattern: str, name: str, most: int) -> int | None:
    """The edit distance between a name and a pattern; None if it exceeds `most`.

    Source: the restricted Damerau-Levenshtein distance, with wildcards.
    """
    before: list[int] = []
    row = list(range(len(name) + 1))
    for i, letter in enumerate(pattern):
        before_that, before = before, row
        if letter == "*":
            row = before[:]
            for j in range(1, len(row)):
                row[j] = min(before[j], row[j - 1])
            continue
        row = [before[0] + 1]
        for j, other in enumerate(name, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter not in (other, "?")))
            if i and j > 1 and (pattern[i - 1], letter) == (other, name[j - 2]):
                cost = min(cost, before_that[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return None
    return row[-1] if row[-1] <= most else None
