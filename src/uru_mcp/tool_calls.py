"""What a call of an MCP tool answers: one of ours from what is known, one of Uru's by running it, behind the gate."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from uru_mcp import discovery, gate, messages, surface
from uru_mcp.call_arguments import of_own_tool, of_upstream_tool
from uru_mcp.calls import Calls
from uru_mcp.catalog import Tool
from uru_mcp.content import media_of, with_texts
from uru_mcp.dispatch_input import Reading
from uru_mcp.effects import attribution, changed_by, effect_of, remark, waiting_in
from uru_mcp.errors import ArgumentError, Unconfirmed, UnknownTool
from uru_mcp.heavy_work import in_time
from uru_mcp.key import Key
from uru_mcp.library import Library, answered_kind
from uru_mcp.outcomes import Outcome, Outcomes
from uru_mcp.outlook import Outlook, View
from uru_mcp.own_tools import CARD_TOOLS, OWN
from uru_mcp.permissions import NOTHING
from uru_mcp.policy import PLATFORM, SELECT_WORKSPACE
from uru_mcp.records import Kind
from uru_mcp.render import Document, Rendered, Renderer, Rest
from uru_mcp.results.consent import Consent, require_yes
from uru_mcp.waiting_steps import with_steps
from uru_mcp.wire import Workspace

WAIT = 30  # seconds that `uru_result` waits when it is not told how long
LOOK_UP = 3.0  # seconds to look up what an automation calls its steps
LOOK = 10.0  # seconds that `uru_whoami` waits for Uru


Arguments = dict[str, Any]


class ToolCalls:
    """Answers each call by a deadline, a moment of the monotonic clock.

    `report` is what `uru_whoami` says now, as structure and text. `on_change` is awaited with the kinds of records
    that a call has changed, or may have.
    """

    def __init__(
        self,
        outlook: Outlook,
        calls: Calls,
        library: Library,
        outcomes: Outcomes,
        renderer: Renderer,
        *,
        report: Callable[[], tuple[dict[str, Any], str]],
        on_change: Callable[[tuple[Kind, ...]], Awaitable[None]],
        workspace_id: str | None,
        execute_timeout: float,
    ) -> None:
        self._outlook = outlook
        self._calls = calls
        self._library = library
        self._outcomes = outcomes
        self._renderer = renderer
        self._report = report
        self._on_change = on_change
        self._workspace_id = workspace_id
        self._execute_timeout = execute_timeout

    async def answer(
        self, name: str, arguments: Arguments, deadline: float, consent: Consent | None = None
    ) -> Rendered:
        """The answer of the tool of that name. `consent` is a person's yes to just this call.

        Raises:
            UruError: What stands in the way; an `UnknownTool` is one that MCP knows nothing of.
        """
        if name == "uru_whoami":  # which always answers, whatever it is asked with
            await self._outlook.look(min(LOOK, _left(deadline)), at_once=True)
            return self._renderer.answer(*self._report())
        reading = of_own_tool(name, arguments) if name in OWN or name in CARD_TOOLS else Reading(arguments)
        arguments = reading.call
        if name == "uru_result":
            return await self._outcome(arguments, deadline)
        if name == "uru_list_resources":
            return await self._library.list_for_model(arguments, within=_left(deadline))
        if name == "uru_read_resource":
            offset = arguments.get("offset", 0)
            _, piece = await self._library.read(arguments["uri"], offset=offset, within=_left(deadline))
            return _attributed(piece)
        if name == "uru_show_run":
            return await self._library.show_run(arguments["uri"], within=_left(deadline))
        view = await self._outlook.look(_left(deadline) / 2)  # the rest is for the call itself
        gate.require(name, NOTHING, view.standing)
        if name == "uru_search_tools":
            return await self._search(arguments, view)
        return await self._run(await self._resolve(name, arguments, view), reading, view, deadline, consent)

    async def _search(self, arguments: Arguments, view: View) -> Rendered:
        missing = None if view.catalog.namespaces else self._outlook.catalog_trouble
        reason = view.standing.trouble or missing
        if reason is not None:
            raise reason.with_traceback(None)
        catalog = await self._outlook.searchable(view)
        found = discovery.search(catalog, view.standing, arguments, budget=self._renderer.budget)
        following = found.get("next_offset")
        more = [] if following is None else [messages.MORE_HITS.format(total=found["total"], following=following)]
        return self._renderer.answer(found, notes=[messages.OF_TOOLS, *more])

    async def _resolve(self, name: str, arguments: Arguments, view: View) -> surface.Call:
        if not surface.knows(name, arguments, view.catalog):
            await self._outlook.searchable(view)  # for the names that are near
        try:
            return surface.resolve(name, arguments, view.catalog)
        except UnknownTool as error:
            not_loaded = self._outlook.catalog_trouble or view.catalog.failure_of(error.details["tool"])
            raise (view.standing.trouble or not_loaded or error).with_traceback(None) from None

    async def _run(
        self, call: surface.Call, reading: Reading, view: View, deadline: float, consent: Consent | None
    ) -> Rendered:
        tool = call.tool
        gate.require_chosen(tool, view.catalog.rules)
        view = await self._outlook.admit(tool.id, tool.needs, view, within=_left(deadline) / 2)
        surface.require_dispatcher(call)
        arguments = await of_upstream_tool(call, reading)
        self._require_own_workspace(tool, arguments, view.standing.workspace)
        await self._library.require_unchanged(tool, arguments, within=_left(deadline) / 3)
        require_yes(tool, call.arguments, arguments, view, consent, self._renderer.clean)
        key = view.standing.key
        if not tool.is_run:
            outcome = self._outcomes.begun(tool.id)
            outcome.end(await self._carry_out(tool, arguments, key, within=_left(deadline)))
        else:
            outcome = await self._outcomes.carry_out(
                tool.id,
                lambda: self._carry_out(tool, arguments, key, within=self._execute_timeout),
                wait=_left(deadline),
            )
        if _selects_workspace(tool) and outcome.document is not None:
            await self._outlook.look_anew(_left(deadline))
            return self._shown(outcome).noted(f"[{messages.WORKSPACE_CHANGED}]")
        return self._shown(outcome)

    async def _carry_out(self, tool: Tool, arguments: Arguments, key: Key | None, *, within: float) -> Document:
        """Run the tool and see to what that changes, also when it is not known whether it did."""
        changed = changed_by(tool)
        try:
            result = await self._calls.run(tool, arguments, key=key, within=within)
        except Unconfirmed:
            await self._changed(changed)
            raise
        finally:
            self._library.forget(changed)
        await self._changed(changed)
        view = self._outlook.now
        data = result.data
        if changed or answered_kind(tool, arguments) is not None:  # the words may be put to a person, or remembered
            data = await self._cleaned(data)
        approvals = waiting_in(tool, data)
        if approvals:
            automation = await self._library.automation_of(approvals[0].run, within=LOOK_UP)
            approvals = with_steps(approvals, automation)
        self._library.note(tool, arguments, data)

        def document() -> Document:
            effect = effect_of(tool, data, view, approvals)
            members = {"log_id": result.log_id, **effect.members}
            media, texts = media_of(result.media)
            beside = self._renderer.clean(result.remark)
            notes = effect.notes if beside is None else (*effect.notes, remark(tool, beside))
            return self._renderer.document(with_texts(data, texts), members, notes, effect.waits_for, media)

        return await in_time([result.data, *result.media], document)

    async def _cleaned(self, data: Any) -> Any:
        return await in_time(data, lambda: self._renderer.clean(data))

    async def _changed(self, kinds: tuple[Kind, ...]) -> None:
        if kinds:
            self._library.forget(kinds)
            await self._on_change(kinds)

    async def _outcome(self, arguments: Arguments, deadline: float) -> Rendered:
        """What became of a call that went on, or of all of them; Uru is asked only about another key."""
        await self._outlook.notice_key(_left(deadline) / 2)
        standing = self._outlook.now.standing
        if standing.is_refused and standing.trouble is not None:
            raise standing.trouble.with_traceback(None)
        if "call_id" not in arguments:
            return self._renderer.answer({"calls": [_summary(outcome) for outcome in self._outcomes.all()]})
        outcome = self._outcomes.get(arguments["call_id"])
        await self._outcomes.wait(outcome, min(arguments.get("wait", WAIT), _left(deadline)))
        return self._shown(outcome, offset=arguments.get("offset", 0))

    def _shown(self, outcome: Outcome, *, offset: int = 0) -> Rendered:
        """The outcome as it is now. Raises: its error."""
        if outcome.error is not None:
            raise outcome.error.with_traceback(None)
        if outcome.document is None:
            return self._still_running(outcome)
        if self._renderer.is_cut(outcome.document):
            self._outcomes.keep(outcome)
        return self._renderer.result(outcome.document, Rest("uru_result", "call_id", outcome.id), offset=offset)

    def _still_running(self, outcome: Outcome) -> Rendered:
        text = messages.STILL_RUNNING.format(tool=outcome.tool, seconds=outcome.seconds, id=outcome.id)
        return self._renderer.answer({"running": _summary(outcome), "next": text}, text)

    def _require_own_workspace(self, tool: Tool, arguments: Arguments, own: Workspace | None) -> None:
        """Raises: `ArgumentError` when one of Uru's own tools is to work in another workspace than the key's.

        One is selected freely unless the user fixed it, since Uru knows which the key may have. What the tool of an app
        calls a workspace is the app's.
        """
        if tool.namespace.name != PLATFORM or "workspace_id" not in arguments:
            return
        fixed = self._workspace_id
        wanted, its = str(arguments["workspace_id"]).lower(), fixed or (own.id if own is not None else None)
        if its is None or wanted == its.lower() or (fixed is None and _selects_workspace(tool)):
            return
        if fixed is None:
            message, mend = messages.NOT_OF_THIS_KEY, messages.SELECT_ANOTHER
        else:
            message, mend = (
                messages.WORKSPACE_IS_FIXED,
                messages.CHANGE_THE_SETTING,
            )
        fix = messages.LEAVE_IT_OUT.format(mend=mend)
        raise ArgumentError(messages.NOTHING_SENT.format(message=message), fix=fix, tool=tool.id)


def _summary(outcome: Outcome) -> dict[str, Any]:
    return {
        "call_id": outcome.id,
        "tool": outcome.tool,
        "state": outcome.state,
        "seconds": round(outcome.seconds, 1),
    }


def _attributed(piece: Rendered) -> Rendered:
    """A piece of a record with a word on whose it is; MCP's own reading of resources says that by their address."""
    source = piece.structure.get("from")
    return piece if source is None else piece.noted(attribution(source))


def _selects_workspace(tool: Tool) -> bool:
    return (tool.namespace.name, tool.name) == (PLATFORM, SELECT_WORKSPACE)


def _left(deadline: float) -> float:
    return deadline - time.monotonic()
