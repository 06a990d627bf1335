"""How much of a model's context a text takes, in characters of English: four of them are about a token.

A character of Chinese is about a token by itself, and one of Russian or Arabic half of one.
"""

from __future__ import annotations

import re
from itertools import accumulate

HEAVIEST = 4
HEAVY = re.compile("[^\\0-\u02ff\u2000-\u20ff]+")  # what weighs more than 1


def _weight(character: str) -> int:
    code = ord(character)
    if code < 0x300 or 0x2000 <= code < 0x2100:  # Latin, and the punctuation of all scripts
        return 1
    if code < 0x900 or 0x1E00 <= code < 0x2E80:
        return 2
    return 3 if code < 0x1E00 else HEAVIEST


def reach(text: str, start: int, budget: int) -> int:
    """Where a stretch ends that begins at `start` and weighs at most `budget`: one character at least."""
    if (len(text) - start) * HEAVIEST <= budget:
        return len(text)
    stretch = text[start : start + budget]
    if stretch.isascii():
        return start + len(stretch)
    count = 0
    for count, weight in enumerate(accumulate(map(_weight, stretch)), 1):
        if weight > budget:
            return start + max(1, count - 1)
    return start + count


def weight_of(text: str) -> int:
    """What a text weighs."""
    if text.isascii():
        return len(text)
    return len(text) + sum(_weight(character) - 1 for heavy in HEAVY.findall(text) for character in heavy)
