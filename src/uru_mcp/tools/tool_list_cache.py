"""The list of tools that is shown now, kept until the catalog or the key's status changes.

What is in it is decided by `shown_tools.py`.
"""

from __future__ import annotations

from typing import Literal

from uru_mcp.session.session import Session, Snapshot
from uru_mcp.tools.definitions import Definition
from uru_mcp.tools.shown_tools import listed


class ToolList:
    """Lists the tools of an outlook; `direct` and `budget` are those of `surface.listed`."""

    def __init__(self, session: Session, *, direct: Literal["auto", "all", "none"], budget: int) -> None:
        self._session = session
        self._direct: Literal["auto", "all", "none"] = direct
        self._budget = budget
        self._listed: tuple[Snapshot, list[Definition]] | None = None

    @property
    def now(self) -> list[Definition]:
        """The same list again, as long as what it depends on is the same."""
        snapshot = self._session.now
        if self._listed is None or snapshot.catalog is not self._listed[0].catalog or snapshot != self._listed[0]:
            self._listed = (
                snapshot,
                listed(snapshot.catalog, snapshot.key_status, direct=self._direct, budget=self._budget),
            )
        return self._listed[1]

    @property
    def names(self) -> list[str]:
        return [definition.name for definition in self.now]
