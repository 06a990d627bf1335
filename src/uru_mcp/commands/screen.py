"""What stands on a person's screen: colours where they are wanted, nothing that a stranger's text could do to it, and a
sign of life while something takes long.

All that the commands print goes through here; what is harmless is decided in `escaping.py`.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import click

from uru_mcp.escaping import as_json, for_terminal, in_one_line

Value = TypeVar("Value")

ERASE = "\r\x1b[K"
SIGN_EACH = 1  # seconds


def decide_colours(environ: Mapping[str, str]) -> None:
    """For the command that runs: none where NO_COLOR has a value, otherwise on a terminal alone, as click sees to.

    Source: no-color.org.
    """
    if environ.get("NO_COLOR"):
        click.get_current_context().color = False


def say(text: str, *, err: bool = False, mark: str = "", bold: bool = False, dim: bool = False) -> None:
    """Print a text of one or more lines, without what a terminal would obey. `mark` is ours, with a colour."""
    shown = for_terminal(text)
    styled = click.style(shown, bold=bold or None, dim=dim or None) if bold or dim else shown
    click.echo(f"{mark}{styled}", err=err)


def say_line(text: str, *, err: bool = False) -> None:
    """Print a text as one line, whatever names stand in it."""
    say(in_one_line(text), err=err)


def say_json(value: Any) -> None:
    """Print a value as JSON, which also a terminal can take."""
    click.echo(as_json(value))


def confirm(question: str) -> None:
    """Raises: `click.Abort` unless the person says yes."""
    click.confirm(in_one_line(question), abort=True)


def somebody_types() -> bool:
    """Whether a person sits before stdin and stderr, who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def says_yes(question: str) -> bool:
    """Whether the person says yes to a question, which is asked on stderr. It waits, and so does all else."""
    return click.confirm(in_one_line(question), default=False, err=True)


def shortened(line: str) -> str:
    """A line as long as the terminal is wide; whole where nobody looks on."""
    width = shutil.get_terminal_size().columns
    return line if len(line) <= width or not sys.stdout.isatty() else f"{line[: width - 1]}…"


def sign(text: str) -> None:
    """Put a text on the line where the next output will stand, for a person who waits; nothing where there is none."""
    if sys.stderr.isatty():
        click.echo(f"{ERASE}{in_one_line(text)}", nl=False, err=True)


async def with_signs(what: str, work: Callable[[], Awaitable[Value]]) -> Value:
    """What the work brings, with a sign of life each second for a person who waits for it."""
    import anyio

    async def count() -> None:
        seconds = 0
        while True:
            await anyio.sleep(SIGN_EACH)
            seconds += SIGN_EACH
            sign(f"{what} … {seconds} s")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        try:
            found = await work()
        finally:
            tasks.cancel_scope.cancel()
            sign("")
    return found
