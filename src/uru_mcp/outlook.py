"""How the key stands and what Uru offers it, looked at together before every list and every call.

It decides when Uru is asked again, and never whether something is allowed: `gate.py` does.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import anyio
from anyio.abc import TaskGroup

from uru_mcp import gate, messages
from uru_mcp.catalog import Catalog
from uru_mcp.catalogs import Catalogs
from uru_mcp.errors import KeyRefused, KeyReplaced, KeyUnavailable, UruError
from uru_mcp.identity import Identity
from uru_mcp.key import Key
from uru_mcp.key_status import Standing
from uru_mcp.permissions import Permissions
from uru_mcp.read_check import ReadCheck

AHEAD_WITHIN = 10.0  # seconds

log = logging.getLogger(__name__)


class View(NamedTuple):
    """What is known at one moment."""

    standing: Standing
    catalog: Catalog


class Outlook:
    """Looks through an identity and its catalogs. `on_look` is awaited after each look that was answered in time."""

    def __init__(
        self,
        identity: Identity,
        catalogs: Catalogs,
        read_check: ReadCheck,
        *,
        on_look: Callable[[], Awaitable[None]],
    ) -> None:
        self._identity = identity
        self._read_check = read_check
        self._catalogs = catalogs
        self._on_look = on_look
        identity.on_question = catalogs.ask_ahead

    def start(self, tasks: TaskGroup) -> None:
        """Look once already, in this task group, where later looks go on in the background too."""
        self._identity.start(tasks)
        self._catalogs.start(tasks)
        tasks.start_soon(self._look_ahead)

    @property
    def now(self) -> View:
        """What is known without asking."""
        return View(self._identity.standing, self._catalogs.current)

    @property
    def catalog_trouble(self) -> UruError | None:
        """Why there is no catalog, or only an older one."""
        return self._catalogs.trouble

    @property
    def hindrance(self) -> UruError | None:
        """Why nothing at all can be done now, as far as is known without asking; None where something can be."""
        standing = self._identity.standing
        return standing.trouble if standing.is_refused or isinstance(standing.trouble, KeyUnavailable) else None

    async def accepted_key(self, within: float) -> Key | None:
        """The key that is in use, after Uru was asked whether it still is one. Raises: what is wrong with it."""
        standing = (await self.look(within, at_once=True)).standing
        if standing.is_refused and standing.trouble is not None:
            raise standing.trouble.with_traceback(None)
        return standing.key

    async def look(self, within: float, *, at_once: bool = False) -> View:
        """What is so now, or after `within` seconds what is known of it.

        `at_once` takes no earlier answer about the key, unless Uru has just refused it or not answered.
        """
        with anyio.move_on_after(within):
            standing = await (self._identity.recent() if at_once else self._identity.current())
            await self._catalogs.refresh(standing)
            if isinstance(self._catalogs.trouble, KeyRefused):  # it has ended just now, and there may be another
                await self._catalogs.refresh(await self._identity.current())
            await self._read_check.look(self._catalogs.current)
            await self._on_look()
            return self.now
        await self._catalogs.fall_back()
        return self.now

    async def searchable(self, view: View) -> Catalog:
        """The view's catalog, once it has its index."""
        return await self._catalogs.searchable(view.catalog)

    def doubt(self) -> None:
        """Ask about the key again at the next look: Uru has refused what it seemed to grant."""
        self._identity.doubt()

    async def look_anew(self, within: float) -> None:
        """Look at what a call has changed; the call itself has succeeded, so no failure here is one of its own."""
        with anyio.move_on_after(within):
            self._catalogs.forget()
            await self._identity.ask()
            await self.look(within)

    async def notice_key(self, within: float) -> None:
        """Look only if the key may be another one by now."""
        if await self._identity.may_be_of_another_key():
            await self.look(within)

    async def admit(self, what: str, needs: Permissions, view: View, *, within: float) -> View:
        """Let through what the key may do, after a second look where the first one says no.

        Raises:
            KeyReplaced: The second look saw another key, and what was found for the one before it does not count.
            PermissionMissing, UruError: As `gate.require`.
        """
        if not gate.allows(needs, view.standing):
            key = view.standing.key
            view = await self.look(within, at_once=True)
            if view.standing.key != key:
                message = messages.ANOTHER_KEY_BY_NOW
                raise KeyReplaced(message, fix=messages.SAME_CALL_AGAIN)
        gate.require(what, needs, view.standing)
        return view

    async def _look_ahead(self) -> None:
        try:
            await self.look(AHEAD_WITHIN)
        except Exception:  # boundary: a background task must not end the process
            log.exception("Uru could not be asked ahead")
