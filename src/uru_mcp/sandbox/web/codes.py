"""Codes that a person types, and secrets that only programs pass on."""

from __future__ import annotations

import hmac
import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without characters that are read as others
LENGTH = 12  # characters, which is 58 bits: no local program tries them all
GROUP = 4


def new_code() -> str:
    """Such as `7K4M-9QXT-2WZB`."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(drawn[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def new_secret() -> str:
    """128 bits for an address, a cookie or a form."""
    return secrets.token_urlsafe(16)


def is_same(given: str, expected: str) -> bool:
    """Whether a code was given, whatever its case and hyphens. The time that it takes tells nothing of the code."""
    return is_equal(_plain(given), _plain(expected))


def is_equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


def _plain(code: str) -> str:
    return "".join(character for character in code[:64].upper() if character.isalnum())
