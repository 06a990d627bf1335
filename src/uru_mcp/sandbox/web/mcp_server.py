"""What the pages want to know of uru-mcp itself, which the sandbox does not import: who may import both hands it in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class NotSeen(Exception):
    """The server could not be started, or gave no answer in time; the text is for the person who looks."""


@dataclass(frozen=True, slots=True)
class SeenTool:
    """A tool as the server tells of it. `needs` is None where it does not tell."""

    name: str
    title: str
    needs: tuple[str, ...] | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a server shows for a key. `searched` tools are not listed one by one, and can be found and called.

    `state` is that of `uru_whoami`, such as `ready` or `key_revoked`; `problems` are its sentences, with the remedies.
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
        """Claude Desktop's configuration for this key at this address, as JSON."""
        ...

    async def seen(self, key: str, url: str) -> Seen:
        """Start the server with this key and ask it. Raises: NotSeen."""
        ...
