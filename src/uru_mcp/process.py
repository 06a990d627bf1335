"""The process that serves MCP: how it begins, and what ends it.

It asks Uru first and imports the MCP SDK meanwhile, which takes most of the time until the first answer. It ends on
EOF, on a closed stdout, on a signal, and when the process that started it is gone.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import anyio

from uru_mcp.early_stdin import EarlyStdin
from uru_mcp.imports import load_codecs
from uru_mcp.opening import Opening
from uru_mcp.standard_streams import open_stdin, open_stdout

if TYPE_CHECKING:
    from anyio.abc import TaskStatus

    from uru_mcp.bridge import Bridge
    from uru_mcp.redaction import Redaction
    from uru_mcp.unconfigured import Unconfigured

SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
FAILED = 1
STDOUT_BROKE = 128 + 13  # as a shell tells of who wrote to a pipe that nobody reads
GARBAGE_AFTER = 10_000  # objects: a call makes two thousand, nearly all of which end with it
FILES = 1024  # that may be open at once: twice the connections
LAST_RESORT = 0.5  # seconds until the process ends after its pipes have, whatever still hangs


def serve(bridge: Bridge | Unconfigured, redaction: Redaction, early: EarlyStdin | None = None) -> NoReturn:
    """Serve until the end, and end the process: 0 after EOF, 128 + the signal's number after a signal.

    A broken stdout ends it as SIGPIPE ends others. `early` is what was read and answered before.
    """
    _let_many_files_be_open()
    load_codecs()
    process = _Process(bridge, redaction, early or EarlyStdin())
    try:
        status = anyio.run(process.run)
    except BaseException as error:  # boundary: whatever ends it is told
        status = FAILED if process.status == FAILED else _last_word(error)
    _leave(status)


def _let_many_files_be_open() -> None:
    """Runs that are under way have a connection each, and some systems let a program open 256 files, if it asks for no
    more."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # as it is, then; what cannot be opened is told
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Process:
    """`status` is the exit code, as far as is known."""

    def __init__(self, bridge: Bridge | Unconfigured, redaction: Redaction, early: EarlyStdin) -> None:
        self._bridge = bridge
        self._redaction = redaction
        self._early = early
        self.status = STDOUT_BROKE  # which ends the SDK's own tasks, and so all others, without a word
        self._is_over, self._is_closed = anyio.Event(), anyio.Event()

    async def run(self) -> int:
        async with anyio.create_task_group() as background:
            await background.start(self._keep_running)
            try:
                async with anyio.create_task_group() as tasks:
                    if sys.platform != "win32":  # its event loop takes no signals, and Ctrl-C raises by itself
                        tasks.start_soon(self._watch_signals, tasks.cancel_scope)
                    tasks.start_soon(self._watch_parent, tasks.cancel_scope)
                    await self._converse()
                    tasks.cancel_scope.cancel()
            finally:
                self._is_over.set()
        return self.status

    async def _keep_running(self, *, task_status: TaskStatus[None]) -> None:
        """Keep the bridge running in a task of its own, so that it can be closed before the pipes are let go."""
        try:
            async with self._bridge.running():
                task_status.started()
                await self._is_over.wait()
        except Exception as error:  # boundary: told now, since its end ends all other tasks without a word
            self.status = _last_word(error)
            raise
        finally:
            self._is_closed.set()

    async def _converse(self) -> None:
        stdin, stdout = open_stdin(self._early.ahead), open_stdout()
        handshake = self._early.handshake
        opening = Opening(handshake, self._bridge, self._redaction, stdin, stdout)
        if not await opening.converse():
            self.status = STDOUT_BROKE if opening.is_broken else 0
            await self._close()
            return
        from uru_mcp import stdio

        gc.freeze()  # what is imported stays, and is not looked through again and again
        gc.set_threshold(GARBAGE_AFTER)
        gc.enable()
        pipes = stdio.pipes(self._bridge, self._redaction, stdin, stdout, dropped=handshake.own_id)
        async with pipes as conversation:
            try:
                await conversation()
                self.status = 0
            except Exception as error:  # boundary: told now, since the pipes may never be let go
                self.status = _last_word(error)
            finally:
                await self._close()

    async def _close(self) -> None:
        with anyio.move_on_after(LAST_RESORT, shield=True):
            self._is_over.set()
            await self._is_closed.wait()
        self._let_go()

    def _let_go(self) -> None:
        """End the process: at once when it has been ended, and otherwise at the latest in a moment."""
        if self.status:
            _leave(self.status)
        last_resort = threading.Timer(LAST_RESORT, _leave, (self.status,))
        last_resort.daemon = True
        last_resort.start()

    async def _watch_signals(self, scope: anyio.CancelScope) -> None:
        with anyio.open_signal_receiver(*SIGNALS) as received:
            async for number in received:
                self.status = 128 + number
                scope.cancel()
                return

    async def _watch_parent(self, scope: anyio.CancelScope) -> None:
        await _parent_gone()
        self.status = 0
        scope.cancel()


async def _parent_gone() -> None:
    """Return when the process that started this one has ended; never, where the system cannot tell without polling."""
    if not hasattr(os, "pidfd_open"):
        await anyio.sleep_forever()
    try:
        parent = os.pidfd_open(os.getppid())
    except OSError:  # already gone, or not to be watched from here: stdin still tells
        await anyio.sleep_forever()
    try:
        await anyio.wait_readable(parent)
    finally:
        os.close(parent)


def _last_word(error: BaseException) -> int:
    """Say on stderr what ended it, without details that may hold anything. The exit code."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    module = f" of {error.name}" if isinstance(error, ImportError) else ""
    if sys.stderr is not None:  # without which the words would go to stdout
        print(f"uru-mcp: ended by {type(error).__name__}{module}", file=sys.stderr)  # noqa: T201
    return FAILED


def _leave(status: int) -> NoReturn:
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    finally:
        os._exit(status)
