"""`UruClient`: one method for each endpoint of Uru, which sends the request and parses the response.

It does not decide whether a call is allowed; `access/gate.py` does that first. What a 401 means for the key is decided
afterwards, in `access/identity.py` and `session/tool_execution.py`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import NoAnswer, Refused, UruError
from uru_mcp.messages import access_messages
from uru_mcp.untrusted_input.json_fields import UnexpectedShape
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.catalog_version import ToolVersion, read_version
from uru_mcp.uru.execute_endpoints import Run, current_route, is_safe_segment, older_route, segment
from uru_mcp.uru.http import Connection, Request
from uru_mcp.uru.http_errors import shaped, unconfirmed
from uru_mcp.uru.key_record import KeyRecord, read_key_record
from uru_mcp.uru.namespaces_and_tools import LeftOut, Namespace, UpstreamTool, read_namespaces, read_tools
from uru_mcp.uru.response_body import FACTS_LIMIT
from uru_mcp.uru.run_results import RunResult, read_result

Value = TypeVar("Value")

LONGEST_TAG = 200  # characters
NOT_IMPLEMENTED = 501  # some services return this for an endpoint that they do not have


class UruClient:
    """A client for one Uru. Every method returns within `within` seconds or raises.

    `key` is the key for which the request was allowed.

    All methods raise: `NoAnswer`, `Refused`, `KeyRefused`, `WorkspaceProblem`, `PermissionMissing`.
    """

    def __init__(self, connection: Connection, redaction: Redaction) -> None:
        self._connection = connection
        self._redaction = redaction
        self._route: Callable[[Run], Request] = current_route

    async def key_record(self, key: Key, *, within: float) -> KeyRecord:
        """Get the key's own record. Also raises: `Refused` for any response that is not a record."""
        body = await self._ask_of(key, "/keys/self", within)
        return shaped(read_key_record, self._redaction.value(body))

    async def check_version(self, key: Key, *, within: float) -> None:
        """Request the version of the tools: the cheapest request that needs both a valid key and a workspace."""
        shaped(read_version, await self._ask_of(key, "/tools/sync/version", within))

    async def check_namespaces(self, key: Key, *, within: float) -> tuple[Namespace, ...]:
        """Request the namespaces, which need a valid key, from a service that has no version endpoint."""
        return await self._with_older_list(lambda path: self._checked_list(key, path, within))

    async def tool_version(self, known: ToolVersion | None, *, within: float, key: Key | None = None) -> ToolVersion:
        """The version of the tools, or `known` itself where that is still it. Asked once, whatever comes of it.

        With a `key`, its refusal says nothing that is not asked about at the same time.
        """
        tag = known.etag.encode() if known is not None and known.etag is not None else None
        headers = {b"If-None-Match": tag} if tag is not None else None
        request = Request(
            "GET",
            "/tools/sync/version",
            headers=headers,
            key=key,
            asks_of_key=key is not None,
            body_limit=FACTS_LIMIT,
        )
        answer = await self._connection.exchange(request, within)
        if answer.is_as_before and known is not None:
            return known
        etag = answer.etag if answer.etag is not None and is_safe_tag(answer.etag) else None
        return ToolVersion(shaped(read_version, answer.body), etag)

    async def namespaces(self, *, within: float, min_version: int | None = None) -> tuple[Namespace, ...]:
        """List the namespaces at `min_version` or later; waits as long as Uru asks until that version is ready."""
        query = "" if min_version is None else f"?min_version={min_version}"
        return await self._with_older_list(lambda path: self._listed(path, query, within))

    async def tools(self, namespace: str, *, within: float) -> tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]:
        """List the tools of a namespace, and the entries that cannot be offered."""
        path = f"/list/apps/{segment(namespace)}/tools"
        request = Request("GET", path, read=partial(shaped, partial(read_tools, namespace)), is_light=True)
        tools: tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]] = await self._connection.send(request, within)
        return tools

    async def execute(
        self,
        namespace: Namespace,
        tool_name: str,
        parameters: dict[str, Any],
        *,
        is_run: bool,
        key: Key | None,
        within: float,
    ) -> RunResult:
        """Call a tool. Only a read (not `is_run`) may be retried when its response is lost.

        Also raises: `Unconfirmed` if a run was sent and its outcome is unknown.
        """
        run = Run(namespace, tool_name, parameters, is_run, key)
        try:
            result = await self._sent(run, within)
        except UruError:
            raise
        except UnexpectedShape as error:
            raise unconfirmed(access_messages.RUN_ANSWERED_WITH.format(error=error)) from error
        except Exception as error:
            # boundary: after a run was sent, an internal error must not hide that the run may have happened
            raise (unconfirmed(access_messages.FAILED_AFTER_SENDING) if is_run else error) from error
        clean = self._redaction.text
        return result._replace(
            error=result.error and clean(result.error), remark=result.remark and clean(result.remark)
        )

    async def aclose(self) -> None:
        await self._connection.aclose()

    async def _sent(self, run: Run, within: float) -> RunResult:
        """Send the run by the current route; if the service lacks it, fall back to the other one from then on."""
        until = time.monotonic() + within
        first = self._route
        try:
            result: RunResult = await self._connection.send(_with_reader(first(run)), within)
            return result
        except UruError as error:
            if not error.details.get("no_route") or not is_safe_segment(run.tool):
                raise
            other = older_route if first is current_route else current_route
            try:
                answer: RunResult = await self._connection.send(_with_reader(other(run)), until - time.monotonic())
            except UruError as second:
                if second.details.get("no_route"):  # both routes are missing, so either error will do
                    raise error from second
                self._route = other
                raise
            self._route = other
            return answer

    async def _with_older_list(self, ask: Callable[[str], Awaitable[Value]]) -> Value:
        """Request `/namespaces`, and fall back to `/list/apps` of older services if it is missing."""
        try:
            return await ask("/namespaces")
        except (Refused, NoAnswer) as error:
            is_missing = isinstance(error, Refused) or error.details.get("status") == NOT_IMPLEMENTED
            if not is_missing or error.code == "too_large":
                raise
            try:
                return await ask("/list/apps")
            except (Refused, NoAnswer):
                raise error from None

    async def _listed(self, path: str, query: str, within: float) -> tuple[Namespace, ...]:
        request = Request("GET", path + query, read=partial(shaped, read_namespaces), is_light=True)
        found: tuple[Namespace, ...] = await self._connection.send(request, within)
        return found

    async def _checked_list(self, key: Key, path: str, within: float) -> tuple[Namespace, ...]:
        reader = partial(shaped, read_namespaces)
        request = Request("GET", path, key=key, asks_of_key=True, read=reader, is_light=True)
        found: tuple[Namespace, ...] = await self._connection.send(request, within)
        return found

    async def _ask_of(self, key: Key, path: str, within: float) -> Any:
        request = Request("GET", path, key=key, asks_of_key=True, body_limit=FACTS_LIMIT)
        return self._connection.clean(await self._connection.send(request, within))


def _with_reader(request: Request) -> Request:
    """The request with a reader that parses the response as a result."""
    return request._replace(read=read_result if request.is_run else partial(shaped, read_result), is_light=True)


def is_safe_tag(tag: str) -> bool:
    """Whether an ETag from Uru is safe to send back in a header."""
    return 0 < len(tag) <= LONGEST_TAG and tag.isascii() and tag.isprintable()
