"""The conversation with a client until the MCP SDK is there: the handshake, and the first list of tools.

Uru is asked meanwhile, and the SDK is imported once the list is out, or at once when a client asks for anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from uru_mcp.imports import SDK, in_parts
from uru_mcp.instructions import instructions

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from uru_mcp.bridge import Bridge
    from uru_mcp.handshake import Handshake
    from uru_mcp.redaction import Redaction
    from uru_mcp.standard_streams import LineReader, Writer
    from uru_mcp.unconfigured import Unconfigured

QUIET = 1.0  # seconds without a list, after which the SDK is imported for whatever may come


class Opening:
    """Answers what the `handshake` knows. What only the SDK can answer is put back to be read again.

    `is_broken` is whether nobody reads stdout any more.
    """

    def __init__(
        self,
        handshake: Handshake,
        bridge: Bridge | Unconfigured,
        redaction: Redaction,
        stdin: LineReader,
        stdout: Writer,
    ) -> None:
        self._handshake = handshake
        self._bridge = bridge
        self._redaction = redaction
        self._stdin, self._stdout = stdin, stdout
        self._is_over = anyio.Event()  # nothing more is waited for before the SDK is imported
        self._is_closing = False  # and nothing more is begun
        self._has_ended = False
        self.is_broken = False
        self._waiting: set[anyio.CancelScope] = set()
        self._tasks: TaskGroup

    async def converse(self) -> bool:
        """Until the SDK is there and is to go on, or until stdin has ended; whether it is to go on."""
        async with anyio.create_task_group() as self._tasks:
            if self._stdin.is_awaited:  # otherwise a thread reads it, which cannot be told to stop
                self._tasks.start_soon(self._read)
                with anyio.move_on_after(QUIET):
                    await self._is_over.wait()
                if self._handshake.awaits_list:
                    await self._is_over.wait()
            await self._import()
            self._close()
        self._stdin.put_back(self._handshake.replay)
        return not self._has_ended

    async def _import(self) -> None:
        with anyio.CancelScope() as scope:
            self._waiting.add(scope)
            if not self._has_ended:
                await in_parts(SDK)
        self._waiting.discard(scope)

    async def _read(self) -> None:
        while not self._handshake.is_over and not self._is_closing:
            line = await self._next()
            if line is None:
                return
            await self._answer(line)

    async def _next(self) -> str | None:
        """The next line; None where there is none, or none is wanted any more."""
        with anyio.CancelScope() as scope:
            self._waiting.add(scope)
            try:
                return await anext(self._stdin)
            except StopAsyncIteration:
                self._end()
            finally:
                self._waiting.discard(scope)
        return None

    async def _answer(self, line: str) -> None:
        was_waited_for = self._handshake.awaits_list
        answer = self._handshake.answer(line, lambda: instructions(self._bridge.hindrance))
        if answer is not None:
            await self._write(answer)
        if self._handshake.is_over:
            self._is_over.set()
        if self._handshake.awaits_list and not was_waited_for and not self._is_closing:
            self._tasks.start_soon(self._list)

    async def _list(self) -> None:
        with anyio.CancelScope() as scope:
            self._waiting.add(scope)
            tools = await self._bridge.list_tools()
        self._waiting.discard(scope)
        if not scope.cancelled_caught and not self._has_ended:
            await self._write(self._handshake.listed(tools, self._redaction.value))
        self._is_over.set()

    async def _write(self, answer: str) -> None:
        try:
            await self._stdout.write(answer)
        except OSError:
            self.is_broken = True
            self._end()

    def _end(self) -> None:
        """Have nothing follow, not even the SDK."""
        self._has_ended = True
        self._is_over.set()
        self._close()

    def _close(self) -> None:
        """Begin nothing more. What is being written is written to its end."""
        self._is_closing = True
        for scope in self._waiting:
            scope.cancel()
