"""Shows what Claude sees with a key: starts uru-mcp as Claude Desktop does, and queries it over its pipes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import anyio

from uru_mcp.access.policy import OWN_TOOLS, PLATFORM
from uru_mcp.commands.client_configs.entry import entry
from uru_mcp.commands.client_configs.launch import current_command
from uru_mcp.messages.person_wording import in_chat
from uru_mcp.permissions import in_order
from uru_mcp.sandbox.web.mcp_server import NotSeen, Seen, SeenTool
from uru_mcp.tools.definitions import OWN
from uru_mcp.untrusted_input.terminal_escaping import as_json

if TYPE_CHECKING:
    from mcp import Client

READY = "ready"  # the state in `uru_whoami` in which the key and the workspace can be used
WITHIN = 30.0  # seconds for one query
PAGE = 50  # search hits per page, the largest possible
MOST = 500  # tools shown with their permissions; a sandbox can have a million


class InstalledServer:
    """The uru-mcp installation that this process runs from."""

    def configuration(self, key: str, url: str) -> str:
        """Claude Desktop's configuration for this key and URL, as JSON."""
        return as_json({"mcpServers": {"uru": entry(env=_environment(key, url))}})

    async def seen(self, key: str, url: str) -> Seen:
        """Start the server with this key, and query which tools it lists and which it blocks.

        Raises: NotSeen.
        """
        try:
            with anyio.fail_after(WITHIN):
                async with _client(key, url) as claude:
                    return await _look(claude)
        except TimeoutError as error:
            raise NotSeen(f"uru-mcp gave no answer within {WITHIN:.0f} seconds.") from error
        except Exception as error:  # boundary: anything can go wrong with a process and its pipes; the page says so
            raise NotSeen(f"uru-mcp could not be started or asked ({type(error).__name__}).") from error


def _environment(key: str, url: str) -> dict[str, str]:
    return {"URU_API_KEY": key, "URU_PROXY_URL": url}


@asynccontextmanager
async def _client(key: str, url: str) -> AsyncIterator[Client]:
    from mcp import Client, StdioServerParameters

    command, *words = current_command()
    with TemporaryDirectory() as cache:  # nothing is kept afterwards
        environment = {
            **_environment(key, url),
            "XDG_CACHE_HOME": cache,
            "LOCALAPPDATA": cache,
            "URU_LOG_LEVEL": "error",
        }
        process = StdioServerParameters(command=command, args=words, env=environment, cwd=cache)
        async with Client(process, mode="legacy") as client:
            yield client


async def _look(claude: Client) -> Seen:
    listed = {tool.name: tool.title or tool.name for tool in (await claude.list_tools()).tools}
    report = (await claude.call_tool("uru_whoami", {})).structured_content or {}
    state = str(report.get("state", "unknown"))
    hits = {hit["tool"]: hit for hit in await _hits(claude)} if state == READY else {}
    denied = [hit for hit in hits.values() if not hit["allowed"]]
    told = report.get("tools") or {}
    return Seen(
        state=state,
        listed=tuple(SeenTool(name, title, _needs(name, hits.get(name))) for name, title in listed.items()),
        blocked=(*_own_blocked(listed), *map(_blocked, denied)) if state == READY else (),
        searched=told.get("unlisted", 0),
        blocked_more=max(0, told.get("blocked", 0) - len(denied)),
        problems=tuple(map(_sentence, report.get("problems", ()))),
    )


async def _hits(claude: Client) -> list[dict[str, Any]]:
    """The tools of all namespaces with the permissions that they need, from the search; at most `MOST`."""
    overview = (await claude.call_tool("uru_search_tools", {})).structured_content or {}
    found: list[dict[str, Any]] = []
    for namespace in overview.get("namespaces", ()):
        offset: int | None = 0
        while offset is not None and len(found) < MOST:
            asked = {"namespace": namespace["namespace"], "limit": PAGE, "offset": offset}
            page = (await claude.call_tool("uru_search_tools", asked)).structured_content or {}
            found += page.get("hits", ())
            offset = page.get("next_offset")
    return found


def _blocked(hit: Mapping[str, Any]) -> SeenTool:
    title = hit["title"].removeprefix(f"{PLATFORM}: ")  # as in the list of tools
    return SeenTool(hit["tool"], title, tuple(hit["needs"]), tuple(hit["missing"]))


def _own_blocked(listed: Collection[str]) -> list[SeenTool]:
    """The tools of uru-mcp itself that are not listed because the key lacks their permissions."""
    return [
        SeenTool(name, OWN[name].title, tuple(in_order(needs)), tuple(in_order(needs)))
        for name, needs in OWN_TOOLS.items()
        if name not in listed
    ]


def _needs(name: str, hit: Mapping[str, Any] | None) -> tuple[str, ...] | None:
    if name in OWN_TOOLS:
        return tuple(in_order(OWN_TOOLS[name]))
    return None if hit is None else tuple(hit["needs"])


def _sentence(problem: Mapping[str, Any]) -> str:
    return in_chat(" ".join(str(problem[part]) for part in ("message", "fix") if problem.get(part)))
