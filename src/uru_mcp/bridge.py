"""The bridge between MCP and Uru: one process, one key, one workspace. It wires the packages together.

`list_tools`, `call_tool` and `resource_request` are its entry points. Each answers before the call deadline; a call
that fails returns the error as its result. It does not know MCP's wire format.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from anyio.abc import TaskGroup

from uru_mcp.audit.call_recorder import CallContext, recorder_of
from uru_mcp.audit.telemetry import Telemetry
from uru_mcp.config.settings import Settings
from uru_mcp.config.tool_patterns import UserRules
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import UnknownTool, UruError
from uru_mcp.lazy_imports import CALLS, in_parts
from uru_mcp.resources.record_cache import RecordCache
from uru_mcp.resources.resource_requests import ResourceHandlers
from uru_mcp.results.consent import Consent, Way, askable, said_no
from uru_mcp.results.render import Rendered, Renderer
from uru_mcp.session.call_deadline import in_time
from uru_mcp.session.catalog_sync import Sync
from uru_mcp.session.list_changes import Announcements, List, ignore_change
from uru_mcp.session.session import Snapshot
from uru_mcp.session.wiring import Parts
from uru_mcp.tools import shown_tools
from uru_mcp.tools.background_runs import BackgroundRuns
from uru_mcp.tools.definitions import CARD_TOOLS, OWN, Definition
from uru_mcp.tools.dispatch import ToolCalls
from uru_mcp.tools.tool_list_cache import ToolList
from uru_mcp.tools.whoami import Facts, report
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.connect import connect
from uru_mcp.uru.resource_uris import ResourceUri

if TYPE_CHECKING:
    from httpx2 import AsyncBaseTransport

FIRST_LIST_WITHIN = 9.5  # seconds that a list waits for Uru, since some clients ask only once, and for 10 s at most
AFTER_LIST = 0.05  # seconds for writing the first list, before imports block the event loop
MARGIN = 0.5  # seconds of a call's deadline that are reserved for writing the answer

Answer = TypeVar("Answer")
log = logging.getLogger(__name__)


class Bridge:
    """Serves one key at a time. Enter `running` before the first use.

    `on_change` is awaited with the name of a list that has changed since a client last asked for it. `parts` may run
    already; otherwise they are made, with `transport` instead of the network if that is given. `origin` is where calls
    come from, for the audit log.
    """

    def __init__(
        self,
        settings: Settings,
        redaction: Redaction,
        *,
        parts: Parts | None = None,
        transport: AsyncBaseTransport | None = None,
        origin: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._settings = settings
        self._redaction = redaction
        self._renderer = Renderer(redaction, budget=settings.result_chars, wording=settings.wording)
        self._parts = parts = parts or Parts(settings, redaction, connect(settings, redaction, transport), clock)
        self._session, self._keyring = parts.session, parts.keyring
        self._tool_list = ToolList(self._session, settings)
        self._announcements = Announcements(self._session, self._outlines, lambda name: self.on_change(name))
        record_cache = RecordCache(parts.calls, redaction)
        self._resource_handlers = ResourceHandlers(
            self._session, record_cache, self._renderer, redaction, lambda: self.report()[0]
        )
        self._background_runs = BackgroundRuns()
        self._keyring.on_change += (record_cache.start_over, self._background_runs.start_over)
        self._tool_calls = ToolCalls(
            self._session,
            parts.calls,
            self._resource_handlers,
            self._background_runs,
            self._renderer,
            report=self.report,
            on_change=self._announcements.after_change,
            workspace_id=settings.workspace_id,
            execute_timeout=settings.execute_timeout,
        )
        self.recorder = recorder_of(settings, redaction, self._call_context, origin=origin, telemetry=telemetry)
        parts.on_look, parts.on_send = self._announcements.after_look, self.recorder.sent
        self._tasks: TaskGroup
        self.on_change: Callable[[List], Awaitable[None]] = ignore_change

    @property
    def call_within(self) -> float:
        """Seconds within which every call is answered."""
        return self._settings.call_deadline

    @property
    def snapshot(self) -> Snapshot:
        """The key's status and the catalog as last seen; sends no request."""
        return self._session.now

    @property
    def blocking_error(self) -> UruError | None:
        """The error that blocks every call, as last seen; None if some calls can work. Sends no request."""
        return self._session.blocking_error or self.recorder.blocking_error

    def key_in_use(self) -> Key | None:
        """The key to which the current snapshot belongs."""
        return self._session.now.key_status.key

    async def accepted_key(self, within: float) -> Key | None:
        """The key in use, once Uru has confirmed it. Raises: UruError when Uru refuses it."""
        return await self._session.accepted_key(self._within(within))

    async def title_of(self, run: ResourceUri, within: float) -> str | None:
        """The name of a run's automation; None if it cannot be read within `within` seconds."""
        return await self._resource_handlers.title_of(run, within=within)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fetch the key's status and the catalog in the background, and close every connection at the end."""
        async with self._parts.running() as self._tasks:
            self._background_runs.start(self._tasks)
            if self._settings.sync_interval:
                self._tasks.start_soon(Sync(self._parts, interval=self._settings.sync_interval).run)
            self.recorder.check()
            yield

    async def list_tools(self) -> list[Definition]:
        """The tools to show now; those that Uru has not returned in time are missing."""
        try:
            is_later = self._announcements.was_shown("tools")  # a client asks again because something may have changed
            await self._session.look(self._within(FIRST_LIST_WITHIN), at_once=is_later)
            definitions = self._tool_list.now
        except Exception:  # boundary: `uru_whoami` is always listed, since it reports what is wrong
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
            UnknownTool: There is no MCP tool of that name. MCP treats this as a protocol error, not as a tool error.
        """
        deadline = time.monotonic() + self._within(float("inf") if within is None else within - MARGIN)
        with self.recorder.recording(name, arguments, consent) as seen:
            try:
                self.recorder.require_start(seen)
                seen.rendered = await in_time(
                    lambda: self._tool_calls.answer(name, arguments, deadline, consent), self._settings.call_deadline
                )
            except UruError as error:
                if isinstance(error, UnknownTool) and name not in OWN and name not in CARD_TOOLS:
                    raise
                log.info("%s: %s", name, error.code)
                seen.rendered = self.refusal(error)._replace(waits_for=askable(error, way))
            return seen.rendered

    def declined(self, name: str, arguments: dict[str, Any], consent: Consent) -> Rendered:
        """The answer to a call that waited for a person's yes, and got another answer or none."""
        with self.recorder.recording(name, arguments, consent) as seen:
            seen.rendered = self.refusal(said_no(consent))
            return seen.rendered

    def answer(self, structure: dict[str, Any], note: str) -> Rendered:
        """An answer of our own, with a note before it."""
        return self._renderer.answer(structure, notes=[note])

    def recorded(self, name: str, rendered: Rendered) -> Rendered:
        """The answer to a call that is none of a tool of ours or Uru's, once it is in the audit log."""
        with self.recorder.recording(name, {}) as seen:
            seen.rendered = rendered
            return rendered

    @property
    def rules(self) -> UserRules:
        """What the user has set about tools, as it holds for those that are known now."""
        return self._session.now.catalog.rules

    def waits_for_a_yes(self, name: str) -> bool:
        """Whether calls of the tool that is listed under this name run only after a person's yes."""
        return shown_tools.waits_for_a_yes(name, self._session.now.catalog)

    async def resource_request(self, name: List, ask: Callable[[ResourceHandlers, float], Awaitable[Answer]]) -> Answer:
        """The result of `ask(resource_handlers, seconds)`, a request that belongs to the list `name`.

        Raises:
            UruError: The request failed.
        """
        self.recorder.require_log()
        self._announcements.asked_for(name)
        answer = await in_time(lambda: ask(self._resource_handlers, self._within()), self._settings.call_deadline)
        resources, prompts = self._resource_handlers.outline()
        self._announcements.showed(name, resources if name == "resources" else prompts)
        return answer

    def refusal(self, error: UruError) -> Rendered:
        """The error as a result, with keys redacted."""
        return self._renderer.error(error)

    async def _prepare_calls(self) -> None:
        """Import the modules and build the search index that calls need, so that the first call is not slower."""
        try:
            await anyio.sleep(AFTER_LIST)
            await in_parts(CALLS)
            await self._session.searchable(self._session.now)
        except Exception:  # boundary: an unexpected error in indexing fails a search, not the process
            log.exception("the calls could not be prepared")

    def _within(self, at_most: float = float("inf")) -> float:
        return min(at_most, self._settings.call_deadline - MARGIN)

    def _outlines(self) -> dict[List, object]:
        resources, prompts = self._resource_handlers.outline()
        return {"tools": self._tool_list.names, "resources": resources, "prompts": prompts}

    def _call_context(self, tool: str) -> CallContext:
        snapshot = self._session.now
        needs, record = shown_tools.needs_of(tool, snapshot.catalog), snapshot.key_status.record
        return CallContext(needs, snapshot.key_status.grant, self._keyring.last4, record.requests if record else None)

    def report(self) -> tuple[dict[str, Any], str]:
        """What `uru_whoami` says, from what is already known; sends no request."""
        snapshot = self._session.now
        facts = Facts(
            key_status=snapshot.key_status,
            catalog=snapshot.catalog,
            catalog_trouble=self._session.catalog_trouble,
            records_failed=self._resource_handlers.failed,
            base_url=self._settings.proxy_url,
            last4=self._keyring.last4,
            now=datetime.now(UTC),
            ignored_variables=(*self._settings.ignored, *self._settings.foreign),
            source=self._keyring.source,
            exposure=self._keyring.exposure,
            unseen_removed=self._redaction.unseen,
            wording=self._settings.wording,
            audit_trouble=self.recorder.trouble,
            audit_blocks=self.recorder.is_required,
            audit_exposure=self.recorder.exposure,
            policy=self._session.policy,
            telemetry=self.recorder.telemetry.status,
        )
        return report(facts)
