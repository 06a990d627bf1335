"""Serves a task to a player outside this process: a brief to read, a line to run for each call, one for the end.

A player is any program that reads the brief and runs commands; `ask.py` is the other end of the line.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from proofs.evaluation.session import Session

ASK = Path(__file__).with_name("ask.py")
LONGEST = 1_000_000  # characters of a call


class Desk:
    """Takes calls over a socket on 127.0.0.1, until the player's last message has come."""

    def __init__(self, session: Session, port: int) -> None:
        self._session = session
        self._port = port
        self._ended = anyio.Event()
        self.message = ""

    @property
    def brief(self) -> str:
        """All that the player is shown: what a client shows a model, and how to make a call from a shell."""
        tools = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in self._session.tools]
        listed = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools)
        line = shlex.join([sys.executable, "-P", str(ASK), str(self._port)])
        return (
            f"You help a user with the tools of one MCP server. It is {datetime.now(UTC):%A, %d %B %Y, %H:%M} UTC.\n\n"
            f"# Instructions of the server\n\n{self._session.instructions}\n\n# Its tools\n\n{listed}\n\n"
            f"# How to call one\n\nRun this line, with a tool's name and its arguments as JSON; it prints the result.\n"
            f"{line} call TOOL 'JSON'\nUse nothing else: no files, no other programs.\n\n"
            f"# The user says\n\n{self._session.task.words}\n\n"
            "Do it, then end with one message to the user. Nobody answers questions before that.\n"
        )

    def end(self, message: str) -> None:
        self.message = message
        self._ended.set()

    async def ended(self) -> None:
        """Wait for the last message, which then is `message`."""
        await self._ended.wait()

    async def take(self, stream: SocketStream) -> None:
        """Answer one line: `{"call": name, "arguments": {…}}` or `{"tell": text}`."""
        async with stream:
            line = await BufferedByteReceiveStream(stream).receive_until(b"\n", LONGEST)
            asked = json.loads(line)
            if "tell" in asked:
                self.end(asked["tell"])
                answer = {"shown": "", "is_error": False}
            else:
                seen = await self._session.call(asked["call"], asked["arguments"])
                answer = {"shown": seen.shown, "is_error": seen.is_error}
            await stream.send(json.dumps(answer).encode() + b"\n")


@asynccontextmanager
async def open_desk(session: Session) -> AsyncIterator[Desk]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    desk = Desk(session, listener.extra(SocketAttribute.local_port))  # noqa: S610 - of no ORM
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, desk.take)
        yield desk
        tasks.cancel_scope.cancel()


async def played_by_command(session: Session, command: str, within: float) -> str:
    """Run a command with the brief on its stdin; what it writes to stdout is its last message.

    Raises: TimeoutError.
    """
    async with open_desk(session) as desk:
        with anyio.fail_after(within):
            ran = await anyio.run_process(command, input=desk.brief.encode(), check=False, stderr=None)
    return ran.stdout.decode(errors="replace").strip()


async def played_by_hand(session: Session) -> str:
    """Print the brief, and wait for the last message, by `ask PORT tell TEXT`."""
    async with open_desk(session) as desk:
        print(desk.brief.replace("one message to the user.", "one message to the user: `tell TEXT` in the same line."))
        sys.stdout.flush()
        await desk.ended()
    return desk.message
