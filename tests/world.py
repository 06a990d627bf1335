"""What the tests are made of: an Uru to look into, a Claude that is connected to it, and a raw process."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx2
from mcp import Client
from mcp.client.extension import advertise
from mcp.types import (
    CallToolResult,
    Implementation,
    Prompt,
    Resource,
    ResourceTemplateReference,
    TextResourceContents,
    Tool,
)

from tests.time_limits import WITHIN
from uru_mcp.audit.telemetry import Telemetry
from uru_mcp.bridge import Bridge
from uru_mcp.config.environment import read_settings
from uru_mcp.config.otel_variables import read_otel_variables
from uru_mcp.config.policy_file import INSTALLED, PolicyFile
from uru_mcp.credentials.api_key import Key
from uru_mcp.credentials.key_sources import KeyVariable
from uru_mcp.credentials.keyring import Keyring
from uru_mcp.errors import SettingsError
from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.api.request_log import Request
from uru_mcp.sandbox.data.database import Database
from uru_mcp.server.handlers import build_server
from uru_mcp.server.unconfigured import Unconfigured
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.http import Connection

CATALOG = Path(__file__).parent / "data" / "catalog.json"
ALL = frozenset({"read", "write", "execute"})
ERAS: tuple[Literal["legacy", "auto"], ...] = ("legacy", "auto")
CARDS = [advertise("io.modelcontextprotocol/ui", {"mimeTypes": ["text/html;profile=mcp-app"]})]
LOOKS = 0.002  # seconds between two looks: a test that never pauses takes the processor from what it waits for

Connect = Callable[..., AbstractAsyncContextManager["Claude"]]


class Uru:
    """A sandbox, and what a test wants to know of it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.faults = sandbox.faults
        self.acme, self.globex = sandbox.workspaces
        self._notes_at_first = len(self._notes())

    @classmethod
    def open(cls, *, catalog: Path | None = None, tools: int = 0) -> Uru:
        if catalog or tools:
            return cls(Sandbox.open(catalog=catalog, tools=tools))
        return cls(fresh_sandbox())

    def close(self) -> None:
        self.sandbox.close()

    def key(self, permissions: Collection[str] = ALL, *, workspace: str | None = "Acme", **more: Any) -> Any:
        """A new key: its `text`, and its `record`."""
        return self.sandbox.keys.create(name="Claude", workspace=workspace, permissions=permissions, **more)

    def sent(self, path: str) -> int:
        """How many requests came whose path starts so."""
        return sum(request.path.startswith(path) for request in self.sandbox.requests)

    @property
    def last_call(self) -> Request:
        """The last request that called a tool; others may come after it at any time."""
        return next(one for one in reversed(self.sandbox.requests) if one.path.startswith("/execute/"))

    @property
    def notes(self) -> list[str]:
        """What was noted since the sandbox was opened, in all workspaces."""
        return self._notes()[self._notes_at_first :]

    def _notes(self) -> list[str]:
        return [row["text"] for row in self.sandbox.database.rows("SELECT text FROM notes ORDER BY rowid")]


class Claude:
    """The SDK's client, with the questions that tests ask."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def tools(self) -> dict[str, Tool]:
        return {tool.name: tool for tool in (await self.client.list_tools(cache_mode="refresh")).tools}

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> CallToolResult:
        return await self.client.call_tool(name, arguments or {})

    async def data(self, name: str, arguments: dict[str, Any] | None = None) -> Any:
        """The structure of a result that must not be an error."""
        result = await self.call(name, arguments)
        assert not result.is_error, text_of(result)
        return result.structured_content

    async def error(self, name: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """The error's structure, after its text was seen to say the same."""
        result = await self.call(name, arguments)
        assert result.is_error, text_of(result)
        structure: dict[str, Any] = (result.structured_content or {})["error"]
        assert text_of(result).startswith(f"{structure['code']}: {structure['message']}\n{structure['fix']}")
        return structure

    async def resources(self) -> dict[str, Resource]:
        """All of them, by address, page after page."""
        found: dict[str, Resource] = {}
        cursor: str | None = None
        while True:
            page = await self.client.list_resources(cursor=cursor, cache_mode="refresh")
            assert not found.keys() & {resource.uri for resource in page.resources}
            found |= {resource.uri: resource for resource in page.resources}
            cursor = page.next_cursor
            if cursor is None:
                return found

    async def read(self, uri: str) -> str:
        """The text of a resource that needs no note."""
        (content,) = (await self.client.read_resource(uri, cache_mode="refresh")).contents
        assert isinstance(content, TextResourceContents)
        assert content.uri == uri
        return content.text

    async def prompts(self) -> dict[str, Prompt]:
        """All of them, by name, page after page."""
        page = await self.client.list_prompts(cache_mode="refresh")
        found = list(page.prompts)
        while page.next_cursor is not None:
            page = await self.client.list_prompts(cursor=page.next_cursor, cache_mode="refresh")
            found += page.prompts
        assert len({prompt.name for prompt in found}) == len(found)
        return {prompt.name: prompt for prompt in found}

    async def completed(self, template: str, argument: str, value: str, **given: str) -> list[str]:
        """What an argument of a resource template may be."""
        ref = ResourceTemplateReference(uri=template)
        answer = await self.client.complete(ref, {"name": argument, "value": value}, given or None)
        return answer.completion.values

    async def whoami(self) -> dict[str, Any]:
        report: dict[str, Any] = await self.data("uru_whoami")
        return report


