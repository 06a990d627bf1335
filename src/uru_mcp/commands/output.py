"""Terminal output of the commands: colours, escaping of untrusted text, prompts, and progress indicators.

Everything that the commands print goes through here; `untrusted_input/terminal_escaping.py` decides what is safe.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import click

from uru_mcp.untrusted_input.terminal_escaping import as_json, for_terminal, in_one_line

Value = TypeVar("Value")

ERASE = "\r\x1b[K"
PROGRESS_EVERY = 1  # seconds


def decide_colours(environ: Mapping[str, str]) -> None:
    """Disable colours for this command if NO_COLOR is set; otherwise click uses them only in a terminal.

    Source: no-color.org.
    """
    if environ.get("NO_COLOR"):
        click.get_current_context().color = False


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
    """Ask the user. Raises: `click.Abort` unless the answer is yes."""
    click.confirm(in_one_line(question), abort=True)


def somebody_types() -> bool:
    """Whether a person sits before stdin and stderr, who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def says_yes(question: str) -> bool:
    """Whether the person says yes to a question, which is asked on stderr. It waits, and so does all else."""
    return click.confirm(in_one_line(question), default=False, err=True)


def shortened(line: str) -> str:
    """A line truncated to the width of the terminal; unchanged if stdout is not a terminal."""
    width = shutil.get_terminal_size().columns
    return line if len(line) <= width or not sys.stdout.isatty() else f"{line[: width - 1]}…"


def show_progress(text: str) -> None:
    """Show a temporary status text that the next output overwrites; only in a terminal."""
    if sys.stderr.isatty():
        click.echo(f"{ERASE}{in_one_line(text)}", nl=False, err=True)


async def with_progress(what: str, work: Callable[[], Awaitable[Value]]) -> Value:
    """Do the work and return its result, with a progress indicator updated each second."""
    import anyio

    async def count() -> None:
        seconds = 0
        while True:
            await anyio.sleep(PROGRESS_EVERY)
            seconds += PROGRESS_EVERY
            show_progress(f"{what} … {seconds} s")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        try:
            found = await work()
        finally:
            tasks.cancel_scope.cancel()
            show_progress("")
    return found
