"""The documents of the project: their fenced blocks, the commands in these, and commands named in a sentence."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks" / "README.md"]
}

BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
OPERATORS = ("&&", "||", "|", ";", "(", ")")


class Command(NamedTuple):
    """A command of a block, its words as a shell makes them."""

    document: str
    words: tuple[str, ...]

    @property
    def is_ours(self) -> bool:
        return self.words[0].rpartition("/")[2] == "uru-mcp"

    def __str__(self) -> str:
        return " ".join(self.words)


def blocks(language: str | None = None) -> list[tuple[str, str, str]]:
    """The document, the language and the text of every block, or of those in one language."""
    return [
        (document, block[2], block[3])
        for document, text in DOCUMENTS.items()
        for block in BLOCK.finditer(text)
        if language in (None, block[2])
    ]


def commands() -> list[Command]:
    """The commands of all blocks of shell, in their order; what a pipe joins are several."""
    return [
        Command(document, words)
        for document, _, text in blocks("sh")
        for line in text.replace("\\\n", " ").splitlines()
        for words in _split(line)
    ]


def said_in_passing() -> list[Command]:
    """Commands of ours in the running text and in tables, which may lack what a person adds."""
    prose = {document: BLOCK.sub("", text) for document, text in DOCUMENTS.items()}
    spans = [(document, span) for document, text in prose.items() for span in CODE.findall(text)]
    found = [Command(document, words) for document, span in spans if "uru-mcp" in span for words in _split(span)]
    return [command for command in found if command.is_ours and command.words[1:]]


def _split(line: str) -> Iterator[tuple[str, ...]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*_words(lexer), ";"]:
        if word not in OPERATORS:
            words.append(word)
        elif words:
            yield tuple(words)
            words = []


def _words(lexer: shlex.shlex) -> list[str]:
    try:
        return list(lexer)
    except ValueError:  # a sentence about quotation marks is no command
        return []
