"""Dispatches MCP tool calls: answers our own tools, and runs Uru's tools behind the permission gate.

It does not know the SDK's types or HTTP.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from uru_mcp.access import gate
from uru_mcp.access.policy import PLATFORM, SELECT_WORKSPACE
from uru_mcp.catalog import search_results
from uru_mcp.catalog.catalog import Tool
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import ArgumentError, Unconfirmed, UnknownTool
from uru_mcp.messages import access_messages, call_messages
from uru_mcp.permissions import NOTHING
from uru_mcp.resources.resource_requests import ResourceHandlers, answered_kind
from uru_mcp.results.consent import Consent, require_yes
from uru_mcp.results.media import media_of, with_texts
from uru_mcp.results.provenance import attribution, changed_by, effect_of, remark, waiting_in
from uru_mcp.results.render import Document, Remainder, Rendered, Renderer
from uru_mcp.session.session import Session, Snapshot
from uru_mcp.session.tool_execution import Calls
from uru_mcp.tools import shown_tools
from uru_mcp.tools.background_runs import BackgroundRun, BackgroundRuns
from uru_mcp.tools.call_arguments import of_own_tool, of_upstream_tool
from uru_mcp.tools.definitions import CARD_TOOLS, OWN
from uru_mcp.tools.dispatch_tool_input import Reading
from uru_mcp.uru.namespaces_and_tools import Workspace
from uru_mcp.uru.records import Kind
from uru_mcp.uru.waiting_steps import with_steps
from uru_mcp.worker_threads import in_time

WAIT = 30  # seconds that `uru_result` waits by default
LOOK_UP = 3.0  # seconds to look up the names of an automation's steps
LOOK = 10.0  # seconds that `uru_whoami` waits for Uru


Arguments = dict[str, Any]


class ToolCalls:
    """Answers each call by a deadline on the monotonic clock.

    `report` returns the report of `uru_whoami`, as structure and text. `on_change` is awaited with the kinds of records
    that a call has changed, or may have changed.
    """

    def __init__(
        self,
        session: Session,
        calls: Calls,
        resource_handlers: ResourceHandlers,
        background_runs: BackgroundRuns,
        renderer: Renderer,
        *,
        report: Callable[[], tuple[dict[str, Any], str]],
        on_change: Callable[[tuple[Kind, ...]], Awaitable[None]],
        workspace_id: str | None,
        execute_timeout: float,
    ) -> None:
        self._session = session
        self._calls = calls
        self._resource_handlers = resource_handlers
        self._background_runs = background_runs
        self._renderer = renderer
        self._report = report
        self._on_change = on_change
        self._workspace_id = workspace_id
        self._execute_timeout = execute_timeout

    async def answer(
        self, name: str, arguments: Arguments, deadline: float, consent: Consent | None = None
    ) -> Rendered:
        """The result of the tool with that name. `consent` is a person's yes to exactly this call.

        Raises:
            UruError: The call failed; `UnknownTool` if there is no such MCP tool.
        """
        if name == "uru_whoami":  # always answers, whatever its arguments
            await self._session.look(min(LOOK, _left(deadline)), at_once=True)
            return self._renderer.answer(*self._report())
        reading = of_own_tool(name, arguments) if name in OWN or name in CARD_TOOLS else Reading(arguments)
        arguments = reading.call
        if name == "uru_result":
            return await self._outcome(arguments, deadline)
        if name == "uru_list_resources":
            return await self._resource_handlers.list_for_model(arguments, within=_left(deadline))
        if name == "uru_read_resource":
            offset = arguments.get("offset", 0)
            _, piece = await self._resource_handlers.read(arguments["uri"], offset=offset, within=_left(deadline))
            return _attributed(piece)
        if name == "uru_show_run":
            return await self._resource_handlers.show_run(arguments["uri"], within=_left(deadline))
        snapshot = await self._session.look(_left(deadline) / 2)  # the rest is for the call itself
        gate.require(name, NOTHING, snapshot.key_status)
        if name == "uru_search_tools":
            return await self._search(arguments, snapshot)
        return await self._run(await self._resolve(name, arguments, snapshot), reading, snapshot, deadline, consent)

    async def _search(self, arguments: Arguments, snapshot: Snapshot) -> Rendered:
        missing = None if snapshot.catalog.namespaces else self._session.catalog_trouble
        reason = snapshot.key_status.trouble or missing
        if reason is not None:
            raise reason.with_traceback(None)
        catalog = await self._session.searchable(snapshot)
        found = search_results.search(catalog, snapshot.key_status, arguments, budget=self._renderer.budget)
        following = found.get("next_offset")
        more = [] if following is None else [call_messages.MORE_HITS.format(total=found["total"], following=following)]
        return self._renderer.answer(found, notes=[call_messages.OF_TOOLS, *more])

    async def _resolve(self, name: str, arguments: Arguments, snapshot: Snapshot) -> shown_tools.Call:
        if not shown_tools.knows(name, arguments, snapshot.catalog):
            await self._session.searchable(snapshot)  # to suggest similar names
        try:
            return shown_tools.resolve(name, arguments, snapshot.catalog)
        except UnknownTool as error:
            not_loaded = self._session.catalog_trouble or snapshot.catalog.failure_of(error.details["tool"])
            raise (snapshot.key_status.trouble or not_loaded or error).with_traceback(None) from None

    async def _run(
        self, call: shown_tools.Call, reading: Reading, snapshot: Snapshot, deadline: float, consent: Consent | None
    ) -> Rendered:
        tool = call.tool
        gate.require_chosen(tool, snapshot.catalog.rules)
        snapshot = await self._session.admit(tool.id, tool.needs, snapshot, within=_left(deadline) / 2)
        shown_tools.require_dispatcher(call)
        arguments = await of_upstream_tool(call, reading)
        self._require_own_workspace(tool, arguments, snapshot.key_status.workspace)
        await self._resource_handlers.require_unchanged(tool, arguments, within=_left(deadline) / 3)
        require_yes(tool, call.arguments, arguments, snapshot, consent, self._renderer.clean)
        key = snapshot.key_status.key
        if not tool.is_run:
            outcome = self._background_runs.begun(tool.id)
            outcome.end(await self._carry_out(tool, arguments, key, within=_left(deadline)))
        else:
            outcome = await self._background_runs.carry_out(
                tool.id,
                lambda: self._carry_out(tool, arguments, key, within=self._execute_timeout),
                wait=_left(deadline),
            )
        if _selects_workspace(tool) and outcome.document is not None:
            await self._session.refresh_after_change(_left(deadline))
            return self._shown(outcome).noted(f"[{access_messages.WORKSPACE_CHANGED}]")
        return self._shown(outcome)

    async def _carry_out(self, tool: Tool, arguments: Arguments, key: Key | None, *, within: float) -> Document:
        """Run the tool, then clear caches and notify clients of changes, even if the outcome is unknown."""
        changed, until = changed_by(tool), time.monotonic() + within
        try:
            result = await self._calls.run(tool, arguments, key=key, within=within)
        except Unconfirmed:
            await self._changed(changed)
            raise
        finally:
            self._resource_handlers.forget(changed)
        await self._changed(changed)
        snapshot = self._session.now
        data = result.data
        if changed or answered_kind(tool, arguments) is not None:  # it may be shown to a person, or cached
            data = await self._cleaned(data)
        approvals = waiting_in(tool, data)
        if approvals:
            automation = await self._resource_handlers.automation_of(approvals[0].run, within=LOOK_UP)
            approvals = with_steps(approvals, automation)
        self._resource_handlers.note(tool, arguments, data)
        beside = await self._resource_handlers.beside(tool, arguments, data, within=_left(until))

        def document() -> Document:
            effect = effect_of(tool, data, snapshot, approvals)
            members = {"log_id": result.log_id, **effect.members, **beside.members}
            media, texts = media_of(result.media)
            warning = self._renderer.clean(result.remark)
            notes = (*effect.notes, *beside.notes, *([] if warning is None else [remark(tool, warning)]))
            return self._renderer.document(with_texts(data, texts), members, notes, effect.waits_for, media)

        return await in_time([result.data, *result.media], document)

    async def _cleaned(self, data: Any) -> Any:
        return await in_time(data, lambda: self._renderer.clean(data))

    async def _changed(self, kinds: tuple[Kind, ...]) -> None:
        if kinds:
            self._resource_handlers.forget(kinds)
            await self._on_change(kinds)

    async def _outcome(self, arguments: Arguments, deadline: float) -> Rendered:
        """`uru_result`: the outcome of a background run, or a list of all. Refreshes only if the key may be new."""
        await self._session.notice_key(_left(deadline) / 2)
        key_status = self._session.now.key_status
        if key_status.is_refused and key_status.trouble is not None:
            raise key_status.trouble.with_traceback(None)
        if "call_id" not in arguments:
            return self._renderer.answer({"calls": [_summary(outcome) for outcome in self._background_runs.all()]})
        outcome = self._background_runs.get(arguments["call_id"])
        await self._background_runs.wait(outcome, min(arguments.get("wait", WAIT), _left(deadline)))
        return self._shown(outcome, offset=arguments.get("offset", 0))

    def _shown(self, outcome: BackgroundRun, *, offset: int = 0) -> Rendered:
        """The run's current state as a result. Raises: the run's error."""
        if outcome.error is not None:
            raise outcome.error.with_traceback(None)
        if outcome.document is None:
            return self._still_running(outcome)
        if self._renderer.is_cut(outcome.document):
            self._background_runs.keep(outcome)
        return self._renderer.result(outcome.document, Remainder("uru_result", "call_id", outcome.id), offset=offset)

    def _still_running(self, outcome: BackgroundRun) -> Rendered:
        text = call_messages.STILL_RUNNING.format(tool=outcome.tool, seconds=outcome.seconds, id=outcome.id)
        return self._renderer.answer({"running": _summary(outcome), "next": text}, text)

    def _require_own_workspace(self, tool: Tool, arguments: Arguments, own: Workspace | None) -> None:
        """Raises: `ArgumentError` when a call of one of Uru's own tools names another workspace than the key's.

        Selecting a workspace is allowed unless the user configured one, since Uru checks the key's access. Arguments of
        apps' tools are ignored, since an app may have workspaces of its own.
        """
        if tool.namespace.name != PLATFORM or "workspace_id" not in arguments:
            return
        fixed = self._workspace_id
        wanted, its = str(arguments["workspace_id"]).lower(), fixed or (own.id if own is not None else None)
        if its is None or wanted == its.lower() or (fixed is None and _selects_workspace(tool)):
            return
        if fixed is None:
            message, mend = call_messages.NOT_OF_THIS_KEY, call_messages.SELECT_ANOTHER
        else:
            message, mend = (
                call_messages.WORKSPACE_IS_FIXED,
                call_messages.CHANGE_THE_SETTING,
            )
        fix = call_messages.LEAVE_IT_OUT.format(mend=mend)
        raise ArgumentError(call_messages.NOTHING_SENT.format(message=message), fix=fix, tool=tool.id)


def _summary(outcome: BackgroundRun) -> dict[str, Any]:
    return {
        "call_id": outcome.id,
        "tool": outcome.tool,
        "state": outcome.state,
        "seconds": round(outcome.seconds, 1),
    }


def _attributed(piece: Rendered) -> Rendered:
    """The piece of a record with a note on its source. MCP's `resources/read` needs none, since the URI shows it."""
    source = piece.structure.get("from")
    return piece if source is None else piece.noted(attribution(source))


def _selects_workspace(tool: Tool) -> bool:
    return (tool.namespace.name, tool.name) == (PLATFORM, SELECT_WORKSPACE)


def _left(deadline: float) -> float:
    return deadline - time.monotonic()
