"""Finds out by one harmless read whether the key has Read, if Uru does not report it and the user did not declare it.

The only call that does not pass the permission gate: it lists at most one record, and changes nothing. There is no such
check for Write and Execute.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import anyio

from uru_mcp.access.gate import runs_unasked
from uru_mcp.access.identity import Identity
from uru_mcp.access.policy import PLATFORM, READ
from uru_mcp.catalog.catalog import Catalog, Tool
from uru_mcp.catalog.tool_names import shown_name
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import NoAnswer, PermissionMissing, UruError
from uru_mcp.session.tool_execution import Calls

WITHIN = 5.0  # seconds for all attempts together
RETRY_AFTER = 60.0  # seconds
TRIES = 3

QUERIES = ("context_query", "prompt_query", "persona_query", "automation_query")
LISTS = ("list_contexts", "list_prompts", "list_agents", "list_personas", "list_automations")

log = logging.getLogger(__name__)


class ReadCheck:
    """Runs the check once per key and catalog, and retries after `RETRY_AFTER` seconds."""

    def __init__(self, calls: Calls, identity: Identity) -> None:
        self._calls = calls
        self._identity = identity
        self._tried: tuple[Key | None, Catalog | None] = (None, None)
        self._tried_at = float("-inf")
        self._turn = anyio.Lock()

    async def look(self, catalog: Catalog) -> None:
        """Send the read, if it is needed and possible, and report success to the identity."""
        if self._identity.needs_read_check:
            async with self._turn:
                await self._look(catalog)

    async def _look(self, catalog: Catalog) -> None:
        key = self._identity.key_status.key
        is_new = self._tried[0] != key or self._tried[1] is not catalog
        if not self._identity.needs_read_check or (not is_new and time.monotonic() - self._tried_at < RETRY_AFTER):
            return
        self._tried, self._tried_at = (key, catalog), time.monotonic()
        with anyio.move_on_after(WITHIN):
            for tool, arguments in list(_candidates(catalog))[:TRIES]:
                if await self._shows(tool, arguments, key):
                    return

    async def _shows(self, tool: Tool, arguments: dict[str, object], key: Key | None) -> bool:
        """Whether the read settles the question or is not worth repeating now. Other errors are only logged."""
        try:
            await self._calls.run(tool, arguments, key=key, within=WITHIN)
        except (PermissionMissing, NoAnswer):
            return True
        except UruError as error:
            log.info("%s shows nothing of the key: %s", tool.id, error.message)
            return False
        self._identity.note_success(key, READ)
        return True


def _candidates(catalog: Catalog) -> Iterator[tuple[Tool, dict[str, object]]]:
    """List tools of `platform` that need only Read: those with known names, and those declared read-only."""
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
