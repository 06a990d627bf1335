"""Converts JSON numbers that lose precision in some parsers to strings, so that all parsers read the same value.

JavaScript has no exact integers beyond 2^53, and no common parser keeps more digits than fit a 64-bit float.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

LARGEST = 2**53 - 1
EXACT_CHARS = 17  # a float written with at most so many characters is exact
MOST_DIGITS = 4_000  # that Python converts to a number

LONG = re.compile(r"\d{16}")


def float_or_text(spelling: str) -> float | str:
    """Parse a JSON float: the string itself if it is too large, or has more digits than a float holds."""
    number = float(spelling)
    if len(spelling) <= EXACT_CHARS and "e" not in spelling and "E" not in spelling:
        return number
    if len(spelling) > MOST_DIGITS:
        return spelling
    try:
        return number if Decimal(spelling) == Decimal(repr(number)) else spelling
    except ArithmeticError:
        return spelling


def whole_or_text(spelling: str) -> int | str:
    """Parse a JSON integer: the string itself if it has more digits than Python converts."""
    return int(spelling) if len(spelling) <= MOST_DIGITS else spelling


def loads(json_text: str | bytes) -> Any:
    """Parse JSON, with a string for each number that some parser would reject or change.

    `NaN` and `Infinity`, which are not JSON, become strings too. Raises: ValueError, RecursionError.
    """
    return json.loads(json_text, parse_constant=str, parse_float=float_or_text, parse_int=whole_or_text)


def may_have_large(json_text: str) -> bool:
    """Whether the text may hold an integer beyond 2^53: a cheap check with false positives."""
    return LONG.search(json_text) is not None


def with_large_as_text(value: Any) -> Any:
    """The JSON value with integers beyond 2^53 as strings."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -LARGEST <= value <= LARGEST else str(value)
    if isinstance(value, list):
        return [with_large_as_text(item) for item in value]
    if isinstance(value, dict):
        return {name: with_large_as_text(item) for name, item in value.items()}
    return value
