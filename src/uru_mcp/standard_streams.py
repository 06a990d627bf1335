"""Stdin and stdout as the event loop reads and writes them, without a thread for each line, where the system can.

Pipes and sockets are waited for by the loop. Whatever else stdin or stdout may be, such as a file, and all of them on
Windows, a thread reads or writes. From the moment they are opened, they are ours alone: whoever else in this process,
or in one that it starts, reads from stdin finds its end, and what is printed goes to stderr.
"""

from __future__ import annotations

import codecs
import os
import select
import stat
import sys
from collections import deque
from collections.abc import Callable, Iterable
from io import IncrementalNewlineDecoder
from typing import TypeVar

import anyio
import anyio.to_thread

READ = 64 * 1024  # bytes at once
AT_ONCE = getattr(select, "PIPE_BUF", 512)  # bytes that a pipe takes without blocking once it is ready, says `select`

Value = TypeVar("Value")


class LineReader:
    """The lines of a descriptor, each with its end; of the last one, which may lack it, too.

    Each of CR, LF and CRLF ends a line, as in text files; bytes that are no UTF-8 become U+FFFD.
    `ahead` are bytes that were read before.
    """

    def __init__(self, descriptor: int, ahead: bytes = b"") -> None:
        self._descriptor = descriptor
        self.is_awaited = _can_be_awaited(descriptor)
        self._decoder = IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("replace"), translate=True)
        self._lines: deque[str] = deque()
        self._rest: list[str] = []
        self._is_over = False
        if ahead:
            self._take(ahead)

    def put_back(self, lines: Iterable[str]) -> None:
        """Have these lines read before all others."""
        self._lines.extendleft(reversed([*lines]))

    def __aiter__(self) -> LineReader:
        return self

    async def __anext__(self) -> str:
        while not self._lines:
            if self._is_over:
                raise StopAsyncIteration
            self._take(await self._read())
        return self._lines.popleft()

    async def _read(self) -> bytes:
        while self.is_awaited:
            await anyio.wait_readable(self._descriptor)
            try:
                return os.read(self._descriptor, READ)
            except BlockingIOError:  # who started us made it so, and another process was quicker
                continue
        return await _in_thread(lambda: os.read(self._descriptor, READ))

    def _take(self, chunk: bytes) -> None:
        self._is_over = not chunk
        *ended, rest = self._decoder.decode(chunk, final=self._is_over).split("\n")
        for line in ended:
            self._lines.append("".join([*self._rest, line, "\n"]))
            self._rest.clear()
        if rest:
            self._rest.append(rest)
        if self._is_over and self._rest:
            self._lines.append("".join(self._rest))


class Writer:
    """Writes text as UTF-8 to a descriptor. Raises: `OSError`, such as `BrokenPipeError` when nobody reads any more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._turn = anyio.Lock()
        self._room = select.poll() if _can_be_awaited(descriptor) else None
        if self._room is not None:
            self._room.register(descriptor, select.POLLOUT)

    async def write(self, text: str) -> None:
        """Write all of it before what is written next."""
        left = memoryview(text.encode())
        async with self._turn:
            while left:
                left = left[await self._written(left) :]

    async def flush(self) -> None:
        """Nothing is held back."""

    async def _written(self, data: memoryview) -> int:
        if self._room is None:
            return await _in_thread(lambda: os.write(self._descriptor, data))
        if not self._room.poll(0):
            await anyio.wait_writable(self._descriptor)
        try:
            return os.write(self._descriptor, data[:AT_ONCE])
        except BlockingIOError:  # a descriptor that somebody made so may have less room than that
            await anyio.wait_writable(self._descriptor)
            return 0


def open_stdin(ahead: bytes = b"") -> LineReader:
    return LineReader(_taken(sys.stdin.fileno(), lambda: os.open(os.devnull, os.O_RDONLY)), ahead)


def open_stdout() -> Writer:
    return Writer(_taken(sys.stdout.fileno(), _other_than_stdout))


def _taken(descriptor: int, instead: Callable[[], int]) -> int:
    """The same pipe under a number of its own, which is never closed, since a thread may still read from it."""
    own = _above_standard(descriptor)
    other = instead()
    os.dup2(other, descriptor)
    os.close(other)
    return own


def _above_standard(descriptor: int) -> int:
    """A duplicate that never takes the place of a standard stream which is closed."""
    if sys.platform == "win32":
        return os.dup(descriptor)
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)


def _other_than_stdout() -> int:
    try:
        return os.dup(2)
    except OSError:  # stderr is closed
        return os.open(os.devnull, os.O_WRONLY)


def _can_be_awaited(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return sys.platform != "win32" and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode))


async def _in_thread(work: Callable[[], Value]) -> Value:
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
