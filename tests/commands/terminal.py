"""A person at a terminal: what is asked, what is typed, and all that stands on the screen at the end."""

from __future__ import annotations

import os
import select
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import anyio.to_thread

from tests.process import SYSTEM, started_on
from tests.time_limits import WITHIN

Dialogue = Sequence[tuple[str, str]]
KEY_PROMPT = "\nAPI key: "  # on a line of its own, and with the blank that comes once earlier input is thrown away


def talk(home: Path, dialogue: Dialogue, *words: str, **environ: str) -> tuple[int, str]:
    """The exit code of `uru-mcp` with these words, and the screen. Each text is typed once its question is shown."""
    ours, theirs = os.openpty()
    seen = ""
    with started_on(theirs, *words, environ={**SYSTEM, "HOME": str(home), **environ}) as wait:
        os.close(theirs)
        try:
            for question, typed in dialogue:
                begin = len(seen)
                while question not in seen[begin:]:
                    seen += _read(ours, seen) or _fail(f"{question!r} was not asked", seen)
                os.write(ours, typed.encode())
            while read := _read(ours, seen):
                seen += read
        finally:
            os.close(ours)  # which ends a process that still waits for an answer
        code = wait()
    return code, seen.replace("\r\n", "\n")


def _read(terminal: int, seen: str) -> str:
    if not select.select([terminal], [], [], WITHIN)[0]:
        _fail("nothing was written any more, and the process waits", seen)
    try:
        return os.read(terminal, 4096).decode(errors="replace")
    except OSError:  # Linux's way to say that nobody writes any more
        return ""


def _fail(why: str, seen: str) -> NoReturn:
    raise AssertionError(f"{why}:\n{seen}")


async def talk_with(
    url: str, home: Path, dialogue: Dialogue, *words: str, client: str = "claude-desktop", **environ: str
) -> tuple[int, str]:
    """The same of `uru-mcp install`, while the Uru behind this address goes on answering."""
    command = ("install", client, *words)
    return await anyio.to_thread.run_sync(lambda: talk(home, dialogue, *command, URU_PROXY_URL=url, **environ))
