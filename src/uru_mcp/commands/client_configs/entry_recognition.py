"""Recognizes whether a configured server is certainly uru-mcp, so that doctor may start it.

A name is not enough: Uru's Node client has the same name, and so may the directory of another server. Only these are
certain: the script that an installer wrote for this project, `python -m uru_mcp`, and a package runner with exactly
this package. A server that may start uru-mcp through another program is reported but not started.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from uru_mcp.commands.client_configs.launch import PYTHON, SCRIPT, python_of_script
from uru_mcp.commands.client_configs.package_runners import (
    OUR_PACKAGE,
    PIPX_FLAGS,
    PIPX_VALUES,
    UV_FLAGS,
    UV_RUN_VALUES,
    UV_VALUES,
    Options,
    is_node_client,
    may_run,
    may_wrap,
    past_options,
)
from uru_mcp.commands.client_configs.reading import Server
from uru_mcp.credentials.program_lookup import find_program

Kind = Literal["ours", "unsure", "node", "other"]

MODULE = "uru_mcp"
SAFE_PATH = "PYTHONSAFEPATH"  # has the same effect as Python's option -P
PLAIN_FLAGS = frozenset("bBdEIOPqsSuv")  # of Python; they may be combined after one dash
LAUNCHER_VERSION = re.compile(r"-(?:[23](?:\.[0-9]+)?(?:-(?:32|64))?|V:\S+)")  # of the `py` launcher on Windows
SERVING = frozenset({"--sandbox"})
SERVING_VALUES = frozenset({"--db", "--tools", "--catalog"})
WRONG_ARGUMENTS = "its arguments do not start a server; it was not started"
ON_NODE = re.compile(rb"#![^\n]*\bnode\b")


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a server is.

    `imports_here` is whether it imports modules from the client's working directory, and `is_wrong` whether it would
    be ours but for its arguments, with which, or where, it does not start.
    """

    kind: Kind
    why: str = ""
    imports_here: bool = False
    is_wrong: bool = False


OTHER = Recognition("other")
NODE = Recognition("node", "starts Uru's Node client, which is a different program, and was not started")


def recognise(server: Server, environ: Mapping[str, str]) -> Recognition:
    """Recognize what a client starts in this environment. Nothing is run."""
    if server.command is None:
        return OTHER
    environ = {**environ, SAFE_PATH: server.env.get(SAFE_PATH, "")}  # the client's own environment is unknown
    found = _of([server.command, *server.args], environ)
    if found.kind != "ours" and _is_missing(server, environ):
        return Recognition("ours")
    if found.kind == "ours" and not all(map(os.path.isabs, _elements(server.env.get("PYTHONPATH", "")))):
        return replace(found, imports_here=True)
    is_one_program = found.kind != "other" or find_program(server.command, environ.get("PATH")) is not None
    if not is_one_program and (may_wrap("env", server.command.split()[1:]) or _has_arguments(server.command)):
        return replace(_unsure("its command contains arguments, which belong in args"), is_wrong=True)
    return found


def _has_arguments(command: str) -> bool:
    """Whether this is the path of uru-mcp with arguments after a blank; the path may have blanks too."""
    return any(_program(command[: blank.start()]) == SCRIPT for blank in re.finditer(r"\s", command))


def _of(words: Sequence[str], environ: Mapping[str, str]) -> Recognition:
    command, *arguments = words
    program = _program(command)
    if program == SCRIPT:
        return _served(arguments, _script(command, environ))
    if PYTHON.fullmatch(program) or program in ("py", "pyw"):
        return _python(arguments, environ)
    if program == "cmd" and arguments[:1] in (["/c"], ["/C"]) and arguments[1:]:
        inner = _of(arguments[1:], environ)
        return inner if inner.kind in ("node", "other") else _through(program)
    if program in ("uvx", "uv", "pipx"):
        found = _run(program, arguments, environ)
        if found is not None:
            return found
        return _through(program) if may_run(arguments, MODULE) else OTHER
    if is_node_client(program, arguments):
        return NODE
    return _through(program) if may_wrap(program, arguments) else OTHER


def _is_missing(server: Server, environ: Mapping[str, str]) -> bool:
    """Whether it names uru-mcp but its program does not exist or is not executable, so there is nothing to start."""
    command = server.command or ""
    names_us = _program(command) == SCRIPT or _python(server.args, environ).kind == "ours"
    return names_us and find_program(command, environ.get("PATH")) is None


def _program(command: str) -> str:
    """The name of the program without directory and suffix, for the paths of any platform."""
    return re.sub(r"\.(exe|cmd|bat)$", "", re.split(r"[/\\]", command)[-1], flags=re.IGNORECASE)


def _elements(path: str) -> list[str]:
    return path.split(os.pathsep) if path else []


def _through(program: str) -> Recognition:
    return _unsure(f"it may start uru-mcp through {program}")


def _unsure(why: str) -> Recognition:
    return Recognition("unsure", f"{why}; it was not started, since it is not certainly uru-mcp")


