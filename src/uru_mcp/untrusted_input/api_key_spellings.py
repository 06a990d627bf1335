"""Regular expressions for API keys in every encoding: plain, escaped, percent-encoded, base64 and hexadecimal.

It knows how a key can be encoded, and not what happens to a match.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

MARKERS = ("%25", "%5", "%7", "\\u", "\\x", "&#", "=5", "=7", *(f"{one}={end}" for one in "ur" for end in "\n\r\\ \t"))
"""Every escaped `uru` contains one of these, in lower case; a text without them can only hold a plain `uru`."""

SOFT_BREAK = r"=(?:[ \t]|\\++t)*+(?:\r?\n|(?:\\++r)?\\++n)"  # of quoted-printable, also as JSON escapes it
NOISE = rf"(?:\\|{SOFT_BREAK})*+"
BACKSLASHES = rf"(?:\\+(?:u00|x)5[cC]|\\|{SOFT_BREAK}|%(?:25)*5[cC]|&(?:amp;)*#(?:[xX]0*5[cC]|0*92);?|=5[cC])*+"
GAP = r"(?:[ \t\r\n]|\\+[rn])*+"
SEPARATOR = r"(?:[ \t\r\n:\-]|\\+[rnt])*+"

LETTERS = r"A-Za-z0-9_\-.~+/="  # characters of an unknown key
FIRST = r"%(?:25)*{hex}|\\\\*+(?:[uU](?:0000)?00{hex}|x{hex}|[uU]\{{0*{hex}\}})|&(?:amp;)*#(?:[xX]0*{hex}|0*{number});?|={hex}"
SPELT = r"(?:%(?:25)*{hex}|\\*+(?<=\\)(?:[uU](?:0000)?00{hex}|x{hex}|[uU]\{{0*{hex}\}})|&(?:amp;)*#(?:[xX]0*{hex}|0*{number});?|={hex})"


def _hex(code: int) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{code:02x}")


def _either(character: str) -> list[str]:
    return list(dict.fromkeys((character, character.lower(), character.upper())))


def _plain(character: str) -> str:
    return f"[{''.join(map(re.escape, _either(character)))}]"


def _escaped(character: str, form: str = SPELT) -> str:
    return "|".join(form.format(hex=_hex(ord(one)), number=ord(one)) for one in _either(character))


def _spellings(character: str) -> str:
    """A character, plain or in any escape; letters in either case."""
    return f"(?:{_plain(character)}|{_escaped(character)})"


def spelt_out(key: str) -> tuple[str, str]:
    """Two patterns for the key with each character plain or escaped: for a plain first character, and an escaped one.

    They are separate because a pattern that begins with a plain character is fast to search. Backslashes between the
    characters are ignored, since nested escaping doubles them.
    """
    noise = BACKSLASHES if "\\" in key else NOISE
    rest = noise + noise.join(_spellings(one) for one in key[1:] if one != "\\")
    return _plain(key[0]) + rest, f"(?:{_escaped(key[0], FIRST)}){rest}"


def _small(character: str) -> str:
    return f"(?:{re.escape(character)}|{SPELT.format(hex=_hex(ord(character)), number=ord(character))})"


_TAIL = "".join(NOISE + _small(one) for one in "ru_")
HEADS = (f"u{_TAIL}", f"(?:{FIRST.format(hex='75', number=117)}){_TAIL}")

# One character of an unknown key, plain or escaped.
_CODE = r"(?:2[bBdDeEfF]|3[0-9dD]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])"
UNIT = (
    rf"(?:{SOFT_BREAK}|[{LETTERS}]|%(?:25)*{_CODE}|\\+(?:[uU](?:0000)?00{_CODE}|x{_CODE}|[uU]\{{0*{_CODE}\}})"
    rf"|&(?:amp;)*#(?:[xX]0*{_CODE}|0*(?:4[35-9]|5[0-7]|6[15-9]|[78][0-9]|9[05789]|1[01][0-9]|12[0-26]));?)"
)
UNKNOWN_KEY, ESCAPED_UNKNOWN_KEY = (rf"{head}(?P<rest>{UNIT}{{16,}}+)" for head in HEADS)
HAS_DIGIT = re.compile(r"[0-9]")
IS_ESCAPED = re.compile(r"[%\\&]|=[ \t]*\r?\n")

# An escape that ends in a letter or a digit, right before a key.
ESCAPE_BEFORE = re.compile(r"(?:\\+(?:[a-zA-Z0]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})|%[0-9a-fA-F]{2}|=[0-9A-F]{2})\Z")


def may_be_broken(small: str) -> bool:
    """Whether a text can contain a key that is escaped or broken up: each of `MARKERS` contains one of these."""
    return "\\" in small or "%" in small or "&" in small or "=" in small


def begins_word(text: str, start: int) -> bool:
    """Whether a new word begins at `start`: the text before ends in no letter or digit, except that of an escape."""
    before = text[max(0, start - 8) : start]
    if not before or not (before[-1].isascii() and before[-1].isalnum()):
        return True
    return ESCAPE_BEFORE.search(before) is not None


def is_key_like(rest: str) -> bool:
    """Whether the text after `uru_` looks like a key: at least 16 characters with a digit, or 32 of any kind.

    Real keys have 64 characters, including digits. Shorter words without digits, such as `uru_docs_search`, are names.
    """
    if IS_ESCAPED.search(rest) is None:
        return len(rest) >= 32 or HAS_DIGIT.search(rest) is not None
    units = re.findall(UNIT, rest)
    return len(units) >= 32 or any(len(one) == 1 and one.isdigit() for one in units) or _has_escaped_digit(units)


def _has_escaped_digit(units: list[str]) -> bool:
    return any(re.search(r"(?:3[0-9]|#0*(?:4[89]|5[0-7]);?)\}?\Z", one) for one in units if len(one) > 1)


def encodings(key: str) -> Iterator[str]:
    """The key's base64 at each of the three alignments, without the edge characters that depend on neighbouring bytes.

    Each is in the standard and in the URL-safe alphabet.
    """
    for lead in range(3):
        encoded = base64.b64encode(b"\0" * lead + key.encode()).decode()
        stable = encoded[-(-lead * 8 // 6) : len(encoded.rstrip("=")) - (1 if (lead + len(key)) % 3 else 0)]
        yield stable
        yield stable.replace("+", "-").replace("/", "_")


def in_lines(encoded: str) -> str:
    """A pattern for the text with line breaks or spaces anywhere."""
    return GAP.join(map(re.escape, encoded))


def in_pairs(digits: str) -> str:
    """A pattern for hexadecimal digits in either case, with or without separators between the pairs."""
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    return SEPARATOR.join("".join(f"[{one}{one.upper()}]" if one.isalpha() else one for one in pair) for pair in pairs)


SQUEEZED = bytes(range(256)).lower()


def squeezed(text: str) -> bytes:
    """The text without whitespace, plain or escaped."""
    raw = text.encode(errors="replace").translate(None, b" \t\r\n")
    if b"\\" not in raw:
        return raw
    while b"\\\\" in raw:
        raw = raw.replace(b"\\\\", b"\\")
    return raw.replace(b"\\n", b"").replace(b"\\r", b"").replace(b"\\t", b"")


def squeezed_hex(raw: bytes) -> bytes:
    """The text in lower case and without the separators of hexadecimal pairs."""
    return raw.translate(SQUEEZED, b":-")
