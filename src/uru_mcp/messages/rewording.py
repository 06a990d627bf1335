"""Applies a wording, such as the one for persons, to every text in a JSON value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def reworded(value: Any, wording: Callable[[str], str]) -> Any:
    """The value with each text in the other wording; the names of members stay."""
    if isinstance(value, dict):
        return {name: reworded(member, wording) for name, member in value.items()}
    if isinstance(value, list):
        return [reworded(item, wording) for item in value]
    return wording(value) if isinstance(value, str) else value
