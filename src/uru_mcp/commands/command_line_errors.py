"""Reports command line errors safely: rejects API keys as arguments, masks secrets, and escapes control characters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from uru_mcp.untrusted_input.terminal_escaping import for_terminal

KEY_ON_THE_COMMAND_LINE = (
    "Do not put an API key on the command line: the shell's history stores it, and other users of this machine can"
    " see it in the process list (ps). Nothing was done. Replace that key: create a new one in Uru → Settings →"
    " API Keys, and delete the old one. In a terminal, uru-mcp install asks for the new one without showing it."
)
QUOTES = " \t\r\n\"'`\u201c\u201d\u2018\u2019"
BEFORE = r"(?:^|(?<=[\s=:,;\"'`\u201c\u2018(<]))"
KEY_IN_A_TEXT = re.compile(rf"{BEFORE}uru(?:_|%5[Ff])(?:(?=[!-~]*[0-9])[!-~]{{16,}}|[!-~]{{32,}})")
KEY_ALONE = re.compile(r"uru(?:_|%5[Ff])(?=[!-~]*[0-9])[!-~]{8,}")  # a whole word, so even a short key is recognized
FILE_NAME = re.compile(r"\.[A-Za-z]{1,5}$")


def refuse_key(words: Sequence[str]) -> None:
    """Raises: `click.UsageError` if one of the words is an API key, or an option with a key as its value."""
    if any(map(_holds_key, words)):
        from uru_mcp.commands.own_command import as_told_here

        raise click.UsageError(as_told_here(KEY_ON_THE_COMMAND_LINE))


@contextmanager
def safe_error_messages() -> Iterator[None]:
    """Make the messages of click's errors safe to print."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise click.UsageError(_safe_message(error), ctx=error.ctx) from error
    except click.ClickException as error:
        harmless = click.ClickException(_safe_message(error))
        harmless.exit_code = error.exit_code  # type: ignore[misc]  # click sets it per class
        raise harmless from error


def _safe_message(error: click.ClickException) -> str:
    from uru_mcp.untrusted_input.redaction import MARK, Redaction  # some patterns to compile, which only an error needs

    text = error.format_message()
    masked = KEY_IN_A_TEXT.sub(MARK, text) if isinstance(error, click.UsageError) else text
    return for_terminal(Redaction().text(masked))


def _holds_key(word: str) -> bool:
    text = word.strip(QUOTES)
    values = [text, text.partition("=")[2], text[2:] if text.startswith("-") else ""]  # as `--key=…` or `-k…`
    if text.startswith(("{", "[")) or FILE_NAME.search(text) or any(map(_is_file, values)):
        return False  # a tool's arguments are never printed, and a file may have such a name
    return any(KEY_IN_A_TEXT.search(one) or KEY_ALONE.fullmatch(one.strip(QUOTES)) for one in values)


def _is_file(text: str) -> bool:
    try:
        return bool(text) and Path(text).exists()
    except (OSError, ValueError):
        return False
