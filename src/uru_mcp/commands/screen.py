"""What stands on a person's screen: colours where they are wanted, nothing that a stranger's text could do to it, and a
sign of life while something takes long."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import click

Value = TypeVar("Value")

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # which could move the cursor, or colour what is not theirs
ERASE = "\r\x1b[K"
SIGN_EACH = 1  # seconds


def decide_colours(environ: Mapping[str, str]) -> None:
    """For the command that runs: none where NO_COLOR has a value, otherwise on a terminal alone, as click sees to.

    Source: no-color.org.
    """
    if environ.get("NO_COLOR"):
        click.get_current_context().color = False


def harmless(text: str) -> str:
    """The text without what a terminal would obey."""
    return CONTROLS.sub("�", text.replace("\r\n", "\n"))


def shortened(line: str) -> str:
    """A line as long as the terminal is wide; whole where nobody looks on."""
    width = shutil.get_terminal_size().columns
    return line if len(line) <= width or not sys.stdout.isatty() else f"{line[: width - 1]}…"


def sign(text: str) -> None:
    """Put a text on the line where the next output will stand, for a person who waits; nothing where there is none."""
    if sys.stderr.isatty():
        click.echo(f"{ERASE}{text}", nl=False, err=True)


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