def fresh_sandbox() -> Sandbox:
    """One as `Sandbox.open()` makes it, its database copied from a first one, which takes a fifth of the time."""
    return Sandbox(Database(like=_filled_database()), [])


@cache
def _filled_database() -> Database:
    return Sandbox.open().database


def text_of(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if block.type == "text")


async def until(holds: Callable[[], bool], *, within: float = WITHIN) -> None:
    """Wait until something is so. Raises: TimeoutError."""
    with anyio.fail_after(within):
        while not holds():  # noqa: ASYNC110  # what is waited for sets no event
            await anyio.sleep(LOOKS)


@asynccontextmanager
async def connection(url: str, key: str) -> AsyncIterator[Connection]:
    """The connection to the Uru behind a socket, with nothing above it."""
    redaction = Redaction()
    keyring = Keyring(KeyVariable(Key(key)), redaction)
    opened = Connection(url, keyring, workspace_id=None, redaction=redaction, transport=None)
    try:
        yield opened
    finally:
        await opened.aclose()


def connector(uru: Uru, era: str) -> Connect:
    @asynccontextmanager
    async def connect(
        permissions: Collection[str] = ALL,
        *,
        key: str | None = None,
        workspace: str | None = "Acme",
        url: str | None = None,
        cache: Path | None = None,
        on_message: Any = None,
        on_question: Any = None,
        extensions: Any = None,
        name: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        policy: PolicyFile = INSTALLED,
        otel: Mapping[str, str] | None = None,
        close_within: float = WITHIN,
        **variables: str,
    ) -> AsyncIterator[Claude]:
        """A server with this key and these settings (`PERMISSIONS="read"` for `URU_PERMISSIONS`), and its client.

        It talks to the sandbox in memory, or over the socket behind `url`. `cache` is the directory for what may be
        lost, without which nothing is kept. `on_question` makes it a client that can ask its person, `extensions=CARDS`
        one that shows cards, and `name` is what it calls itself. `clock` is the one by which the server asks about the
        key again. `policy` is the place of the administrator's policy.
        key again. `otel` are the `OTEL_…` variables, and `close_within` the seconds for what telemetry is left then.
        """
        text = uru.key(permissions, workspace=workspace).text if key is None else key
        environ = {"URU_API_KEY": text, "URU_PROXY_URL": url or "http://127.0.0.1:1"}
        transport = None if url else httpx2.ASGITransport(app=uru.sandbox.app)
        environ |= {} if cache is None else {"XDG_CACHE_HOME": str(cache)}
        environ |= {f"URU_{name}": value for name, value in variables.items()}
        redaction = Redaction()
        telemetry = Telemetry(read_otel_variables(otel or {}), redaction, open_after=0, close_within=close_within)
        bridge: Bridge | Unconfigured
        try:
            settings = read_settings(environ, policy)
        except SettingsError as error:
            bridge = Unconfigured(error, redaction, telemetry)
        else:
            bridge = Bridge(settings, redaction, transport=transport, clock=clock, telemetry=telemetry)
        with anyio.fail_after(WITHIN):
            async with (
                telemetry.running(),
                bridge.running(),
                Client(
                    build_server(bridge),
                    mode=era,
                    message_handler=on_message,
                    elicitation_callback=on_question,
                    extensions=extensions,
                    client_info=None if name is None else Implementation(name=name, version="1"),
                ) as client,
            ):
                yield Claude(client)

    return connect
