"""Serves the sandbox over HTTP with uvicorn, on 127.0.0.1 only."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .api.faults import HANG_UP
from .sandbox import Sandbox

HOST = "127.0.0.1"


@asynccontextmanager
async def serving(
    sandbox: Sandbox,
    port: int = 0,
    *,
    listener: socket.socket | None = None,
    app: ASGIApp | None = None,
    verbose: bool = False,
) -> AsyncIterator[str]:
    """Serve in the running event loop, on this port or listener; yields `http://127.0.0.1:PORT`.

    `app` replaces the sandbox's own application, for example to add web pages to it.

    On exit, open connections are closed and pending requests are cancelled.
    With `verbose`, uvicorn logs to the `logging` module.

    Raises: OSError if the port is in use.
    """
    listener = listener or listening(port)
    config = uvicorn.Config(
        app or sandbox.app,
        http=_Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="info" if verbose else "critical",
        access_log=verbose,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


def listening(port: int) -> socket.socket:
    """A socket on this port of 127.0.0.1; 0 selects a free one. Raises: OSError if the port is in use."""
    return socket.create_server((HOST, port))


class _Server(uvicorn.Server):
    """Leaves signal handling to its caller, and shuts down without waiting for connections."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()
        await super().shutdown(sockets)


class _Connection(H11Protocol):
    """HTTP/1.1 whose application can close the connection, through a function in `scope["extensions"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # asyncio sets it only if the listener names its protocol; without it, a body arrives 40 ms after its headers
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app: Any = _with_hang_up(self.app, transport)


def _with_hang_up(app: Any, transport: asyncio.Transport) -> ASGIApp:
    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "extensions": {HANG_UP: transport.close}}, receive, send)

    return served
