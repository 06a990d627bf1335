"""What stands in for the bridge when the settings cannot be used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from uru_mcp import surface
from uru_mcp.announcements import List
from uru_mcp.bridge import Answer, nobody
from uru_mcp.catalog import Catalog
from uru_mcp.errors import SettingsError, UruError
from uru_mcp.key import Key
from uru_mcp.key_status import Standing
from uru_mcp.library import Library
from uru_mcp.own_tools import Definition
from uru_mcp.redaction import Redaction
from uru_mcp.render import Rendered, Renderer
from uru_mcp.results.consent import Consent, Way
from uru_mcp.tool_patterns import UserRules
from uru_mcp.uris import Address
from uru_mcp.whoami import Facts, report
from uru_mcp.witness import Circumstances, Witness


class Unconfigured:
    """A bridge to nowhere: it sends nothing, and says what to mend."""

    def __init__(self, error: SettingsError, redaction: Redaction) -> None:
        self._error = error
        self._standing = Standing(trouble=error)
        self._renderer = Renderer(redaction, budget=0)  # which bounds results, and there are none
        self.call_within = 0.0  # nobody waits
        self.witness = Witness(None, lambda _: Circumstances(None, None, None))
        self.on_change: Callable[[List], Awaitable[None]] = nobody

    @property
    def hindrance(self) -> UruError:
        return self._error

    def key_in_use(self) -> Key | None:
        return None

    async def accepted_key(self, within: float) -> Key | None:
        """Raises: what is wrong."""
        raise self._error.with_traceback(None)

    async def title_of(self, run: Address, within: float) -> str | None:
        return None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        yield

    async def list_tools(self) -> list[Definition]:
        return surface.listed(Catalog(), self._standing, direct="none", budget=0)

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        *,
        within: float | None = None,
        way: Way = "none",
        consent: Consent | None = None,
    ) -> Rendered:
        """What is wrong, as the report of `uru_whoami` or as the refusal of any other call."""
        if name == "uru_whoami":
            return self._renderer.answer(
                *report(Facts(self._standing, Catalog(), None, {}, None, None, datetime.now(UTC)))
            )
        return self.refusal(self._error)

    def declined(self, name: str, arguments: dict[str, Any], consent: Consent) -> Rendered:
        return self.refusal(self._error)

    def answer(self, structure: dict[str, Any], note: str) -> Rendered:
        return self.refusal(self._error)

    def recorded(self, name: str, rendered: Rendered) -> Rendered:
        return rendered

    @property
    def rules(self) -> UserRules:
        return UserRules()

    def waits_for_a_yes(self, name: str) -> bool:
        return False

    async def ask_library(self, name: List, ask: Callable[[Library, float], Awaitable[Answer]]) -> Answer:
        """Raises: what is wrong."""
        raise self._error.with_traceback(None)

    def refusal(self, error: UruError) -> Rendered:
        return self._renderer.error(error)
