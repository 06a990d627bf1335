"""CSRF tokens for forms: other sites cannot read them, and each is valid for a single post."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from enum import Enum, auto

from .codes import is_equal, new_secret

KEPT = 1_000  # tokens per session; forms with an older token must be reopened
ENTRY_LASTS = 3_600  # seconds


class Post(Enum):
    """The kind of a post, according to its token."""

    FRESH = auto()
    REPEATED = auto()
    FOREIGN = auto()


class FormTokens:
    """The tokens of one session. They detect a repeated post, such as a reload."""

    def __init__(self) -> None:
        self._is_spent: OrderedDict[str, bool] = OrderedDict()

    def issue(self) -> str:
        token = new_secret()
        self._is_spent[token] = False
        while len(self._is_spent) > KEPT:
            self._is_spent.popitem(last=False)
        return token

    def spend(self, token: str) -> Post:
        if token not in self._is_spent:
            return Post.FOREIGN
        if self._is_spent[token]:
            return Post.REPEATED
        self._is_spent[token] = True
        return Post.FRESH


class EntryTokens:
    """Signed tokens for the sign-in form, which is shown without a session. They need no storage to exhaust."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def issue(self) -> str:
        return self._signed(str(int(time.monotonic())))

    def is_good(self, token: str) -> bool:
        when, _, _ = token.partition(".")
        if not (when.isascii() and when.isdecimal() and len(when) < 12):
            return False
        return is_equal(token, self._signed(when)) and time.monotonic() - int(when) < ENTRY_LASTS

    def _signed(self, when: str) -> str:
        return f"{when}.{hmac.digest(self._secret, when.encode(), hashlib.sha256).hex()}"
