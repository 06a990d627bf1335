"""Rewrites a key command so that a desktop program finds it: its program as an absolute path."""

from __future__ import annotations

import shlex

from uru_mcp.config.parsing import split_command, unquoted
from uru_mcp.credentials.program_lookup import find_program


def with_absolute_program(command: str, path: str | None) -> str:
    """The command with its program found in `path`, the value of PATH. One that has an absolute program stays as it is.

    Raises: ValueError if it cannot be split, or if there is no such program.
    """
    program, *arguments = split_command(unquoted(command))
    found = find_program(program, path)
    if found is None:
        raise ValueError(f"there is no program {program} that you may run")
    return command if found == program else shlex.join([found, *arguments])
