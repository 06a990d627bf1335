"""Terminal output of the commands: colours, escaping of untrusted text, prompts, and progress indicators.

Everything that the commands print goes through here; `untrusted_input/terminal_escaping.py` decides what is safe.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import click

from uru_mcp.config.environment import read_environment
from uru_mcp.text_layout import shortened, terminal_width, width_of, wrapped
from uru_mcp.untrusted_input.terminal_escaping import as_json, for_terminal, in_one_line

PROGRESS_EVERY = 1.0  # seconds
HANGING = 2  # columns


def colours(environ: Mapping[str, str]) -> bool | None:
    """Whether to use colours, as the environment says; None to use them in a terminal only.

    Source: no-color.org, force-color.org, bixense.com/clicolors.
    """
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return False if environ.get("TERM") == "dumb" or environ.get("CLICOLOR") == "0" else None


def say(text: str, *, err: bool = False, mark: str = "", bold: bool = False, dim: bool = False) -> None:
    """Print one or more lines with control sequences escaped. `mark` is trusted and may have a colour."""
    shown = for_terminal(text)
    styled = click.style(shown, bold=bold or None, dim=dim or None) if bold or dim else shown
    click.echo(f"{mark}{styled}", err=err)


def say_line(text: str, *, err: bool = False) -> None:
    """Print a text as one line, even if it contains line breaks."""
    say(in_one_line(text), err=err)


def say_json(value: Any) -> None:
    """Print a value as JSON that is safe in a terminal."""
    click.echo(as_json(value))


def confirm(question: str) -> None:
    """Ask the user on stderr. Raises: `click.Abort` unless the answer is yes."""
    click.confirm(in_one_line(question), abort=True, err=True)


def somebody_types() -> bool:
    """Whether a person sits before stdin and stderr, who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def says_yes(question: str) -> bool:
    """Whether the person says yes to a question, which is asked on stderr. It waits, and so does all else."""
    return click.confirm(in_one_line(question), default=False, err=True)


def say_wrapped(text: str, *, err: bool = False) -> None:
    """Print prose that fits the terminal: each line is wrapped between words, and its continuation is indented."""
    width = terminal_width()
    for line in for_terminal(text).split("\n"):
        indent = len(line) - len(line.lstrip()) + HANGING
        for one in wrapped(line, width, indent=indent):
            say(one, err=err)


class StatusLine:
    """A line on stderr that the next one, or nothing, takes the place of.

    It is shown only in a terminal that can go back to the start of a line, and only if `is_wanted`.
    """

    def __init__(self, *, is_wanted: bool = True) -> None:
        self.is_shown = is_wanted and sys.stderr.isatty() and read_environment().get("TERM") != "dumb"
        self._width = 0

    def show(self, text: str) -> None:
        if self.is_shown:
            line = shortened(in_one_line(text), terminal_width() - 1)
            sys.stderr.write(f"\r{' ' * self._width}\r{line}")  # blanks erase it without any control sequence
            sys.stderr.flush()
            self._width = width_of(line)

    def erase(self) -> None:
        if self._width:
            self.show("")


@contextmanager
def progress(what: str, *, is_wanted: bool = True, every: float = PROGRESS_EVERY) -> Iterator[None]:
    """Show what is waited for, and for how long, from the first second on; at the end nothing is left of it."""
    status, is_over = StatusLine(is_wanted=is_wanted), Event()

    def count() -> None:
        seconds = 0.0
        while not is_over.wait(every):
            seconds += every
            status.show(f"{what} … {seconds:.0f} s")

    if not status.is_shown:
        yield
        return
    ticking = Thread(target=count, daemon=True)
    ticking.start()
    try:
        yield
    finally:
        is_over.set()
        ticking.join()
        status.erase()
