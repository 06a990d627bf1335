"""Generates and compares sign-in codes for people, and secrets for programs."""

from __future__ import annotations

import hmac
import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without characters that are easily confused
LENGTH = 12  # characters, or 58 bits: too many for a local program to try them all
GROUP = 4


def new_code() -> str:
    """A code such as `7K4M-9QXT-2WZB`."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(drawn[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def new_secret() -> str:
    """A secret of 128 bits for a URL, a cookie or a form."""
    return secrets.token_urlsafe(16)


def is_same(given: str, expected: str) -> bool:
    """Whether two codes are equal, ignoring case and hyphens; compared in constant time."""
    return is_equal(_plain(given), _plain(expected))


def is_equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


def _plain(code: str) -> str:
    return "".join(character for character in code[:64].upper() if character.isalnum())
