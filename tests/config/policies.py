"""Policy files for tests: below a directory of the test's, and of its user instead of root."""

from __future__ import annotations

import os
from pathlib import Path

from uru_mcp.config.policy_file import PolicyFile

NAMES = ("etc", "uru-mcp", "policy.toml")


def place(start: Path) -> PolicyFile:
    """The place of a policy below a directory, before there is one."""
    start.chmod(0o755)
    return PolicyFile(str(start), NAMES, owner=os.getuid())


def written(start: Path, content: str | bytes) -> PolicyFile:
    """A policy as an administrator leaves it: in a file that nobody else can write, put there at once."""
    file = place(start)
    path = Path(file.path)
    for directory in (path.parent.parent, path.parent):
        directory.mkdir(exist_ok=True)
        directory.chmod(0o755)
    new = path.with_name("new")
    new.write_bytes(content.encode() if isinstance(content, str) else content)
    new.chmod(0o644)
    new.replace(path)
    return file


def of_another(file: PolicyFile) -> PolicyFile:
    """The same place where another user has to own it."""
    return file._replace(owner=os.getuid() + 1)
