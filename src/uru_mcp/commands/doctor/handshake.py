"""Starts programs for doctor: an MCP server, to perform the handshake, a program of ours, and Git.

The working directory is searched for none of them, and only Git is started in another than the root directory.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import ByteReceiveStream, Process

from uru_mcp.credentials.key_sources import end_process
from uru_mcp.credentials.program_lookup import NEUTRAL_DIRECTORY, find_program

STARTS_WITHIN = 10.0  # seconds
GIT_WITHIN = 5.0  # seconds
LONGEST_LINE = 1024 * 1024  # bytes
SAID_CHARS = 200  # of a program's stderr before it exited

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "uru-mcp-doctor", "version": "1"},
    },
}


class Silent(Exception):
    """The MCP handshake failed; the message completes a sentence that starts with the program."""


async def shake_hands(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """Start a server, initialize it, and stop it; returns its name and version.

    Raises: `Silent`.
    """
    try:
        process = await anyio.open_process(
            command,
            cwd=NEUTRAL_DIRECTORY,
            env=environ,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            start_new_session=True,  # so that its child processes can be killed with it
        )
    except OSError as error:
        raise Silent(f"cannot be started ({error.strerror or type(error).__name__})") from error
    try:
        with anyio.fail_after(STARTS_WITHIN):
            return await _initialize(process)
    except TimeoutError:
        raise Silent(f"did not answer the MCP initialize request within {STARTS_WITHIN:g} seconds") from None
    finally:
        end_process(process)
        with anyio.CancelScope(shield=True):
            await process.aclose()


async def output_of(command: Sequence[str], environ: Mapping[str, str]) -> bytes:
    """What a program of ours prints, to its end. It is killed when the caller is cancelled."""
    process = await anyio.open_process(
        command,
        cwd=NEUTRAL_DIRECTORY,
        env=environ,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        start_new_session=True,  # so that a key command can be killed with it
    )
    output = bytearray()
    try:
        if process.stdout is None:
            raise AssertionError("unreachable")
        await _collect(process.stdout, output)
        return bytes(output)
    finally:
        end_process(process)
        with anyio.CancelScope(shield=True):
            await process.aclose()


async def is_tracked(path: Path, environ: Mapping[str, str]) -> bool:
    """Whether Git tracks the file, or the target if it is a link; False without Git or a repository."""
    git = find_program("git", environ.get("PATH"))
    if git is None:
        return False
    # No variable may select another repository, and no program from this repository's settings may run.
    without_git = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    without_programs = ["-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "--no-pager"]
    command = [git, "--literal-pathspecs", "--no-optional-locks", *without_programs]
    command += ["ls-files", "--error-unmatch", "--"]
    with suppress(OSError), anyio.move_on_after(GIT_WITHIN):
        file = await anyio.Path(path).resolve()
        ran = await anyio.run_process(
            [*command, file.name], cwd=file.parent, stdin=subprocess.DEVNULL, env=without_git, check=False
        )
        return ran.returncode == 0
    return False


async def _initialize(process: Process) -> str:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise AssertionError("unreachable")
    said = bytearray()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_collect, process.stderr, said)
        with suppress(anyio.BrokenResourceError, ConnectionError):  # it has exited; the missing answer shows that
            await process.stdin.send(json.dumps(HELLO).encode() + b"\n")
        line = await _line(process.stdout)
        if line is not None:
            tasks.cancel_scope.cancel()
    if line is None:
        code = await process.wait()
        last = said.decode(errors="replace").strip().rpartition("\n")[2].strip(" .\r")[:SAID_CHARS]
        raise Silent(f"exited at once with code {code}" + (f": {last}" if last else ""))
    return _name_in(line)


async def _collect(stream: ByteReceiveStream, said: bytearray) -> None:
    """Read the stream so that the program does not block, and keep the end."""
    async for piece in stream:
        said += piece
        del said[:-LONGEST_LINE]


async def _line(stream: ByteReceiveStream) -> bytes | None:
    """The first line, or None if there is none."""
    line = b""
    async for piece in stream:
        line += piece
        if b"\n" in line or len(line) > LONGEST_LINE:
            return line.partition(b"\n")[0]
    return line or None


def _name_in(line: bytes) -> str:
    try:
        answer: Any = json.loads(line)
        server = answer["result"]["serverInfo"]
        return f"{server['name']} {server['version']}"
    except (ValueError, RecursionError, LookupError, TypeError):
        raise Silent("answered with something that is not MCP") from None
