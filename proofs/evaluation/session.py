"""A task under way: a sandbox of its own, the server over it, a client as a model has one, and a count of its calls."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx2
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitResult, Tool

from proofs.evaluation.records import State, state_of
from proofs.evaluation.task import ALL, Decision, Task
from uru_mcp.bridge import Bridge
from uru_mcp.config.environment import read_settings
from uru_mcp.sandbox import Sandbox
from uru_mcp.server.handlers import build_server
from uru_mcp.untrusted_input.redaction import Redaction

Shows = Literal["text", "structure"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A result: what the client shows of it, and its structure, which scripts read."""

    shown: str
    structure: dict[str, Any]
    is_error: bool


class Session:
    """`call` is the only door of a player; `uru` and `sandbox` are for what a task prepares."""

    def __init__(self, task: Task, sandbox: Sandbox, shows: Shows) -> None:
        self.task = task
        self.sandbox = sandbox
        self.acme, self.globex = sandbox.workspaces
        made = sandbox.keys.create(
            name="Evaluation", workspace=self.acme.id if task.fixed else None, permissions=task.permissions
        )
        self.key, self.key_id = made.text, made.record.id
        self._shows = shows
        self.made: list[tuple[str, dict[str, Any]]] = []
        self.chars = 0
        self.instructions = ""
        self.tools: list[Tool] = []
        self.before: State = {}
        self._client: Client

    @property
    def preamble(self) -> int:
        """Characters that a model reads before its first call: the instructions, and the tools as listed."""
        listed = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in self.tools]
        return len(self.instructions) + len(json.dumps(listed, ensure_ascii=False))

    async def begin(self, client: Client) -> None:
        self._client = client
        self.instructions = client.instructions or ""
        self.tools = list((await client.list_tools(cache_mode="refresh")).tools)
        self.before = state_of(self.sandbox, self.key_id)

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> Seen:
        """Call a tool as a client does, and count what a model reads of its result."""
        self.made.append((name, arguments or {}))
        try:
            result = await self._client.call_tool(name, arguments or {})
        except MCPError as error:
            seen = Seen(error.message, {"error": {"message": error.message}}, is_error=True)
        else:
            structure = result.structured_content or {}
            text = "\n".join(block.text for block in result.content if block.type == "text")
            shown = text if self._shows == "text" else json.dumps(structure, ensure_ascii=False)
            seen = Seen(shown, structure, bool(result.is_error))
        self.chars += len(seen.shown)
        return seen

    async def data(self, name: str, arguments: dict[str, Any] | None = None) -> Any:
        """For scripts: the structure of a result that is no error."""
        seen = await self.call(name, arguments)
        assert not seen.is_error, seen.shown
        return seen.structure

    async def uru(self, tool: str, **parameters: Any) -> Any:
        """Do something in Uru itself, with a key of its own, as somebody else would have done before."""
        key = self.sandbox.keys.create(name="Somebody", workspace=self.acme.id, permissions=ALL).text
        namespace, _, name = tool.partition("__")
        headers = {"Authorization": f"Bearer {key}", "X-Namespace": namespace}
        body = {"tool_name": name, "parameters": parameters}
        transport = httpx2.ASGITransport(app=self.sandbox.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox.invalid") as http:
            answer = await http.post(f"/execute/{namespace}__execute_tool", json=body, headers=headers)
        assert answer.json()["successful"], answer.text
        return answer.json()["data"]


@asynccontextmanager
async def opened(task: Task, catalog: Path | None, shows: Shows = "text") -> AsyncIterator[Session]:
    """The task, ready to be played."""
    sandbox = Sandbox.open(catalog=catalog)
    try:
        session = Session(task, sandbox, shows)
        if task.prepare is not None:  # before the server looks at Uru for the first time
            await task.prepare(session)
        environ = {"URU_API_KEY": session.key, "URU_PROXY_URL": "http://127.0.0.1:1", "URU_SYNC_INTERVAL": "0"}
        environ |= {f"URU_{name}": value for name, value in task.settings.items()}
        bridge = Bridge(read_settings(environ), Redaction(), transport=httpx2.ASGITransport(app=sandbox.app))
        person = _person(task.person) if task.person is not None else None
        async with bridge.running(), Client(build_server(bridge), mode="legacy", elicitation_callback=person) as client:
            await session.begin(client)
            yield session
    finally:
        sandbox.close()


def _person(decision: Decision) -> Any:
    async def answer(_context: Any, _params: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"decision": decision})

    return answer
