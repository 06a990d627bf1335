"""What may leave the process: no key in any of its spellings, and no characters that a reader cannot see.

Every text of ours, of Uru's and of the apps behind it passes here before it is written anywhere.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import Any

from uru_mcp.disguises import (
    MARKERS,
    NOISES,
    STRANGERS,
    begins_word,
    encodings,
    in_lines,
    in_pairs,
    is_key_like,
    spelt_out,
    squeezed,
    squeezed_hex,
)
from uru_mcp.quoting import REMOVED
from uru_mcp.unseen import visible

MARK = REMOVED

SHORT, RECURRING = 200, 10_000  # characters of texts that recur, as in schemas, and how many are looked at only once
LONG, LISTED = 4_000, 400  # the same of the descriptions of tools, which each list holds again
LEAST = 8  # characters of a key that is recognised

PLAIN_STRANGER, ESCAPED_STRANGER = map(re.compile, STRANGERS)
JSON_CONTROL = re.compile(r"\\(?:u00[01]|u007[fF]|[bf])")  # controls, as JSON spells them


class Redaction:
    """Removes the keys it has been told of, and all that looks like an Uru key.

    Keys are remembered for as long as the process lives, so that an old one is still removed after a rotation.
    `unseen` is how many characters that a reader cannot see were removed, again each time a text passes.
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
        """The text without keys and without unseen characters, which are counted."""
        clean = self._looked_at(text)
        if clean != text:
            self.unseen += len(text) - len(visible(text))
        return clean

    def is_clean(self, text: str) -> bool:
        """Whether `text` would change nothing in it; of JSON that spells out what is unseen, nothing in any text.

        Of some text that is clean, such as one with an escaped control character, it says no.
        """
        if visible(text) != text or JSON_CONTROL.search(text):
            return False
        return self._without_keys(text) == text

    def value(self, value: Any) -> Any:
        """The same JSON value with every text in it, names of members included, passed through `text`.

        Where nothing is to be removed it is the value itself, since a copy of every schema would fill the memory.
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
            clean = cleaner  # beside what went, more may be seen for a key
        return clean

    def _without_keys(self, text: str) -> str:
        """Plain searches first: over some megabytes they take a hundredth of the time of a pattern."""
        if len(text) < LEAST:
            return text
        small = text.lower()
        is_broken = any(noise in small for noise in NOISES)  # each of the markers holds one of these
        is_escaped = is_broken and any(marker in small for marker in MARKERS)
        if is_escaped or "uru" in small:
            for one in self._keys.values():
                if is_broken or one.is_plain_in(small):
                    text = one.without_spelt_out(text, is_escaped=is_escaped)
            text = PLAIN_STRANGER.sub(_mark, text)
            text = ESCAPED_STRANGER.sub(_mark, text) if is_escaped else text
        for one in self._keys.values():
            text = one.without_encoded(text)
        return text


class Spellings:
    """All that one key is recognised by; patterns are made when they are first needed."""

    def __init__(self, key: str) -> None:
        self._key, self._small = key, key.lower()
        self._encoded = [one.encode() for one in encodings(key)]
        self._hex = key.encode().hex().encode()

    def is_encoded_in(self, text: str) -> bool:
        """Whether its base64 or hexadecimal is there, on one line or on several."""
        if len(text) < len(self._encoded[0]):
            return False
        raw = squeezed(text)
        return any(one in raw for one in self._encoded) or self._hex in squeezed_hex(raw)

    def is_plain_in(self, small: str) -> bool:
        """Whether it stands in a text of lower case just as it is."""
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


def _mark(found: re.Match[str]) -> str:
    is_key = is_key_like(found["rest"]) and begins_word(found.string, found.start())
    return MARK if is_key else found[0]
