"""Caches the list of MCP tools until the catalog or the key's status changes.

`shown_tools.py` decides what is in the list.
"""

from __future__ import annotations

from uru_mcp.config.settings import Settings
from uru_mcp.session.session import Session, Snapshot
from uru_mcp.tools.definitions import Definition
from uru_mcp.tools.shown_tools import listed


class ToolList:
    """Lists the tools of a session, as the settings say."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._listed: tuple[Snapshot, list[Definition]] | None = None

    @property
    def now(self) -> list[Definition]:
        """The current list; the same object as long as nothing it depends on has changed."""
        snapshot = self._session.now
        if self._listed is None or snapshot.catalog is not self._listed[0].catalog or snapshot != self._listed[0]:
            direct, budget, wording = self._settings.direct_tools, self._settings.tool_tokens, self._settings.wording
            self._listed = (
                snapshot,
                listed(snapshot.catalog, snapshot.key_status, direct=direct, budget=budget, wording=wording),
            )
        return self._listed[1]

    @property
    def names(self) -> list[str]:
        return [definition.name for definition in self.now]
