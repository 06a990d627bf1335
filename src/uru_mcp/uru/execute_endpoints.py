"""Builds requests for the two execute endpoints: the current one, and that of older services as a fallback.

Source: the public Node client, whose versions up to 3.6 used the older one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from uru_mcp.credentials.api_key import Key
from uru_mcp.uru.http import Request
from uru_mcp.uru.namespaces_and_tools import Namespace

LONGEST_NAME = 200  # characters of a name in a path or header


class Run(NamedTuple):
    """A tool call. `is_run` is whether it may change something and so must be sent only once; `key` as in `Request`."""

    namespace: Namespace
    tool: str
    parameters: dict[str, Any]
    is_run: bool
    key: Key | None


def current_route(run: Run) -> Request:
    """`POST /execute/{namespace}__execute_tool`, with the tool's name in the body."""
    headers = {
        b"X-Namespace": run.namespace.name,
        b"X-Connected-Account-Id": run.namespace.connected_account_id,
        b"X-Server-Id": run.namespace.server_id,
    }
    body = {"tool_name": run.tool, "parameters": run.parameters}
    return _request(run, f"{segment(run.namespace.name)}__execute_tool", body, headers)


def older_route(run: Run) -> Request:
    """`POST /execute/{tool}`, with the parameters and the namespace in the body."""
    routing = {
        "_app_context": run.namespace.name,
        "_connected_account_id": run.namespace.connected_account_id,
        "_server_id": run.namespace.server_id,
    }
    body = {**run.parameters, **{name: value for name, value in routing.items() if value is not None}}
    return _request(run, segment(run.tool), body, {b"X-App-Context": run.namespace.name})


def is_safe_segment(name: str) -> bool:
    """Whether a name is safe to use in a path and a header."""
    return 0 < len(name) <= LONGEST_NAME and name not in (".", "..") and name.isprintable() and name == name.strip()


def segment(name: str) -> str:
    """A name, percent-encoded as a path segment."""
    return quote(name, safe="")


def _request(run: Run, endpoint: str, body: dict[str, Any], headers: Mapping[bytes, str | None]) -> Request:
    return Request(
        "POST",
        f"/execute/{endpoint}",
        body=body,
        headers={name: value.encode() for name, value in headers.items() if value is not None},
        is_run=run.is_run,
        key=run.key,
    )
