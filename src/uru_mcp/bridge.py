"""The bridge: one process, one key, one workspace. It puts the rooms together and knows nothing of MCP's wire.

`list_tools`, `call_tool` and `ask_library` are the ways of a list, of a call, and of everything else. Each answers in
time; what goes wrong with a call is an answer too, in our own words.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from anyio.abc import TaskGroup

from uru_mcp import messages, surface
from uru_mcp.announcements import Announcements, List
from uru_mcp.audit import AuditLog
from uru_mcp.bridge_parts import Parts
from uru_mcp.calls import Calls
from uru_mcp.errors import KeyReplaced, NoAnswer, UnknownTool, UruError, unforeseen
from uru_mcp.imports import CALLS, in_parts
from uru_mcp.key import Key
from uru_mcp.key_source import source_of
from uru_mcp.keyring import Keyring
from uru_mcp.library import Library
from uru_mcp.outcomes import Outcomes
from uru_mcp.outlook import Outlook, View
from uru_mcp.own_tools import CARD_TOOLS, OWN, Definition
from uru_mcp.read_check import ReadCheck
from uru_mcp.redaction import Redaction
from uru_mcp.render import Rendered, Renderer
from uru_mcp.results.consent import Consent, Way, askable, said_no
from uru_mcp.settings import Settings
from uru_mcp.shelves import Shelves
from uru_mcp.sync import Sync
from uru_mcp.tool_calls import ToolCalls
from uru_mcp.tool_list import ToolList
from uru_mcp.tool_patterns import UserRules
from uru_mcp.uris import Address
from uru_mcp.whoami import Facts, report
from uru_mcp.witness import Circumstances, Witness

if TYPE_CHECKING:
    from httpx2 import AsyncBaseTransport

FIRST_LIST_WITHIN = 10.0  # seconds that a list waits for Uru, since some clients ask only once
AFTER_LIST = 0.05  # seconds in which the first list goes out, before imports keep the process busy
MARGIN = 0.5  # seconds of a call's deadline that are kept for the answer itself

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


async def nobody(_: List) -> None:
    """Nobody wants to know."""


class Bridge:
    """Serves one key at a time.

    `on_change` is awaited with the name of a list that is not what it was when last asked for. Enter `running` before
    the first use. `transport` stands in for the network: an application in this process. What keeps a processor busy
    waits for its turn at `heavy_work`, as anybody can.
    """

    def __init__(
        self,
        settings: Settings,
        redaction: Redaction,
        *,
        transport: AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._redaction = redaction
        self._renderer = Renderer(redaction, budget=settings.result_chars)
        self._keyring = keyring = Keyring(source_of(settings), redaction)
        self.heavy_work = anyio.CapacityLimiter(1)
        parts = Parts(settings, redaction, keyring, transport, self.heavy_work)
        connection, self._client = parts.connection, parts.client
        identity = parts.identity(clock)
        connection.on_refusal, connection.on_send = identity.doubt, lambda key: self.witness.sent(key)
        catalogs = parts.catalogs(on_load=self._after_look)
        calls = Calls(self._client, identity)
        self._outlook = Outlook(identity, catalogs, ReadCheck(calls, identity), on_look=self._after_look)
        self._tool_list = ToolList(self._outlook, direct=settings.direct_tools, budget=settings.tool_tokens)
        self._announcements = Announcements(self._outlook, self._outlines, lambda name: self.on_change(name))
        self._sync = Sync(
            self._client, self._outlook, catalogs, key=lambda: keyring.in_use, interval=settings.sync_interval
        )
        shelves = Shelves(calls, redaction)
        self._library = Library(self._outlook, shelves, self._renderer, redaction, lambda: self._report()[0])
        self._outcomes = Outcomes()
        rooms_of_one_key = (identity, catalogs, shelves, self._outcomes, connection)
        keyring.on_change = tuple(room.start_over for room in rooms_of_one_key)
        self._tool_calls = ToolCalls(
            self._outlook,
            calls,
            self._library,
            self._outcomes,
            self._renderer,
            report=self._report,
            on_change=self._announcements.after_change,
            workspace_id=settings.fixed_workspace,
            execute_timeout=settings.execute_timeout,
        )
        audit = AuditLog(settings.audit_log, redaction) if settings.audit_log else None
        self.witness = Witness(audit, self._circumstances)
        self._tasks: TaskGroup
        self.on_change: Callable[[List], Awaitable[None]] = nobody

    @property
    def call_within(self) -> float:
        """Seconds in which a call is answered, whatever happens."""
        return self._settings.call_deadline

    @property
    def view(self) -> View:
        """What is known now, without asking, of the key and of Uru's tools."""
        return self._outlook.now

    @property
    def hindrance(self) -> UruError | None:
        """Why nothing at all can be done now, as far as is known without asking; None where something can be."""
        return self._outlook.hindrance

    def key_in_use(self) -> Key | None:
        """The key that what is known now was found with."""
        return self._outlook.now.standing.key

    async def accepted_key(self, within: float) -> Key | None:
        """The key that is in use, after Uru was asked whether it still is one. Raises: what is wrong with it."""
        return await self._outlook.accepted_key(self._within(within))

    async def title_of(self, run: Address, within: float) -> str | None:
        """What the automation of a run is called, as far as that can be learnt in so many seconds."""
        return await self._library.title_of(run, within=within)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Asks Uru for identity and catalog in the background, and closes every connection at the end."""
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                self._outlook.start(tasks)
                self._outcomes.start(tasks)
                if self._settings.sync_interval:
                    tasks.start_soon(self._sync.run)
                yield
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._client.aclose()

    async def list_tools(self) -> list[Definition]:
        """The tools to show now, as far as Uru has told them in time."""
        try:
            is_later = self._announcements.was_shown("tools")  # and is asked for because something may have changed
            await self._outlook.look(self._within(FIRST_LIST_WITHIN), at_once=is_later)
            definitions = self._tool_list.now
        except Exception:  # boundary: whatever happens, there is a tool that can be asked
            log.exception("the tools could not be listed")
            definitions = [OWN["uru_whoami"]]
        self._announcements.showed("tools", [definition.name for definition in definitions])
        self._tasks.start_soon(self._prepare_calls)
        return definitions

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        *,
        within: float | None = None,
        way: Way = "none",
        consent: Consent | None = None,
    ) -> Rendered:
        """The answer of a tool, our own or Uru's, within the deadline or so many seconds.

        A call that needs a person's yes is refused, unless `consent` is one. Where there is a `way` to ask for it, the
        refusal `waits_for` that, and the caller asks.

        Raises:
            UnknownTool: There is no MCP tool of that name, which is a fault of the protocol and not of a call.
        """
        deadline = time.monotonic() + self._within(float("inf") if within is None else within - MARGIN)
        with self.witness.watching(name, arguments, consent) as seen:
            try:
                seen.rendered = await self._in_time(lambda: self._tool_calls.answer(name, arguments, deadline, consent))
            except UruError as error:
                if isinstance(error, UnknownTool) and name not in OWN and name not in CARD_TOOLS:
                    raise
                log.info("%s: %s", name, error.code)
                seen.rendered = replace(self.refusal(error), waits_for=askable(error, way))
            return seen.rendered

    def declined(self, name: str, arguments: dict[str, Any], consent: Consent) -> Rendered:
        """The answer to a call that waited for a person's yes, and got another answer or none."""
        with self.witness.watching(name, arguments, consent) as seen:
            seen.rendered = self.refusal(said_no(consent))
            return seen.rendered

    def answer(self, structure: dict[str, Any], note: str) -> Rendered:
        """An answer of our own, with a note before it."""
        return self._renderer.answer(structure, notes=[note])

    def recorded(self, name: str, rendered: Rendered) -> Rendered:
        """The answer to a call that is none of a tool of ours or Uru's, once it is in the audit log."""
        with self.witness.watching(name, {}) as seen:
            seen.rendered = rendered
            return rendered

    @property
    def rules(self) -> UserRules:
        """What the user has set about tools, as it holds for those that are known now."""
        return self._outlook.now.catalog.rules

    def waits_for_a_yes(self, name: str) -> bool:
        """Whether calls of the tool that is listed under this name run only after a person's yes."""
        return surface.waits_for_a_yes(name, self._outlook.now.catalog)

    async def ask_library(self, name: List, ask: Callable[[Library, float], Awaitable[Answer]]) -> Answer:
        """What the library answers to `ask(library, seconds)`, which belongs to one of its lists.

        Raises:
            UruError: Whatever went wrong.
        """
        self._announcements.asked_for(name)
        answer = await self._in_time(lambda: ask(self._library, self._within()))
        resources, prompts = self._library.outline()
        self._announcements.showed(name, resources if name == "resources" else prompts)
        return answer

    def refusal(self, error: UruError) -> Rendered:
        """An error in the words and the structure in which it may leave."""
        return self._renderer.error(error)

    async def _prepare_calls(self) -> None:
        """Have ready what calls need, so that the first ones take no longer than others."""
        try:
            await anyio.sleep(AFTER_LIST)
            await in_parts(CALLS)
            await self._outlook.searchable(self._outlook.now)
        except Exception:  # boundary: what nobody foresaw in a tool's words ends a search and not the process
            log.exception("the calls could not be prepared")

    async def _in_time(self, answer: Callable[[], Awaitable[Answer]]) -> Answer:
        """Raises: `UruError`, and nothing else, whatever happens; at the deadline at the latest."""
        try:
            with anyio.fail_after(self._settings.call_deadline):
                try:
                    return await answer()
                except KeyReplaced:
                    return await answer()  # once more from the start, through the gate of the key in use now
        except UruError:
            raise
        except TimeoutError:
            message = messages.CALL_NOT_ANSWERED.format(seconds=self._settings.call_deadline)
            raise NoAnswer(message, fix=messages.TRY_IN_A_MINUTE, code="timed_out") from None
        except Exception as error:  # boundary: no exception reaches the client, which would be shown its words
            log.exception("a request failed")
            raise unforeseen(error) from None

    def _within(self, at_most: float = float("inf")) -> float:
        return min(at_most, self._settings.call_deadline - MARGIN)

    def _outlines(self) -> dict[List, object]:
        resources, prompts = self._library.outline()
        return {"tools": self._tool_list.names, "resources": resources, "prompts": prompts}

    async def _after_look(self) -> None:
        await self._announcements.after_look()

    def _circumstances(self, tool: str) -> Circumstances:
        view = self._outlook.now
        needs, record = surface.needs_of(tool, view.catalog), view.standing.record
        return Circumstances(needs, view.standing.grant, self._keyring.last4, record.requests if record else None)

    def _report(self) -> tuple[dict[str, Any], str]:
        view = self._outlook.now
        facts = Facts(
            standing=view.standing,
            catalog=view.catalog,
            catalog_trouble=self._outlook.catalog_trouble,
            records_failed=self._library.failed,
            base_url=self._settings.proxy_url,
            last4=self._keyring.last4,
            now=datetime.now(UTC),
            ignored_variables=(*self._settings.ignored, *self._settings.foreign),
            source=self._keyring.source,
            exposure=self._keyring.exposure,
            unseen_removed=self._redaction.unseen,
        )
        return report(facts)
