"""Requests each read-only endpoint once and keeps the responses for a report. It changes nothing in Uru.

Requests that the settings or the key's own record do not allow are not sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from uru_mcp.access.gate import runs_unasked
from uru_mcp.access.policy import PLATFORM, READ
from uru_mcp.catalog.catalog import classified
from uru_mcp.commands.doctor.answer_shapes import parsed
from uru_mcp.config.settings import Settings
from uru_mcp.errors import UruError
from uru_mcp.permissions import Permission
from uru_mcp.session.read_permission_check import QUERIES
from uru_mcp.untrusted_input.json_fields import UnexpectedShape
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.api import is_safe_tag
from uru_mcp.uru.error_body import is_no_route, read_error_body
from uru_mcp.uru.execute_endpoints import Run, current_route, is_safe_segment, older_route, segment
from uru_mcp.uru.http import Connection, Received, Request
from uru_mcp.uru.key_record import read_key_record
from uru_mcp.uru.namespaces_and_tools import Namespace, UpstreamTool, read_namespaces, read_tools

WITHIN = 10.0  # seconds for one request
MOST_NAMESPACES = 12  # besides `platform`
LIST = {"op": "list", "limit": 1}

HEALTH, SELF, VERSION, CONDITIONAL = "health", "key record", "version", "version again"
NAMESPACES, APPS, RUN, OLDER = "namespaces", "apps", "run", "older run"


@dataclass(frozen=True, slots=True)
class Probe:
    """One request and its outcome. `path` contains no name from the workspace; `kind` is the kind of request.

    `answer` is None if there was no response, and then `code` says why. `ms` is the duration in milliseconds.
    """

    kind: str
    method: str
    path: str
    ms: float
    answer: Received | None = None
    code: str = ""
    namespace: str = ""

    @property
    def body(self) -> Any:
        """The JSON of the body; None if it is not JSON."""
        held = parsed(self.answer.body) if self.answer is not None else ()
        return held[0] if held else None

    @property
    def is_good(self) -> bool:
        return self.answer is not None and 200 <= self.answer.status < 300 and self.body is not None


class Probes:
    """Sends the requests one after the other."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._settings = settings
        self.made: list[Probe] = []

    async def make(self) -> list[Probe]:
        await self._get(HEALTH, "/health")
        await self._get(SELF, "/keys/self")
        version = await self._get(VERSION, "/tools/sync/version")
        tag = version.answer.headers.get("etag") if version.answer is not None else None
        if tag and is_safe_tag(tag):
            headers = {b"If-None-Match": tag.encode()}
            await self._get(CONDITIONAL, "/tools/sync/version", headers=headers)
        listed = [await self._get(NAMESPACES, "/namespaces"), await self._get(APPS, "/list/apps")]
        tools = await self._tools_of(PLATFORM, PLATFORM)
        for number, name in enumerate(self._others(listed), 1):
            await self._tools_of(name, f"{{namespace {number}}}")
        await self._lists(tools)
        return self.made

    def _others(self, listed: Iterable[Probe]) -> list[str]:
        """The names of the first few other namespaces that the settings allow."""
        names = dict.fromkeys(one.name for probe in listed for one in _read(read_namespaces, probe.body) or ())
        patterns = self._settings.namespaces
        return [
            name
            for name in names
            if name != PLATFORM
            and is_safe_segment(name)
            and (not patterns or any(fnmatchcase(name, pattern) for pattern in patterns))
        ][:MOST_NAMESPACES]

    async def _tools_of(self, name: str, shown: str) -> tuple[UpstreamTool, ...]:
        path = f"/list/apps/{segment(name)}/tools"
        probe = await self._get("tools", path, shown=f"/list/apps/{shown}/tools", namespace=shown)
        return (_read(lambda body: read_tools(name, body), probe.body) or ((), ()))[0]

    async def _lists(self, tools: tuple[UpstreamTool, ...]) -> None:
        """List each kind of record once, if its tool exists and the key may read."""
        by_name = {tool.name: tool for tool in tools}
        if not self._may_read():
            return
        for name in QUERIES:
            tool = by_name.get(name)
            if tool is None or tool.declared not in (None, READ) or tool.read_only is False:
                continue
            if not runs_unasked(classified(Namespace(PLATFORM, PLATFORM), tool, Redaction()), self._settings.rules):
                continue
            run = Run(Namespace(PLATFORM, PLATFORM), name, LIST, is_run=False, key=None)
            first = await self._send(RUN, current_route(run), f"/execute/platform__execute_tool: {name}")
            if not any(probe.kind == OLDER for probe in self.made) and _is_no_route(first):
                await self._send(OLDER, older_route(run), f"/execute/{name}")

    def _may_read(self) -> bool:
        """Whether neither the settings, the policy nor the key's own record say that the key lacks Read."""
        declared = self._settings.permissions
        own = next((probe for probe in self.made if probe.kind == SELF), None)
        record = _read(read_key_record, own.body) if own is not None and own.is_good else None
        told = record.permissions if record is not None else None
        return all(
            known is None or Permission.READ in known for known in (declared, self._settings.allowed_permissions, told)
        )

    async def _get(
        self, kind: str, path: str, *, shown: str = "", namespace: str = "", headers: dict[bytes, bytes] | None = None
    ) -> Probe:
        request = Request("GET", path, headers=headers, asks_of_key=True)
        with_tag = " with If-None-Match" if headers else ""
        return await self._send(kind, request, (shown or path) + with_tag, namespace)

    async def _send(self, kind: str, request: Request, shown: str, namespace: str = "") -> Probe:
        began = time.monotonic()
        answer, code = None, ""
        try:
            answer = await self._connection.receive(request, WITHIN)
        except UruError as error:
            code = error.code
        ms = (time.monotonic() - began) * 1000
        probe = Probe(kind, request.method, shown, ms, answer, code, namespace)
        self.made.append(probe)
        return probe


def _is_no_route(probe: Probe) -> bool:
    if probe.answer is None:
        return False
    return is_no_route(probe.answer.status, read_error_body(probe.answer.body.decode(errors="replace")))


def _read(reader: Callable[[Any], Any], body: Any) -> Any:
    """The value that a reader parses from a body; None if it cannot."""
    with suppress(UnexpectedShape):
        return reader(body)
    return None
