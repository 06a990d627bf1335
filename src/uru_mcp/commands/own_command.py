"""The command that starts this installation of uru-mcp, as a person types it in a terminal.

Everything that is told in a terminal names this one: without it on the PATH, `uru-mcp` is not found, and another one on
the PATH is a different installation.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

NEEDS_NO_QUOTES = re.compile(r"[\w.:\\/+-]+")  # in PowerShell and in cmd


def own_command(*arguments: str) -> str:
    """This installation's command with these arguments, quoted for the shell; `uru-mcp …` if that finds it."""
    return " ".join([_program(), *arguments])


def _program() -> str:
    from uru_mcp.commands.client_configs.launch import SCRIPT, current_command, python_of_script
    from uru_mcp.config.environment import read_environment
    from uru_mcp.credentials.program_lookup import find_program

    found = find_program(SCRIPT, read_environment().get("PATH"))
    owner = python_of_script(Path(found)) if found is not None else None
    here = Path(sys.executable).parent
    if owner is not None and owner.parent in (here, here.resolve()):
        return SCRIPT
    return as_typed(current_command(), windows=sys.platform == "win32")


def as_typed(words: list[str], *, windows: bool) -> str:
    """The words of a command, quoted for a POSIX shell, or for PowerShell; there, a quoted program needs `&` before."""
    if not windows:
        return shlex.join(words)
    program, *rest = [word if NEEDS_NO_QUOTES.fullmatch(word) else f'"{word}"' for word in words]
    return " ".join([f"& {program}" if program.startswith('"') else program, *rest])
