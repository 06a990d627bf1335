"""Splits text and identifiers into words: lower case, without accents. Also holds the stop words.

It does not know tools, or the vocabulary of any field.
"""

from __future__ import annotations

import re
import unicodedata

WORD = re.compile(r"[^\W_]+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
HYPHENATED = re.compile(r"\b([^\W_]+)-([^\W_]+)\b")
SENTENCE_END = re.compile(r"(?<=[\w)`\"]{2}[.!?])\s+(?=[A-Z])|\n")  # does not match in "e.g. this"

# Letters that Unicode does not decompose into a base letter and an accent.
LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "đ": "d", "Đ": "D"}
)

# The English list of NLTK: Snowball's, plus what remains of contractions.
STOP_WORDS = frozenset(
    """
    i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it
    its itself they them their theirs themselves what which who whom this that these those am is are was were be been
    being have has had having do does did doing a an the and but if or because as until while of at by for with about
    against between into through during before after above below to from up down in out on off over under again further
    then once here there when where why how all any both each few more most other some such no nor not only own same so
    than too very s t can will just don should now
    """.split()  # noqa: SIM905 (a column of quotation marks would be harder to compare with the source)
)


def words(text: str) -> list[str]:
    """The words of a text or an identifier, in lower case and without accents; splits `GMAIL_SEND_EMAIL`, `sendEmail`.

    A hyphenated word yields its parts and the joined word, so that `e-mail` matches `email`.
    """
    text = _without_accents(text)
    found = [part.lower() for part in WORD.findall(CAMEL.sub(" ", text))]
    return found + [(first + second).lower() for first, second in HYPHENATED.findall(text)] if "-" in text else found


def plain_words(text: str) -> list[str]:
    """Like `words`, but without splitting at capitals: `HubSpot` is one word."""
    return [part.lower() for part in WORD.findall(_without_accents(text))]


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    text = text.encode(errors="ignore").decode().translate(LETTERS)  # drops lone surrogates
    # Marks are removed first, since normalization sorts them in quadratic time.
    return _without_marks(unicodedata.normalize("NFKD", _without_marks(text)))


def _without_marks(text: str) -> str:
    return "".join(one for one in text if unicodedata.category(one)[0] != "M")


def first_sentence(text: str) -> tuple[str, str]:
    """A text's first sentence, and the rest."""
    end = SENTENCE_END.search(text)
    return (text[: end.start()], text[end.end() :]) if end else (text, "")


def shortened(text: str, most: int) -> str:
    """The text truncated to `most` characters, at the end of a sentence if there is one in the second half."""
    if len(text) <= most:
        return text
    kept = text[: most - 2]
    ends = [end.start() for end in SENTENCE_END.finditer(kept) if end.start() > most // 2]
    return f"{kept[: ends[-1]]} …" if ends else f"{''.join(kept.rsplit(None, 1)[:1])}…"
