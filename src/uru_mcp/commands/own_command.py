"""The command that starts this installation of uru-mcp, as a person types it in a terminal.

Everything that is told in a terminal names this one: without it on the PATH, `uru-mcp` is not found, and another one on
the PATH is a different installation.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

COMMANDS = "install|doctor|whoami|tools|call|demo|usage|sandbox"
IN_A_SENTENCE = re.compile(rf"(?<![\w/\\.-])uru-mcp(?= (?:{COMMANDS}|--[a-z]+)\b)")
NEEDS_NO_QUOTES = re.compile(r"[\w.:\\/+-]+")  # in PowerShell and in cmd


def own_command(*arguments: str) -> str:
    """This installation's command with these arguments, quoted for the shell; `uru-mcp …` if that finds it."""
    return " ".join([_program(), *arguments])


def as_told_here(text: str) -> str:
    """A sentence of ours with this installation's command in place of `uru-mcp`. Not for the texts of others."""
    if IN_A_SENTENCE.search(text) is None:
        return text
    program = _program()
    return IN_A_SENTENCE.sub(lambda _: program, text)


def removing(path: Path) -> str:
    """The command that removes this file."""
    return as_typed(["rm", str(path)], windows=sys.platform == "win32")


def making_private(path: Path) -> str:
    """The POSIX command that lets only the owner read this file."""
    return shlex.join(["chmod", "600", str(path)])


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