def _script(command: str, environ: Mapping[str, str]) -> Recognition:
    """A program named uru-mcp; see `_is_missing` for one that does not exist."""
    file = Path(find_program(command, environ.get("PATH")) or command)
    if python_of_script(file) is not None:
        return Recognition("ours")
    try:
        with file.open("rb") as opened:
            is_node = ON_NODE.match(opened.read(200)) is not None or "node_modules" in file.resolve().parts
    except (OSError, ValueError):  # ValueError: no path can have a character of its name
        is_node = False
    return NODE if is_node else _unsure(f"{file} is named uru-mcp, but is not the script of this project")


def _served(arguments: Sequence[str], found: Recognition) -> Recognition:
    """The same, unless the arguments make uru-mcp do something other than serve."""
    options = past_options(arguments, SERVING, SERVING_VALUES)
    is_serving = options is not None and not options.rest
    if is_serving or found.kind != "ours":
        return found
    return Recognition("unsure", WRONG_ARGUMENTS, is_wrong=True)


def _python(words: Sequence[str], environ: Mapping[str, str]) -> Recognition:
    flags = ""
    for number, word in enumerate(words):
        rest = words[number + 1 :]
        if LAUNCHER_VERSION.fullmatch(word) or (number and words[number - 1] in ("-X", "-W")):
            continue
        if not word.startswith("-"):
            return _python_file(word, rest)
        if word.startswith(("-X", "-W")):
            continue
        before, is_module, module = word[1:].partition("m")
        if not PLAIN_FLAGS.issuperset(before):
            break
        flags += before
        if is_module:
            module, rest = (module, rest) if module else (rest[0] if rest else "", rest[1:])
            return _served(rest, _module(flags, environ)) if module == MODULE else OTHER
    return _unsure("it runs code that names uru_mcp") if any(MODULE in word for word in words) else OTHER


def _module(flags: str, environ: Mapping[str, str]) -> Recognition:
    is_told = bool(environ.get(SAFE_PATH)) and not {*"EI"} & {*flags}
    return Recognition("ours", imports_here=not ({*"PI"} & {*flags} or is_told))


def _python_file(file: str, arguments: Sequence[str]) -> Recognition:
    """Python with a file to run: our script, or something else; the package's `__main__.py` alone is not certain."""
    parts = re.split(r"[/\\]", file)
    if Path(file).is_absolute() and parts[-1] == SCRIPT and python_of_script(Path(file)) is not None:
        return _served(arguments, Recognition("ours"))
    return _unsure(f"it runs {file}") if parts[-2:] == [MODULE, "__main__.py"] else OTHER


def _run(program: str, words: Sequence[str], environ: Mapping[str, str]) -> Recognition | None:
    """A package runner with our package's name; None if it is another package, or if an argument is unknown."""
    if program == "uv":
        globally = past_options(words, UV_FLAGS, UV_VALUES)
        verb = globally.rest if globally is not None else ()
        if verb[:1] == ("run",):
            return _uv_run(past_options(verb[1:], UV_FLAGS, UV_RUN_VALUES), environ)
        return _package(past_options(verb[2:], UV_FLAGS, UV_VALUES), environ) if verb[:2] == ("tool", "run") else None
    if program == "uvx":
        return _package(past_options(words, UV_FLAGS, UV_VALUES), environ)
    if words[:1] != ["run"]:
        return None
    # Source: `pipx run`, which runs a file of that name in the working directory if there is one.
    found = _package(past_options(words[1:], PIPX_FLAGS, PIPX_VALUES), environ)
    return None if found is None else replace(found, imports_here=True)


def _package(options: Options | None, environ: Mapping[str, str]) -> Recognition | None:
    if options is None or not options.rest:
        return None
    source, (command, *arguments) = options.of("--from", "--spec"), options.rest
    if source:
        return _inside(options.rest, environ) if all(map(OUR_PACKAGE.fullmatch, source)) else None
    return _served(arguments, Recognition("ours")) if OUR_PACKAGE.fullmatch(command) else None


def _uv_run(options: Options | None, environ: Mapping[str, str]) -> Recognition | None:
    """`uv run` uses packages and Python of a project around the working directory, unless an option prevents it."""
    if options is None or not any(map(OUR_PACKAGE.fullmatch, options.of("-w", "--with"))):
        return None
    module = options.of("-m", "--module")
    words = ["python", "-m", module[0], *options.rest] if module else [*options.rest]
    found = _inside(words, environ)
    if found is None:
        return None
    return replace(found, imports_here=found.imports_here or "--no-project" not in options.flags)


def _inside(words: Sequence[str], environ: Mapping[str, str]) -> Recognition | None:
    """What a package runner starts in the environment that it created for our package."""
    if not words:
        return None
    command, *arguments = words
    if command == SCRIPT:
        return _served(arguments, Recognition("ours"))
    found = _python(arguments, environ) if PYTHON.fullmatch(command) else OTHER
    return found if found.kind == "ours" else None
