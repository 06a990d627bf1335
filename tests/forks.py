"""Starts `uru-mcp` as a fork of a process that has imported it, with pipes, signals and an end as any other's.

What is about the start itself, such as `tests/server/test_stdio.py`, starts a process of its own instead.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream

from tests.time_limits import WITHIN

IS_POSSIBLE = sys.platform == "linux"
SERVER = Path(__file__).with_name("fork_server.py")
CHUNK = 65_536  # bytes


class Output(ByteReceiveStream):
    """What the process writes: the reading end of a pipe."""

    def __init__(self, file: int) -> None:
        self._file = file
        os.set_blocking(file, False)

    async def receive(self, max_bytes: int = CHUNK) -> bytes:
        """Raises: anyio.EndOfStream."""
        await anyio.wait_readable(self._file)
        if data := os.read(self._file, max_bytes):
            return data
        raise anyio.EndOfStream

    async def aclose(self) -> None:
        os.close(self._file)


class Input:
    """What the process reads: the writing end of a pipe."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._is_closed = False
        os.set_blocking(file, False)

    async def send(self, data: bytes) -> None:
        """Raises: anyio.BrokenResourceError, anyio.ClosedResourceError."""
        rest = memoryview(data)
        while rest:
            if self._is_closed:
                raise anyio.ClosedResourceError
            try:
                rest = rest[os.write(self._file, rest) :]
            except BlockingIOError:
                await anyio.wait_writable(self._file)
            except BrokenPipeError as error:
                raise anyio.BrokenResourceError from error

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            anyio.notify_closing(self._file)
            os.close(self._file)


class Fork:
    """As much of `anyio.abc.Process` as tests use."""

    def __init__(self, arguments: list[str], environ: Mapping[str, str], directory: Path | None) -> None:
        (stdin, ours), (out, stdout), (err, stderr) = os.pipe(), os.pipe(), os.pipe()
        self.stdin, self.stdout, self.stderr = Input(ours), Output(out), Output(err)
        self._told = started(arguments, environ, directory, [stdin, stdout, stderr])
        self.pid = int(self._told.recv(CHUNK))
        self.returncode: int | None = None
        for file in (stdin, stdout, stderr):
            os.close(file)

    async def wait(self) -> int:
        while self.returncode is None:
            await anyio.wait_readable(self._told)
            if self.returncode is None:  # another task may have heard it
                self.returncode = int(self._told.recv(CHUNK))
        return self.returncode

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def aclose(self) -> None:
        """Wait for its end."""
        with anyio.CancelScope(shield=True):
            for pipe in (self.stdin, self.stdout, self.stderr):
                await pipe.aclose()
            if self.returncode is None:
                self.kill()
            await self.wait()
        self._told.close()


def ran(arguments: list[str], environ: Mapping[str, str], *, within: float) -> subprocess.CompletedProcess[str]:
    """What `uru-mcp` with these arguments comes to, with nothing on its stdin. Raises: TimeoutError."""
    with Path(os.devnull).open() as stdin, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with started(arguments, environ, None, [stdin.fileno(), out.fileno(), err.fileno()]) as told:
            told.settimeout(within)
            process = int(told.recv(CHUNK))
            try:
                code = int(told.recv(CHUNK))
            except TimeoutError:
                os.kill(process, signal.SIGKILL)
                raise
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read(), err.read())


def started(
    arguments: list[str], environ: Mapping[str, str], directory: Path | None, files: list[int]
) -> socket.socket:
    """A connection to the server, on which it tells the id of the process and then its exit code."""
    order = {"arguments": arguments, "environ": dict(environ), "directory": str(directory or Path.cwd())}
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connected.settimeout(WITHIN)
    connected.connect(server_address())
    socket.send_fds(connected, [json.dumps(order).encode()], files)
    return connected


@cache
def server_address() -> str:
    """The address of the server of this process, started when it is first wanted."""
    directory = tempfile.mkdtemp(prefix="uru-mcp-tests-")
    address = f"{directory}/forks"
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-P", str(SERVER), address]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ)
    _ends.callback(shutil.rmtree, directory)
    _ends.enter_context(process)  # which closes its stdin, and so ends it
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return address


def end_server() -> None:
    """End it, if it was started, and wait for that."""
    _ends.close()


_ends = ExitStack()
