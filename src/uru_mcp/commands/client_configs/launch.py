"""Finds the command that starts an installation of uru-mcp without importing from the working directory.

A client chooses the working directory of a server, often an untrusted project. `python -m uru_mcp` searches that
directory first for every module, so a `click.py` there would run with the key in its environment. The installed script
and `python -P` do not.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from uru_mcp.config.environment import read_environment
from uru_mcp.credentials.program_lookup import is_program

SCRIPT = "uru-mcp"
LARGEST_SCRIPT = 1024 * 1024  # bytes; scripts of pip and uv have a few hundred, on Windows 100 to 200 KB

# Source: pip, uv and distlib; they write the long form if the path has blanks or is too long for the kernel.
ENTRY_POINT = re.compile(rb"^from uru_mcp\.(?:__main__|cli) import main\r?$", re.MULTILINE)
SHEBANG = re.compile(rb"#!\s*(?:/bin/sh\n'''exec'\s+)?(?:\"([^\"\r\n]+)\"|'([^'\r\n]+)'|([^\s\"']+))")
VERSIONED = re.compile(r"(.+?)[-_.@]?v?[0-9]+(?:\.[0-9]+)+.*")  # a directory such as uru-mcp-0.1.0
PYTHON = re.compile(r"(?:python|pypy)[0-9.]*w?(?:\.exe)?", re.IGNORECASE)

# The package in an environment, and the files that represent it in an editable install.
PACKAGES = ("uru_mcp/__init__.py", "uru_mcp-*.dist-info", "uru_mcp-*.egg-info")


def command_of(python: str) -> list[str]:
    """The command that starts this Python's uru-mcp: its script, or `python -P -m uru_mcp` if it has none."""
    directory = Path(python).parent
    for file in (directory / SCRIPT, directory / f"{SCRIPT}.exe", directory / "Scripts" / f"{SCRIPT}.exe"):
        owner = python_of_script(file)
        if owner is not None and is_program(file) and owner.parent in (directory, directory.resolve()):
            return [str(file)]
    return [python, "-P", "-m", "uru_mcp"]


def python_of_script(file: Path) -> Path | None:
    """The Python with which a script starts our entry point; None if the script is not certainly ours.

    It must be what an installer writes for this project's entry point, and the same environment must contain the
    package or the record of its installation.
    """
    try:
        data = _content(file)
    except (OSError, ValueError, BadZipFile, KeyError):
        return None
    interpreter = SHEBANG.match(data)
    if interpreter is None or ENTRY_POINT.search(data) is None:
        return None
    python = Path(next(filter(None, interpreter.groups())).decode(errors="replace"))
    is_ours = python.is_absolute() and PYTHON.fullmatch(python.name) is not None
    return python if is_ours and any(map(_has_package, (file.resolve().parent, python.parent))) else None


def _content(file: Path) -> bytes:
    """A script's text; for a Windows launcher, its first line and the program appended to it."""
    if not file.is_file() or file.stat().st_size > LARGEST_SCRIPT:
        return b""
    data = file.read_bytes()
    if not data.startswith(b"MZ"):
        return data
    with ZipFile(file) as appended:
        start = min(entry.header_offset for entry in appended.infolist())
        return data[data.rindex(b"#!", 0, start) : start] + b"\n" + appended.read("__main__.py")


def _has_package(directory: Path) -> bool:
    """Whether the environment with this directory of programs contains our package."""
    prefix = directory.parent
    libraries = [*prefix.glob("lib/python*/*-packages"), prefix / "Lib" / "site-packages"]
    return any(any(resource_handlers.glob(pattern)) for resource_handlers in libraries for pattern in PACKAGES)


def current_command() -> list[str]:
    """The command for this process's own Python, by the path that stays when an update moves a link.

    That is the script as it was called, links included, or the same below a link that stands for this version.
    """
    called = _called_script()
    command, *rest = [str(called)] if called is not None else command_of(sys.executable)
    return [str(_below_link(Path(command))), *rest]


def _called_script() -> Path | None:
    """The script that was called, by that path; None if this process was started in another way."""
    called = _working_directory() / sys.argv[0]
    here = Path(sys.executable).parent.resolve()
    for file in (called, Path(f"{called}.exe")):  # on Windows, the suffix is removed from argv
        owner = python_of_script(file) if file.name in (SCRIPT, f"{SCRIPT}.exe") else None
        if owner is not None and is_program(file) and owner.parent.resolve() == here:
            plain = Path(os.path.abspath(file))  # noqa: PTH100  # `resolve` would follow the links
            return plain if plain.is_file() and plain.samefile(file) else None
    return None


def _working_directory() -> Path:
    """The working directory as the shell names it, which may be through a link."""
    named = read_environment().get("PWD", "")
    with suppress(OSError):
        if Path(named).is_absolute() and Path(named).samefile(Path.cwd()):
            return Path(named)
    return Path()


def _below_link(file: Path) -> Path:
    """The same file below the link `uru-mcp`, if that stands for its environment `uru-mcp-0.1.0`.

    The link must belong to the owner of the environment, who could also change the file.
    """
    environment = file.parent.parent
    found = VERSIONED.fullmatch(environment.name)
    if found is None or environment.is_symlink():
        return file
    link = environment.with_name(found[1])
    with suppress(OSError):
        is_same = link.is_symlink() and link.samefile(environment)
        if is_same and link.lstat().st_uid == environment.stat().st_uid:
            return link / file.relative_to(environment)
    return file
