"""Uru's endpoints: each a method that sends one request and reads its answer.

Whether a call is allowed is decided before it gets here, in `gate.py`, and what a 401 means for the key afterwards, in
`identity.py` and `calls.py`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

from uru_mcp.answers import shaped, unconfirmed
from uru_mcp.connection import Connection, Request
from uru_mcp.errors import NoAnswer, Refused, UruError
from uru_mcp.fields import UnexpectedShape
from uru_mcp.key import Key
from uru_mcp.redaction import Redaction
from uru_mcp.versions import ToolVersion, read_version
from uru_mcp.wire import (
    KeyRecord,
    LeftOut,
    Namespace,
    RunResult,
    UpstreamTool,
    read_key_record,
    read_namespaces,
    read_result,
    read_tools,
)

NO_SUCH_ENDPOINT = (404, 405, 501)
FACTS_LIMIT = 256 * 1024  # bytes of an answer about the key or a version, which is read at once
LONGEST_TAG = 200  # characters
LONGEST_NAME = 200  # characters of a namespace or an account that is sent in a path or header


class UruClient:
    """What one Uru can be asked. Every method answers within `within` seconds or raises.

    `key` is the one for which a request was allowed.

    Raises, all of them: `NoAnswer`, `Refused`, `KeyRefused`, `WorkspaceProblem`, `PermissionMissing`.
    """

    def __init__(self, connection: Connection, redaction: Redaction) -> None:
        self._connection = connection
        self._redaction = redaction

    async def key_record(self, key: Key, *, within: float) -> KeyRecord | None:
        """The key's own record, or None where the service has no such endpoint."""
        try:
            body = await self._ask_of(key, "/keys/self", within)
        except (Refused, NoAnswer) as error:
            if error.details.get("status") in NO_SUCH_ENDPOINT:
                return None
            raise
        return shaped(read_key_record, self._redaction.value(body))

    async def check_workspace(self, key: Key, *, within: float) -> None:
        """Ask for the version of the tools: the cheapest request that needs both a good key and a workspace."""
        await self._ask_of(key, "/tools/sync/version", within)

    async def tool_version(self, known: ToolVersion | None, *, within: float) -> ToolVersion:
        """The version of the tools, or `known` itself where that is still it. Asked once, whatever comes of it."""
        tag = known.etag.encode() if known is not None and known.etag is not None else None
        headers = {b"If-None-Match": tag} if tag is not None else None
        request = Request("GET", "/tools/sync/version", headers=headers, body_limit=FACTS_LIMIT)
        answer = await self._connection.exchange(request, within)
        if answer.is_as_before and known is not None:
            return known
        etag = answer.etag if answer.etag is not None and is_safe_tag(answer.etag) else None
        return ToolVersion(shaped(read_version, answer.body), etag)

    async def namespaces(self, *, within: float, min_version: int | None = None) -> tuple[Namespace, ...]:
        """The namespaces, as they are at that version or later; before it, Uru asks to wait, which is done."""
        query = "" if min_version is None else f"?min_version={min_version}"
        request = Request("GET", f"/namespaces{query}", read=partial(shaped, read_namespaces), is_light=True)
        found: tuple[Namespace, ...] = await self._connection.send(request, within)
        return found

    async def tools(self, namespace: str, *, within: float) -> tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]:
        """The tools of a namespace, and those of its entries that cannot be offered."""
        path = f"/list/apps/{_segment(namespace)}/tools"
        request = Request("GET", path, read=lambda body: shaped(partial(read_tools, namespace), body))
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
        """Run a tool, or read through one: what is not `is_run` may be tried again when its answer is lost.

        Raises, besides: `Unconfirmed` when a run was sent and no clear answer came back.
        """
        routing = {
            b"X-Namespace": namespace.name,
            b"X-Connected-Account-Id": namespace.connected_account_id,
            b"X-Server-Id": namespace.server_id,
        }
        request = Request(
            "POST",
            f"/execute/{_segment(namespace.name)}__execute_tool",
            body={"tool_name": tool_name, "parameters": parameters},
            headers={name: value.encode() for name, value in routing.items() if value is not None},
            is_run=is_run,
            key=key,
            read=read_result if is_run else partial(shaped, read_result),
            is_light=True,
        )
        try:
            result: RunResult = await self._connection.send(request, within)
        except UruError:
            raise
        except UnexpectedShape as error:
            raise unconfirmed(f"Uru answered the run with {error}.") from error
        except Exception as error:
            # boundary: after a run was sent, no fault of ours may hide that it may have happened
            raise (unconfirmed("uru-mcp failed inside after it had sent the run.") if is_run else error) from error
        return replace(result, error=result.error and self._redaction.text(result.error))

    async def aclose(self) -> None:
        await self._connection.aclose()

    async def _ask_of(self, key: Key, path: str, within: float) -> Any:
        request = Request("GET", path, key=key, asks_of_key=True, body_limit=FACTS_LIMIT)
        return await self._connection.send(request, within)


def is_safe_segment(name: str) -> bool:
    """Whether a name can stand in a path and a header without changing either's meaning."""
    return 0 < len(name) <= LONGEST_NAME and name not in (".", "..") and name.isprintable() and name == name.strip()


def is_safe_tag(tag: str) -> bool:
    """Whether a tag of Uru's can be sent back in a header."""
    return 0 < len(tag) <= LONGEST_TAG and tag.isascii() and tag.isprintable()


def _segment(name: str) -> str:
    return quote(name, safe="")
