"""Numbers that some reader of JSON would change: they become text, so that all read the same.

JavaScript has no whole numbers beyond 2^53, and no reader has floats with more digits than fit.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

LARGEST = 2**53 - 1
EXACT_CHARS = 17  # a float spelt with so few characters has no more digits than fit
MOST_DIGITS = 4_000  # that Python makes a number of

LONG = re.compile(r"\d{16}")


def float_or_text(spelling: str) -> float | str:
    """A float as JSON spells it: the text where it is too large, or has more digits than a float holds."""
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
    """A whole number as JSON spells it: the text where Python would refuse its length."""
    return int(spelling) if len(spelling) <= MOST_DIGITS else spelling


def loads(json_text: str | bytes) -> Any:
    """The value of a JSON text, with text for each number that a reader would refuse or change.

    `NaN` and `Infinity`, which are not JSON, become text too. Raises: ValueError, RecursionError.
    """
    return json.loads(json_text, parse_constant=str, parse_float=float_or_text, parse_int=whole_or_text)


def may_have_large(json_text: str) -> bool:
    """Whether a number in it may be too large for some reader: cheap, and true of some text that has none."""
    return LONG.search(json_text) is not None


def with_large_as_text(value: Any) -> Any:
    """The same JSON value, its whole numbers beyond 2^53 as text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -LARGEST <= value <= LARGEST else str(value)
    if isinstance(value, list):
        return [with_large_as_text(item) for item in value]
    if isinstance(value, dict):
        return {name: with_large_as_text(item) for name, item in value.items()}
    return value
