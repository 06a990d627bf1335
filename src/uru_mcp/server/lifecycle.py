"""Starts and stops the server process: startup order, signals, EOF and exit codes.

It sends the first requests to Uru and imports the MCP SDK meanwhile, which takes most of the startup time. It exits on
EOF, on a closed stdout, on a signal, and when its parent process ends.
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

from uru_mcp.lazy_imports import FIRST_CODECS, load_codecs
from uru_mcp.server.early_stdin import EarlyStdin
from uru_mcp.server.opening import Opening
from uru_mcp.server.standard_streams import open_stdin, open_stdout

if TYPE_CHECKING:
    from anyio.abc import TaskStatus

    from uru_mcp.bridge import Bridge
    from uru_mcp.server.bridge_opening import Opener
    from uru_mcp.server.unconfigured import Unconfigured
    from uru_mcp.untrusted_input.redaction import Redaction

SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
FAILED = 1
STDOUT_BROKE = 128 + 13  # the exit status that a shell reports for SIGPIPE
GARBAGE_AFTER = 10_000  # objects: a call allocates two thousand, nearly all of which are freed when it ends
FILES = 1024  # open file limit: twice the connections
LAST_RESORT = 0.5  # seconds from the end of stdin until the process exits, even if a task is stuck
WITH_TELEMETRY = 0.9  # seconds instead of that, if what telemetry is left is still to be sent


def serve(open_bridge: Opener, redaction: Redaction, early: EarlyStdin | None = None) -> NoReturn:
    """Serve until the end, and end the process: 0 after EOF, 128 + the signal's number after a signal.

    A broken stdout ends it as SIGPIPE ends others. `early` is what was read and answered before.
    """
    _raise_open_file_limit()
    load_codecs(FIRST_CODECS)
    process = _Process(open_bridge, redaction, early)
    try:
        status = anyio.run(process.run)
    except BaseException as error:  # boundary: any error is reported before the process exits
        status = FAILED if process.status == FAILED else _report_crash(error)
    _exit_now(status)


def _raise_open_file_limit() -> None:
    """Raise the soft limit of open files: each run in progress holds a connection, and some systems default to 256."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # the limit stays, and a connection that cannot be opened is an error
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Process:
    """Runs the bridge and the server together. `status` is the exit code, as far as it is known."""

    def __init__(self, open_bridge: Opener, redaction: Redaction, early: EarlyStdin | None) -> None:
        self._open_bridge = open_bridge
        self._redaction = redaction
        self._early = early or EarlyStdin()
        self._look = _look_at_nothing if early is None else early.look
        self.status = STDOUT_BROKE  # which ends the SDK's own tasks, and so all others, without a word
        self._is_over, self._is_closed = anyio.Event(), anyio.Event()

    async def run(self) -> int:
        async with anyio.create_task_group() as background:
            try:
                async with anyio.create_task_group() as tasks:
                    if sys.platform != "win32":  # its event loop does not support signals; Ctrl-C raises an exception
                        tasks.start_soon(self._watch_signals, tasks.cancel_scope)
                    tasks.start_soon(self._watch_parent, tasks.cancel_scope)
                    await self._serve_stdio(await background.start(self._keep_open))
                    tasks.cancel_scope.cancel()
            finally:
                self._is_over.set()
        return self.status

    async def _keep_open(self, *, task_status: TaskStatus[Bridge | Unconfigured]) -> None:
        """Run the bridge in its own task, so that it can be closed before the pipes are."""
        try:
            async with self._open_bridge(self._look) as bridge:
                task_status.started(bridge)
                await self._is_over.wait()
        except Exception as error:  # boundary: reported now, since the task group cancels all other tasks
            self.status = _report_crash(error)
            raise
        finally:
            self._is_closed.set()

    async def _serve_stdio(self, bridge: Bridge | Unconfigured) -> None:
        stdin, stdout = open_stdin(self._early.ahead), open_stdout()
        handshake = self._early.handshake
        opening = Opening(handshake, bridge, self._redaction, stdin, stdout)
        if not await opening.serve_stdio():
            self.status = STDOUT_BROKE if opening.is_broken else 0
            await self._close(bridge)
            return
        from uru_mcp.server import stdio

        bridge.recorder.telemetry.start()
        gc.freeze()  # imported modules are never garbage, so the collector need not scan them
        gc.set_threshold(GARBAGE_AFTER)
        gc.enable()
        pipes = stdio.pipes(bridge, self._redaction, stdin, stdout, dropped=handshake.own_id)
        async with pipes as conversation:
            try:
                await conversation()
                self.status = 0
            except Exception as error:  # boundary: reported now, since closing the pipes may block forever
                self.status = _report_crash(error)
            finally:
                await self._close(bridge)

    async def _close(self, bridge: Bridge | Unconfigured) -> None:
        within = LAST_RESORT
        if bridge.recorder.telemetry.is_on:
            within = WITH_TELEMETRY
            self._exit_in(within)  # also while an import blocks the event loop
        with anyio.move_on_after(within, shield=True):
            self._is_over.set()
            await self._is_closed.wait()
        self._exit()

    def _exit(self) -> None:
        """Exit at once after a signal or an error, and otherwise within `LAST_RESORT` seconds."""
        if self.status:
            _exit_now(self.status)
        self._exit_in(LAST_RESORT)

    def _exit_in(self, seconds: float) -> None:
        last_resort = threading.Timer(seconds, lambda: _exit_now(self.status))
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


def _look_at_nothing() -> None:
    """Stdin is not looked at before the event loop reads it."""


async def _parent_gone() -> None:
    """Return when the parent process has ended. Never returns on systems where this would need polling."""
    if not hasattr(os, "pidfd_open"):
        await anyio.sleep_forever()
    try:
        parent = os.pidfd_open(os.getppid())
    except OSError:  # the parent has ended or cannot be watched; EOF on stdin still ends this process
        await anyio.sleep_forever()
    try:
        await anyio.wait_readable(parent)
    finally:
        os.close(parent)


def _report_crash(error: BaseException) -> int:
    """Print the type of the error to stderr, without its message, which may hold secrets. Returns the exit code."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    module = f" of {error.name}" if isinstance(error, ImportError) else ""
    if sys.stderr is not None:  # otherwise `print` would write to stdout
        print(f"uru-mcp: ended by {type(error).__name__}{module}", file=sys.stderr)  # noqa: T201
    return FAILED


def _exit_now(status: int) -> NoReturn:
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    finally:
        os._exit(status)
