"""`--help` of every command: complete, in the order of use, and as wide as a terminal."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from uru_mcp.cli import INTRODUCTION, main

COLUMNS = 80


def commands(command: click.Command, *words: str) -> Iterator[tuple[str, click.Command]]:
    """The command and all below it, each with the words that a person types for it."""
    yield " ".join(words), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, *words, name)


ALL = dict(commands(main))


def help_of(words: str) -> str:
    ran = CliRunner().invoke(main, [*words.split(), "--help"], terminal_width=COLUMNS, color=True)
    assert ran.exit_code == 0
    return ran.output


def test_the_commands_come_in_the_order_of_use() -> None:
    shown = [line.split()[0] for line in help_of("").partition("Commands:\n")[2].splitlines()]
    assert shown == ["install", "doctor", "whoami", "tools", "call", "demo", "usage", "sandbox"]


@pytest.mark.parametrize("words", ALL)
def test_help_fits_a_terminal_and_cuts_nothing(words: str) -> None:
    text = help_of(words)
    assert max(map(len, text.splitlines())) <= COLUMNS
    assert "..." not in text.replace("[ARGS]...", ""), "click cuts a sentence that is too long"
    assert text.isascii(), "some consoles lack the rest"


@pytest.mark.parametrize("words", ALL)
def test_every_command_and_every_option_says_what_it_does(words: str) -> None:
    command = ALL[words]
    assert command.help
    assert command.help.partition("\n")[0].endswith("."), "the first line stands alone in the list of commands"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert parameter.help[0].isupper(), parameter.help
            assert parameter.help.endswith("."), parameter.help


def test_what_a_person_is_told_who_starts_it_in_a_terminal_fits_too() -> None:
    assert max(map(len, INTRODUCTION.splitlines())) <= COLUMNS
