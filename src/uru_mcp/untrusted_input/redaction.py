"""Redaction: removes API keys in every encoding, and invisible characters, from all output.

Every text of ours, of Uru and of connected apps passes through it before it is written anywhere. It does not know where
the text goes.
"""

from __future__ import annotations

import re
from functools import cache, cached_property, lru_cache
from typing import Any

from uru_mcp.untrusted_input.api_key_spellings import (
    ESCAPED_UNKNOWN_KEY,
    MARKERS,
    UNKNOWN_KEY,
    begins_word,
    encodings,
    in_lines,
    in_pairs,
    is_key_like,
    may_be_broken,
    spelt_out,
    squeezed,
    squeezed_hex,
)
from uru_mcp.untrusted_input.invisible_characters import visible
from uru_mcp.untrusted_input.quoting import REMOVED

MARK = REMOVED

SHORT, RECURRING = 200, 10_000  # characters of texts that recur, as in schemas, and how many are looked at only once
LONG, LISTED = 4_000, 400  # the same of the descriptions of tools, which each list holds again
LEAST = 8  # characters of a key that is recognised

JSON_CONTROL = re.compile(r"\\(?:u00[01]|u007[fF]|[bf])")  # control characters, as JSON escapes them


class Redaction:
    """Removes every key passed to `remember`, and everything that looks like an Uru key.

    Keys are remembered for the life of the process, so that an old key is still removed after a rotation. `unseen`
    counts the invisible characters removed so far; a text that passes twice counts twice.
    """

    def __init__(self) -> None:
        self.unseen = 0
        self._keys: dict[str, Spellings] = {}
        self._know_nothing()

    def remember(self, key: str) -> None:
        self._keys.setdefault(key, Spellings(key))
        self._know_nothing()  # what was clean before need not be now

    def _know_nothing(self) -> None:
        self._recurring = lru_cache(RECURRING)(self._cleaned)
        self._listed = lru_cache(LISTED)(self._cleaned)

    def text(self, text: str) -> str:
        """The text without keys and invisible characters; the latter are counted."""
        clean = self._looked_at(text)
        if clean != text:
            self.unseen += len(text) - len(visible(text))
        return clean

    def is_clean(self, text: str) -> bool:
        """Whether `text` would leave it unchanged. For JSON, also whether that holds for every string in it.

        May be false for clean text, such as one with an escaped control character.
        """
        if visible(text) != text or ("\\" in text and JSON_CONTROL.search(text)):
            return False
        return self._without_keys(text) == text

    def value(self, value: Any) -> Any:
        """The JSON value with every string in it, including member names, passed through `text`.

        Returns the value itself if nothing is removed, since copies of all schemas would take too much memory.
        """
        return value if self._is_clean(value) else self._copied(value)

    def _is_clean(self, value: Any) -> bool:
        if isinstance(value, str):
            return self._looked_at(value) == value
        if isinstance(value, dict):
            return all(map(self._is_clean, value)) and all(map(self._is_clean, value.values()))
        return not isinstance(value, list) or all(map(self._is_clean, value))

    def _copied(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._copied(item) for item in value]
        if isinstance(value, dict):
            return {self.text(str(name)): self._copied(item) for name, item in value.items()}
        return value

    def _looked_at(self, text: str) -> str:
        if len(text) <= SHORT:
            return self._recurring(text)
        return self._listed(text) if len(text) <= LONG else self._cleaned(text)

    def _cleaned(self, text: str) -> str:
        clean = visible(text)
        while (cleaner := self._without_keys(clean)) != clean:
            clean = cleaner  # removing one key may join its neighbours to another
        return clean

    def _without_keys(self, text: str) -> str:
        """Plain searches run first: over megabytes of text they take a hundredth of the time of a pattern."""
        if len(text) < LEAST:
            return text
        small = text.lower()
        is_broken = may_be_broken(small)
        is_escaped = is_broken and any(marker in small for marker in MARKERS)
        if is_escaped or "uru" in small:
            for one in self._keys.values():
                if is_broken or one.is_plain_in(small):
                    text = one.without_spelt_out(text, is_escaped=is_escaped)
            text = _unknown_key(UNKNOWN_KEY).sub(_mark, text)
            text = _unknown_key(ESCAPED_UNKNOWN_KEY).sub(_mark, text) if is_escaped else text
        for one in self._keys.values():
            text = one.without_encoded(text)
        return text


class Spellings:
    """The encodings of one key; patterns are compiled on first use."""

    def __init__(self, key: str) -> None:
        self._key, self._small = key, key.lower()
        self._encoded = [one.encode() for one in encodings(key)]
        self._hex = key.encode().hex().encode()

    def is_encoded_in(self, text: str) -> bool:
        """Whether the text contains its base64 or hexadecimal, on one line or several."""
        if len(text) < len(self._encoded[0]):
            return False
        raw = squeezed(text)
        for one in self._encoded:  # a loop, since a generator takes longer than the searches
            if one in raw:
                return True
        return self._hex in squeezed_hex(raw)

    def is_plain_in(self, small: str) -> bool:
        """Whether a text in lower case contains the plain key."""
        return self._small in small

    def without_spelt_out(self, text: str, *, is_escaped: bool) -> str:
        plain, escaped = self._spelt_out
        text = plain.sub(MARK, text)
        return escaped.sub(MARK, text) if is_escaped else text

    def without_encoded(self, text: str) -> str:
        return self._in_code.sub(MARK, text) if self.is_encoded_in(text) else text

    @cached_property
    def _spelt_out(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        plain, escaped = spelt_out(self._key)
        return re.compile(plain), re.compile(escaped)

    @cached_property
    def _in_code(self) -> re.Pattern[str]:
        longest_first = sorted((one.decode() for one in self._encoded), key=len, reverse=True)
        return re.compile("|".join([*map(in_lines, longest_first), in_pairs(self._hex.decode())]))


@cache
def _unknown_key(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)  # on first use, since it takes milliseconds of the start


def _mark(found: re.Match[str]) -> str:
    is_key = is_key_like(found["rest"]) and begins_word(found.string, found.start())
    return MARK if is_key else found[0]
