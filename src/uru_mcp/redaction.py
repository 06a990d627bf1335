"""What may leave the process: no key in any of its spellings, and no characters that a reader cannot see.

Every text of ours, of Uru's and of the apps behind it passes here before it is written anywhere.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import quote

MARK = "[key removed]"

SHORT, RECURRING = 200, 10_000  # characters of texts that recur, as in schemas, and how many are looked at only once

# Real keys have 64 characters and digits among them; shorter or plainer words, such as `uru_docs_search`, are names.
KEY_IN_A_WORD = r"uru(?:_|%5[Ff])(?:(?=[A-Za-z_\-.~+/=]*[0-9])[A-Za-z0-9_\-.~+/=]{16,}|[A-Za-z0-9_\-.~+/=]{32,})"
KEY_LIKE = rf"(?<![A-Za-z0-9]){KEY_IN_A_WORD}"

# Tags, bidirectional controls, zero-width and other format characters that show nothing, and halves of surrogate
# pairs, which no encoder takes.
UNSEEN = re.compile(
    "[\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)

# ZWNJ and ZWJ: Persian, Hindi and emoji are spelt with them, so they go only where nothing beside them is of a script
# that may need them.
JOINERS = re.compile("(?<![^\x00-\x7f])[\u200c\u200d]+(?![^\x00-\x7f])")


class Redaction:
    """Removes the keys it has been told of, and all that looks like an Uru key.

    Keys are remembered for as long as the process lives, so that an old one is still removed after a rotation.
    `unseen` is how many characters that a reader cannot see were removed, again each time a text passes.
    """

    def __init__(self) -> None:
        self.unseen = 0
        self._spellings: set[str] = set()
        self._pattern = re.compile(KEY_LIKE)
        self._suspicion = re.compile(KEY_IN_A_WORD)
        self._recurring = lru_cache(RECURRING)(self._cleaned)

    def remember(self, key: str) -> None:
        self._spellings.update(_spellings(key))
        longest_first = sorted(self._spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join([*map(re.escape, longest_first), KEY_LIKE]))
        self._suspicion = re.compile("|".join([*map(re.escape, longest_first), KEY_IN_A_WORD]))
        self._recurring = lru_cache(RECURRING)(self._cleaned)  # what was clean before need not be now

    def text(self, text: str) -> str:
        """The text without keys and without unseen characters, which are counted."""
        clean = self._looked_at(text)
        if clean != text:
            self.unseen += len(text) - len(_visible(text))
        return clean

    def is_clean(self, text: str) -> bool:
        """Whether `text` would change nothing in it; of JSON that spells out what is unseen, nothing in any text.

        In JSON a line's end before a key is spelt `\\n`, which looks like a word that goes on, so words count here too.
        """
        # Plain searches first: over some megabytes they take a hundredth of the time of the pattern.
        is_suspect = "uru" in text or any(spelling in text for spelling in self._spellings)
        return len(_visible(text)) == len(text) and not (is_suspect and self._suspicion.search(text))

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
        return self._recurring(text) if len(text) <= SHORT else self._cleaned(text)

    def _cleaned(self, text: str) -> str:
        clean = _visible(text)
        while (cleaner := self._pattern.sub(MARK, clean)) != clean:  # beside what went, more may be seen for a key
            clean = cleaner
        return clean


def _visible(text: str) -> str:
    seen = UNSEEN.sub("", text)
    return JOINERS.sub("", seen) if "\u200c" in seen or "\u200d" in seen else seen


def _spellings(key: str) -> Iterator[str]:
    """The key as it is, percent-encoded, and the part of its base64 that is the same whatever stands before it."""
    yield key
    yield quote(key, safe="")
    yield re.sub("%..", lambda code: code[0].lower(), quote(key, safe=""))
    yield json.dumps(key)[1:-1]
    yield repr(f"'\"{key}")[4:-1]  # with both kinds of quotation marks beside it, as in the text of an exception
    for lead in range(3):
        encoded = base64.b64encode(b"\0" * lead + key.encode()).decode()
        stable = encoded[-(-lead * 8 // 6) : len(encoded.rstrip("=")) - (1 if (lead + len(key)) % 3 else 0)]
        yield stable
        yield stable.replace("+", "-").replace("/", "_")
