"""Texts into words: names come apart, accents go, and what says nothing by itself is known.

It knows nothing of tools, and no words of any trade.
"""

from __future__ import annotations

import re
import unicodedata

WORD = re.compile(r"[^\W_]+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
HYPHENATED = re.compile(r"\b([^\W_]+)-([^\W_]+)\b")
SENTENCE_END = re.compile(r"(?<=[\w)`\"]{2}[.!?])\s+(?=[A-Z])|\n")  # which "e.g. this" is not

# Letters that are no others with an accent.
LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "đ": "d", "Đ": "D"}
)

# The classic English list of NLTK, which is Snowball's with what contractions leave behind.
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
    """The words of a text or a name, in lower case and without accents: `GMAIL_SEND_EMAIL` and `sendEmail` come apart.

    A word with a hyphen is there in its parts and as one, so that `e-mail` and `email` meet.
    """
    text = _without_accents(text)
    found = [part.lower() for part in WORD.findall(CAMEL.sub(" ", text))]
    return found + [(first + second).lower() for first, second in HYPHENATED.findall(text)] if "-" in text else found


def plain_words(text: str) -> list[str]:
    """The words of a name as it is written, in lower case and without accents: `HubSpot` is one."""
    return [part.lower() for part in WORD.findall(_without_accents(text))]


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    text = text.encode(errors="ignore").decode().translate(LETTERS)  # without halves of surrogate pairs
    # Without marks first, since normalization sorts them, in a time that grows with the square of their number.
    return _without_marks(unicodedata.normalize("NFKD", _without_marks(text)))


def _without_marks(text: str) -> str:
    return "".join(one for one in text if unicodedata.category(one)[0] != "M")


def first_sentence(text: str) -> tuple[str, str]:
    """A text's first sentence, and the rest."""
    end = SENTENCE_END.search(text)
    return (text[: end.start()], text[end.end() :]) if end else (text, "")


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters, cut after a sentence where one ends in its second half."""
    if len(text) <= most:
        return text
    kept = text[: most - 2]
    ends = [end.start() for end in SENTENCE_END.finditer(kept) if end.start() > most // 2]
    return f"{kept[: ends[-1]]} …" if ends else f"{''.join(kept.rsplit(None, 1)[:1])}…"
