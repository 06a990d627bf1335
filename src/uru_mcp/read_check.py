"""Shows by one harmless read whether the key has Read, where Uru does not tell and the user did not declare it.

The only call that is sent without having passed the gate: it lists one record at most, and changes nothing. Nothing
like it is done for Write and Execute.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import anyio

from uru_mcp.calls import Calls
from uru_mcp.catalog import Catalog, Tool
from uru_mcp.errors import NoAnswer, PermissionMissing, UruError
from uru_mcp.gate import runs_unasked
from uru_mcp.identity import Identity
from uru_mcp.key import Key
from uru_mcp.names import shown_name
from uru_mcp.policy import PLATFORM, READ

WITHIN = 5.0  # seconds for all tries together
AGAIN = 60.0  # seconds until it is tried again
TRIES = 3

QUERIES = ("context_query", "prompt_query", "persona_query", "automation_query")
LISTS = ("list_contexts", "list_prompts", "list_agents", "list_personas", "list_automations")

log = logging.getLogger(__name__)


class ReadCheck:
    """Tries it once for each key and workspace, and not again for a while."""

    def __init__(self, calls: Calls, identity: Identity) -> None:
        self._calls = calls
        self._identity = identity
        self._tried: tuple[Key | None, Catalog | None] = (None, None)
        self._tried_at = float("-inf")
        self._turn = anyio.Lock()

    async def look(self, catalog: Catalog) -> None:
        """Make the read, if it is needed and possible, and have the identity note what comes of it."""
        if self._identity.needs_a_look:
            async with self._turn:
                await self._look(catalog)

    async def _look(self, catalog: Catalog) -> None:
        key = self._identity.standing.key
        is_new = self._tried[0] != key or self._tried[1] is not catalog
        if not self._identity.needs_a_look or (not is_new and time.monotonic() - self._tried_at < AGAIN):
            return
        self._tried, self._tried_at = (key, catalog), time.monotonic()
        with anyio.move_on_after(WITHIN):
            for tool, arguments in list(_candidates(catalog))[:TRIES]:
                if await self._shows(tool, arguments, key):
                    return

    async def _shows(self, tool: Tool, arguments: dict[str, object], key: Key | None) -> bool:
        """Whether the read has shown anything. What else goes wrong with it is nobody's call."""
        try:
            await self._calls.run(tool, arguments, key=key, within=WITHIN)
        except (PermissionMissing, NoAnswer):
            return True
        except UruError as error:
            log.info("%s shows nothing of the key: %s", tool.id, error.message)
            return False
        self._identity.show(key, READ)
        return True


def _candidates(catalog: Catalog) -> Iterator[tuple[Tool, dict[str, object]]]:
    """Lists of `platform` that need Read alone: those of known names, and those that are declared to read only."""
    known = [catalog.tools.get(shown_name(PLATFORM, name)) for name in (*QUERIES, *LISTS)]
    declared = [
        tool for tool in catalog.tools.values() if tool.namespace.name == PLATFORM and tool.name.startswith("list_")
    ]
    candidates = (one for one in (*known, *declared) if one is not None and one.needs == READ)
    for tool in dict.fromkeys(one for one in candidates if runs_unasked(one, catalog.rules)):
        if tool.name in QUERIES and not tool.is_run:
            yield tool, {"op": "list", "limit": 1}
        elif (tool.name in LISTS or tool.read_only) and not tool.schema.get("required"):
            yield tool, {"limit": 1} if "limit" in (tool.schema.get("properties") or {}) else {}
