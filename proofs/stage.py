"""The server over HTTP on 127.0.0.1, for suites that speak nothing else and ask for things by names of their own.

The program itself serves stdio only. The same `Server` is here behind the SDK's HTTP transport, over a sandbox in this
process. A suite's names cannot be Uru's, whose tools are `<namespace>__<tool>` and whose addresses are `uru://…`, so
that a request for one of them is made one for a thing of Uru's that does what the suite wants to see. Answers pass as
they are.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from uru_mcp.bridge import Bridge
from uru_mcp.config.environment import read_settings
from uru_mcp.sandbox import Sandbox
from uru_mcp.server.handlers import build_server
from uru_mcp.untrusted_input.redaction import Redaction

HOST = "127.0.0.1"
PROGRESS_EACH = 0.2  # seconds, since suites do not wait for long
SLOW = 1.0  # seconds of a call of which they want to see three reports

REFUND = {
    "name": "platform__automation_run",
    "arguments": {"id": "aut_acme_refund", "input": {"customer": "Ana", "email": "ana@demo.example", "amount": 900}},
}
"""A run that waits for a person's decision, which is all that this server ever asks a person."""

STAND_INS: dict[str, dict[str, Any]] = {
    "test_simple_text": {"name": "suite__TEXT"},
    "test_logging_tool": {"name": "suite__TEXT"},
    "test_error_handling": {"name": "gmail_demo__GMAIL_GET_EMAIL", "arguments": {"message_id": "none"}},
    "test_tool_with_progress": {"name": "slow__WORK"},
    "test_elicitation": REFUND,
    "test_streaming_elicitation": REFUND,
    "test_input_required_result_elicitation": REFUND,
    "test_input_required_result_multi_round": REFUND,
    "test_input_required_result_request_state": REFUND,
    "test_input_required_result_tampered_state": REFUND,
    "test_trigger_prompt_change": {
        "name": "platform__prompt_edit",
        "arguments": {"op": "create", "title": "One more", "description": "More", "content": "More"},
    },
    "test://static-text": {"uri": "uru://contexts/ctx_acme_tone"},
    "test://template/123/data": {"uri": "uru://contexts/123"},
}
"""What a request says instead, by the name or the address that the suite asks for."""

PROMPTS = {
    "test simple prompt": "Say hello.",
    "test prompt with arguments": "Compare {{arg1}} with {{arg2}}.",
}
"""The prompts that suites look for, which Uru can have, by their titles; their names follow from those."""


@asynccontextmanager
async def staged() -> AsyncIterator[str]:
    """A new server on a free port; yields the address of its MCP endpoint."""
    sandbox = Sandbox.open()
    _furnish(sandbox)
    permissions = {"read", "write", "execute"}
    key = sandbox.keys.create(name="Suite", workspace=sandbox.workspaces[0].name, permissions=permissions).text
    settings = read_settings({"URU_API_KEY": key, "URU_PROXY_URL": f"http://{HOST}:1"})
    bridge = Bridge(settings, Redaction(), transport=httpx2.ASGITransport(app=sandbox.app))
    app = _standing_in(build_server(bridge, progress_each=PROGRESS_EACH).streamable_http_app())
    listener = socket.create_server((HOST, 0))
    http = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=1))
    task = asyncio.create_task(http.serve(sockets=[listener]))
    try:
        async with bridge.running():
            yield f"http://{HOST}:{listener.getsockname()[1]}/mcp"
    finally:
        http.should_exit = True
        await task
        sandbox.close()


def _furnish(sandbox: Sandbox) -> None:
    """Put in what suites look for and a new sandbox lacks."""
    workspace = sandbox.workspaces[0].id
    for namespace, name in (("suite", "TEXT"), ("slow", "WORK")):
        tool = {"name": name, "description": "Answers with text.", "inputSchema": {"type": "object"}}
        sandbox.put_tool(workspace, namespace, tool)
    sandbox.faults.delay("/execute/slow", SLOW)
    added: dict[str, Any] = {"workspace_id": workspace, "updated_at": "2026-11-20T09:00:00Z"}
    with sandbox.database.transaction():
        sandbox.database.insert("contexts", id="123", title="Data", content="The data of 123.", **added)
        for number, (title, content) in enumerate(PROMPTS.items()):
            sandbox.database.insert(
                "prompts", id=f"prm_suite_{number}", title=title, description=content, content=content, **added
            )


def _standing_in(app: ASGIApp) -> ASGIApp:
    """`app`, asked for what stands in for what it was asked for; the header that repeats the name says the same."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        body = _with_stand_in(await _whole(receive))
        own = {b"content-length": str(len(body)).encode()}
        headers = [(name, own.get(name, _renamed(name, value))) for name, value in scope["headers"]]
        parts: list[Message] = [{"type": "http.request", "body": body}]

        async def receive_again() -> Message:
            return parts.pop() if parts else await receive()

        await app({**scope, "headers": headers}, receive_again, send)

    return served


async def _whole(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _with_stand_in(body: bytes) -> bytes:
    try:
        message = json.loads(body)
        params = message["params"]
        wanted = params.get("uri", params.get("name"))
        instead = STAND_INS[wanted]
    except (ValueError, LookupError, TypeError, AttributeError):  # whatever else it is, it is for the server
        return body
    return json.dumps({**message, "params": {**params, "arguments": {}, **instead}}).encode()


def _renamed(name: bytes, value: bytes) -> bytes:
    instead = STAND_INS.get(value.decode("latin-1"), {}) if name == b"mcp-name" else {}
    return str(instead.get("uri", instead.get("name", value.decode("latin-1")))).encode("latin-1")
