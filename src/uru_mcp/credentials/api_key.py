"""The API key as a value that is masked wherever it is printed or logged."""

from __future__ import annotations

import hashlib
import re

from uru_mcp.credentials.pasted_key import unwrapped
from uru_mcp.messages import report_messages

FORM = re.compile(r"uru_[!-~]{8,}")
PLAIN = re.compile(r"uru_[A-Za-z0-9_.+/~-]{8,}={0,2}")  # nothing in it can belong to what was pasted around it


class Key:
    """An Uru API key. Printing it shows only its last four characters; `reveal` returns the whole key.

    Raises:
        ValueError: The text does not have the form of a key. The message never repeats the text.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if FORM.fullmatch(text) is None:
            raise ValueError(_what_is_wrong(text))
        self._text = text

    def reveal(self) -> str:
        """The whole key, only for the `Authorization` header and for `untrusted_input/redaction.py`."""
        return self._text

    def derived(self, salt: bytes, length: int) -> bytes:
        """Derive `length` bytes from this key and this salt; the key cannot be recovered from them.

        It is slow on purpose, about 50 milliseconds and 16 MB, to prevent brute-force guessing.
        """
        return hashlib.scrypt(self._text.encode(), salt=salt, n=2**14, r=8, p=1, dklen=length)

    @property
    def last4(self) -> str:
        return self._text[-4:]

    def __repr__(self) -> str:
        return f"<Key …{self.last4}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def read_key(text: str) -> Key:
    """The key in a text that a person wrote or pasted, possibly in quotation marks or after the name of a variable.

    Raises: ValueError, which never repeats the text.
    """
    return Key(text if PLAIN.fullmatch(text) is not None else unwrapped(text))


def _what_is_wrong(text: str) -> str:
    if not text:
        return report_messages.IS_EMPTY
    if " " in text:
        return report_messages.HOLDS_SPACES
    if not text.startswith("uru_"):
        return report_messages.HAS_NO_PREFIX
    if not text.isascii() or not text.isprintable():
        return report_messages.HOLDS_OTHER_CHARACTERS
    return report_messages.IS_TOO_SHORT
