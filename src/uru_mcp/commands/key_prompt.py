"""Asks for the API key in a terminal, says what is wrong with what was typed, and asks again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from uru_mcp.commands.output import say_line
from uru_mcp.commands.own_command import own_command
from uru_mcp.credentials.api_key import Key, read_key
from uru_mcp.credentials.key_sources import AFTER_A_COMMAND, AFTER_A_FILE
from uru_mcp.errors import KeyUnavailable
from uru_mcp.messages.access_messages import KEYS_PAGE

TRIES = 3


@contextmanager
def unseen_typing() -> Iterator[None]:
    """Show nothing of what is typed meanwhile, such as a key that is pasted twice, and discard it at the end."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield
        return
    import termios

    terminal = sys.stdin.fileno()
    usual = termios.tcgetattr(terminal)
    termios.tcsetattr(terminal, termios.TCSANOW, [*usual[:3], usual[3] & ~termios.ECHO, *usual[4:]])
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, usual)


def not_read(error: KeyUnavailable, *, is_option: bool) -> KeyUnavailable:
    """The error of a key source, for `install`. `is_option` is whether `--key-command` names the command."""
    again = f", and run {own_command('install')} again."
    fix = error.fix.replace(AFTER_A_COMMAND, again).replace(AFTER_A_FILE, again)
    message = f"{error.message} Nothing was written."
    if is_option:
        message = message.replace("in URU_API_KEY_COMMAND", "of --key-command", 1)
        fix = fix.replace("URU_API_KEY_FILE", "--key-file", 1)
    return KeyUnavailable(message, fix=fix, code=error.code)


def typed_keys(kept: Key | None) -> Iterator[Key]:
    """The keys that a person types, without echo: the next one if the previous was refused, three at most.

    Enter alone keeps the key that the entry has, if there is one.

    Raises: `KeyUnavailable` after the last try, `Abort` if the user cancels.
    """
    say_line(f"Create a key in {KEYS_PAGE}, and paste it here; it is not shown.")
    question = "API key" if kept is None else f"API key (Enter keeps …{kept.last4})"
    for _ in range(TRIES):
        text: str = click.prompt(question, hide_input=True, default="", show_default=False, err=True)
        if not text.strip() and kept is not None:
            yield kept
            continue
        try:
            key = read_key(text.strip())
        except ValueError as error:
            say_line(f"That is not an API key: {error}.")
        else:
            yield key
    raise KeyUnavailable(
        f"None of {TRIES} tries was a key that Uru accepts. Nothing was written.",
        fix=f"Copy a key whole from {KEYS_PAGE}; it starts with uru_. Then run {own_command('install')} again.",
    )


def no_key_given(missing: KeyUnavailable | None) -> KeyUnavailable:
    """The error if there is no key and nobody can be asked. `missing` is why the named key file gives none."""
    if missing is not None:
        return KeyUnavailable(
            f"{missing.message} No other key was given to write to it, and nobody could be asked for one."
            " Nothing was written.",
            fix="Name the file that has the key, or set URU_API_KEY to the key to write to this one; or run it in a"
            " terminal without --yes.",
        )
    return KeyUnavailable(
        "No API key was given, and nobody could be asked for one. Nothing was written.",
        fix="Set URU_API_KEY, URU_API_KEY_FILE or URU_API_KEY_COMMAND, name a key file with --key-file, or a command"
        " that prints the key with --key-command; or run it in a terminal without --yes.",
    )
