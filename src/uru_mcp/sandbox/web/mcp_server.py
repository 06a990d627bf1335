"""The interface through which the pages query uru-mcp. The sandbox does not import uru-mcp; its caller passes it in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class NotSeen(Exception):
    """The server could not be started, or did not answer in time; the message is for the user of the page."""


@dataclass(frozen=True, slots=True)
class SeenTool:
    """A tool as the server reports it. `needs` is None if it is not reported."""

    name: str
    title: str
    needs: tuple[str, ...] | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a server shows for a key. `searched` tools are not listed individually, but can be found and called.

    `state` comes from `uru_whoami`, such as `ready` or `key_revoked`; `problems` are its sentences, with the fixes.
    """

    state: str
    listed: tuple[SeenTool, ...]
    blocked: tuple[SeenTool, ...]
    searched: int = 0
    blocked_more: int = 0
    problems: tuple[str, ...] = ()


class McpServer(Protocol):
    """An installed uru-mcp."""

    def configuration(self, key: str, url: str) -> str:
        """Claude Desktop's configuration for this key and URL, as JSON."""
        ...

    async def seen(self, key: str, url: str) -> Seen:
        """Start the server with this key and query it. Raises: NotSeen."""
        ...
