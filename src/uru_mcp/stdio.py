"""MCP on this process's stdin and stdout, in whichever protocol era the client speaks; what is written is redacted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import mcp.types as types
from mcp.server.lowlevel import Server
from mcp.server.models import InitializationOptions
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage

from uru_mcp import messages
from uru_mcp.batches import Answer, Batch, Batches
from uru_mcp.bridge import Bridge
from uru_mcp.lines import Lines
from uru_mcp.redaction import Redaction
from uru_mcp.server import NOTIFICATIONS, build_server
from uru_mcp.standard_streams import LineReader, Writer
from uru_mcp.unconfigured import Unconfigured
from uru_mcp.unread import salvaged

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SERVER_INFO_KEY = "io.modelcontextprotocol/serverInfo"
MODERN = ["2026-07-28"]
UNSUPPORTED_VERSION = -32022


class Outgoing:
    """The way out, on which everything is redacted once more, until stdin has ended.

    Clients that have closed stdin expect no more, and some fail on an answer. The SDK's own errors and acknowledgements
    repeat what a client sent, such as the name of a method.

    `write` is the SDK's stream of messages, whose type it does not export, and so is this. The answer with the id
    `dropped` is not written: it was given before the SDK was there.
    """

    def __init__(self, redaction: Redaction, batches: Batches, dropped: str) -> None:
        self._redaction = redaction
        self._batches = batches
        self._dropped = dropped
        self._is_over = False
        self.write: Any = None

    def end(self) -> None:
        """Write nothing from now on."""
        self._is_over = True

    async def answer(self, answer: Answer | Batch) -> None:
        """Write what the SDK knows nothing of."""
        if not self._is_over:
            await self.write.send(SessionMessage(answer))  # type: ignore[arg-type]  # it only writes its JSON

    async def send(self, item: SessionMessage) -> None:
        message = item.message
        if isinstance(message, (types.JSONRPCResponse, types.JSONRPCError)) and message.id == self._dropped:
            return
        if isinstance(message, types.JSONRPCError):
            said = message.error
            clean = {"message": self._redaction.text(said.message)}
            if said.data is not None:
                clean["data"] = self._redaction.value(said.data)
            message = message.model_copy(update={"error": said.model_copy(update=clean)})
        elif isinstance(message, types.JSONRPCResponse):
            message = message.model_copy(update={"result": self._redaction.value(message.result)})
        elif message.params:  # such as an acknowledgement, which repeats a client's words
            message = message.model_copy(update={"params": self._redaction.value(message.params)})
        if isinstance(message, (types.JSONRPCResponse, types.JSONRPCError)):
            collected = self._batches.collect(message)
            if collected is not message:
                if collected is not None:
                    await self.answer(collected)
                return
        if not self._is_over:
            await self.write.send(replace(item, message=message))

    async def aclose(self) -> None:
        await self.write.aclose()

    async def __aenter__(self) -> Outgoing:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class Incoming:
    """The way in. What the SDK cannot read is mended, or answered here.

    So is `server/discover`, until another request comes: `Server.run` keeps to the era of the first request it sees,
    but some clients probe `server/discover` and then send `initialize` on the same pipe.

    `read` is the SDK's stream of messages, whose type it does not export. `options` are what `initialize` is answered
    with, and say what is so when it comes.
    """

    def __init__(self, read: Any, write: Outgoing, server: Server[None], options: InitializationOptions) -> None:
        self._read = read
        self._write = write
        self._server = server
        self._options = options
        self._is_probed = True

    async def receive(self) -> SessionMessage:
        async for item in self._read:
            found = salvaged(item) if isinstance(item, Exception) else item
            if (
                isinstance(found, SessionMessage)
                and self._is_probed
                and isinstance(found.message, types.JSONRPCRequest)
            ):
                self._is_probed = found.message.method == "server/discover"
                if self._is_probed:
                    found = _discovered(self._server, found.message)
            if isinstance(found, SessionMessage):
                self._options.instructions = self._server.instructions
                return found
            if found is not None:
                await self._write.send(SessionMessage(found))
        raise anyio.EndOfStream

    async def aclose(self) -> None:
        await self._read.aclose()

    def __aiter__(self) -> Incoming:
        return self

    async def __anext__(self) -> SessionMessage:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Incoming:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


@asynccontextmanager
async def pipes(
    bridge: Bridge | Unconfigured, redaction: Redaction, stdin: LineReader, stdout: Writer, *, dropped: str
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """These pipes, as a conversation to be had over them, which is over when stdin ends.

    They may never be let go before stdin ends: where a thread reads it, that cannot be cancelled. `dropped` is the id
    of a request that was answered before.
    """
    server = build_server(bridge)
    batches = Batches()
    outgoing = Outgoing(redaction, batches, dropped)
    lines: Any = Lines(stdin, batches, answer=outgoing.answer, on_end=outgoing.end)
    out: Any = stdout  # of both, the SDK only uses what files of anyio have too
    async with stdio_server(stdin=lines, stdout=out) as (read, outgoing.write):
        options = server.create_initialization_options(NOTIFICATIONS)
        incoming = Incoming(read, outgoing, server, options)
        yield lambda: server.run(incoming, outgoing, options)


def _discovered(server: Server[None], request: types.JSONRPCRequest) -> types.JSONRPCResponse | types.JSONRPCError:
    meta = (request.params or {}).get("_meta")
    if not isinstance(meta, dict) or VERSION_KEY not in meta or CAPABILITIES_KEY not in meta:
        error = types.ErrorData(code=types.INVALID_PARAMS, message=messages.LACKS_ENVELOPE)
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
