"""Tokens that make a form's post this site's own: another site cannot read one, and each is good for a single post."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from enum import Enum, auto

from .codes import is_equal, new_secret

KEPT = 1_000  # tokens of a session; the form of an older one has to be opened again
ENTRY_LASTS = 3_600  # seconds


class Post(Enum):
    """What a token says of the post that carries it."""

    FRESH = auto()
    REPEATED = auto()
    FOREIGN = auto()


class FormTokens:
    """The tokens of one session. A post that is repeated, as a reload does it, is told from the first."""

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
    """Tokens for the one form that is shown before there is a session. Nothing is kept, so nobody can fill it up."""

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
