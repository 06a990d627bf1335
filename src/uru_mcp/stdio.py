"""The process that serves MCP on its stdin and stdout: pipes, protocol eras, signals and the end.

It ends on EOF, on a closed stdout, on a signal, and when the process that started it is gone. The SDK's thread that
reads stdin cannot be cancelled, hence `os._exit` once everything else is closed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from typing import Any, NoReturn

import anyio
import mcp.types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage

from uru_mcp.redaction import Redaction
from uru_mcp.server import NOTIFICATIONS
from uru_mcp.unread import salvaged

SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
STDOUT_BROKE = 128 + 13  # as a shell tells of who wrote to a pipe that nobody reads
LAST_RESORT = 0.5  # seconds until the process ends after its pipes have, whatever still hangs

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SERVER_INFO_KEY = "io.modelcontextprotocol/serverInfo"
MODERN = ["2026-07-28"]
UNSUPPORTED_VERSION = -32022


class Outgoing:
    """The way out. The SDK's own errors repeat what a client sent, such as the name of a method, so they are redacted.

    `write` is the SDK's stream of messages, whose type it does not export, and so is this.
    """

    def __init__(self, write: Any, redaction: Redaction) -> None:
        self._write = write
        self._redaction = redaction

    async def send(self, item: SessionMessage) -> None:
        message = item.message
        if isinstance(message, types.JSONRPCError):
            said = message.error
            clean = {"message": self._redaction.text(said.message), "data": self._redaction.value(said.data)}
            message = message.model_copy(update={"error": said.model_copy(update=clean)})
        await self._write.send(replace(item, message=message))

    async def aclose(self) -> None:
        await self._write.aclose()

    async def __aenter__(self) -> Outgoing:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def serve(server: Server[None], redaction: Redaction) -> NoReturn:
    """Serve until the end, and end the process: 0 after EOF, 128 + the signal's number after a signal.

    A broken stdout ends it as SIGPIPE ends others.
    """
    try:
        status = anyio.run(_serve, server, redaction)
    except BaseException as error:  # boundary: whatever ends it is told
        status = _last_word(error)
    _leave(status)


def _last_word(error: BaseException) -> int:
    """Say on stderr what ended it, without details that may hold anything. The exit code."""
    print(f"uru-mcp: ended by {type(error).__name__}", file=sys.stderr)  # noqa: T201
    return 1


async def _serve(server: Server[None], redaction: Redaction) -> int:
    status = STDOUT_BROKE  # which ends the SDK's own tasks, and so all others, without a word

    async def watch_signals(scope: anyio.CancelScope) -> None:
        nonlocal status
        with anyio.open_signal_receiver(*SIGNALS) as received:
            async for number in received:
                status = 128 + number
                scope.cancel()
                return

    async def watch_parent(scope: anyio.CancelScope) -> None:
        nonlocal status
        await _parent_gone()
        status = 0
        scope.cancel()

    async with stdio_server() as (read, write):
        try:
            async with anyio.create_task_group() as tasks:
                if sys.platform != "win32":  # its event loop takes no signals, and Ctrl-C raises by itself
                    tasks.start_soon(watch_signals, tasks.cancel_scope)
                tasks.start_soon(watch_parent, tasks.cancel_scope)
                await _run_both_eras(server, read, Outgoing(write, redaction))
                status = 0
                tasks.cancel_scope.cancel()
        except Exception as error:  # boundary: told now, since the thread that reads stdin may never let go
            status = _last_word(error)
        finally:
            if status:
                _leave(status)
            last_resort = threading.Timer(LAST_RESORT, _leave, (status,))
            last_resort.daemon = True
            last_resort.start()
    return status


def _leave(status: int) -> NoReturn:
    try:
        sys.stderr.flush()
    finally:
        os._exit(status)


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


async def _run_both_eras(server: Server[None], read: Any, write: Outgoing) -> None:
    """Serve the era of the first request that is not `server/discover`, and answer that one here.

    `read` is the SDK's stream of messages, whose type it does not export.

    `Server.run` keeps to the era of the first request it sees, but some clients probe `server/discover` and then send
    `initialize` on the same pipe.
    """
    send, receive = anyio.create_memory_object_stream[SessionMessage | Exception](0)

    async def relay() -> None:
        probing = True
        async with send:
            async for item in read:
                if isinstance(item, Exception):
                    item = salvaged(item)
                    if not isinstance(item, SessionMessage):
                        if item is not None:
                            await write.send(SessionMessage(item))
                        continue
                if probing and isinstance(item, SessionMessage) and isinstance(item.message, types.JSONRPCRequest):
                    if item.message.method == "server/discover":
                        await write.send(SessionMessage(_discovered(server, item.message)))
                        continue
                    probing = False
                await send.send(item)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(relay)
        await server.run(receive, write, server.create_initialization_options(NOTIFICATIONS))
        tasks.cancel_scope.cancel()


def _discovered(server: Server[None], request: types.JSONRPCRequest) -> types.JSONRPCResponse | types.JSONRPCError:
    meta = (request.params or {}).get("_meta") or {}
    if VERSION_KEY not in meta or CAPABILITIES_KEY not in meta:
        error = types.ErrorData(code=types.INVALID_PARAMS, message="The request lacks its _meta envelope.")
        return types.JSONRPCError(jsonrpc="2.0", id=request.id, error=error)
    if meta[VERSION_KEY] not in MODERN:
        data = {"supported": MODERN, "requested": meta[VERSION_KEY]}
        error = types.ErrorData(code=UNSUPPORTED_VERSION, message="Unsupported protocol version", data=data)
        return types.JSONRPCError(jsonrpc="2.0", id=request.id, error=error)
    result = types.DiscoverResult(
        supported_versions=MODERN,
        capabilities=server.get_capabilities(protocol_version=MODERN[-1]),
        instructions=server.instructions,
    )
    body = result.model_dump(by_alias=True, mode="json", exclude_none=True)
    body.setdefault("resultType", "complete")
    body["_meta"] = {**(body.get("_meta") or {}), SERVER_INFO_KEY: server.server_info_stamp}
    return types.JSONRPCResponse(jsonrpc="2.0", id=request.id, result=body)
