"""`POST /execute/{namespace}__execute_tool`: parses the request, runs the tool, and records the call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from starlette.requests import Request

from ..data import clock
from ..data.callers import RECOVERY_TOOLS, Caller, selected_workspace
from ..data.database import Database, new_id
from ..errors import ApiError, ToolFailure
from ..permissions import in_order
from ..tools.registry import Call, Registry, Tool

ENDPOINT = "__execute_tool"

Outcome = Literal["succeeded", "failed", "refused"]


@dataclass(frozen=True, slots=True)
class Order:
    """The tool to call, with its arguments."""

    namespace: str
    tool: str
    parameters: dict[str, Any]


async def read_order(request: Request) -> Order:
    """Raises: ApiError 404 for the path, 400 for an invalid header or body."""
    endpoint = request.path_params["endpoint"]
    namespace = endpoint.removesuffix(ENDPOINT)
    if not namespace or namespace == endpoint:
        raise ApiError(404, "not_found", f"There is nothing at {request.url.path}.")
    if request.headers.get("x-namespace") != namespace:
        raise ApiError(400, "namespace_mismatch", f"X-Namespace must be {namespace!r}, as in the path.")
    body = _parse(await request.body())
    if not isinstance(body, dict) or set(body) != {"tool_name", "parameters"}:
        raise ApiError(400, "invalid_request", "The body must be an object with exactly tool_name and parameters.")
    if not isinstance(body["tool_name"], str) or not isinstance(body["parameters"], dict):
        raise ApiError(400, "invalid_request", "tool_name must be text, and parameters an object.")
    return Order(namespace, body["tool_name"], body["parameters"])


def find_tool(database: Database, registry: Registry, caller: Caller, order: Order, headers: Mapping[str, str]) -> Tool:
    """Raises: ApiError 404, 400 for the headers of the connection, 409 without a workspace."""
    if order.namespace != "platform" or order.tool not in RECOVERY_TOOLS:
        workspace_id = selected_workspace(database, caller)
        record = registry.record(workspace_id, order.namespace)
        if record is None:
            raise ApiError(404, "not_found", f"There is no namespace {order.namespace!r} in this workspace.")
        _check_connection(record, headers)
    tool = registry.find(caller.workspace_id, order.namespace, order.tool)
    if tool is None:
        raise ApiError(404, "not_found", f"There is no tool {order.tool!r} in {order.namespace}.")
    return tool


async def execute(database: Database, registry: Registry, caller: Caller, order: Order, tool: Tool) -> dict[str, Any]:
    """Run the tool if the key may, and record the call either way. Raises: ApiError 403, 404 for an unknown record."""
    needed = tool.needs(order.namespace)
    call = Call(database, registry, caller.key, caller.workspace_id, order.parameters, new_id("log"))
    if not needed <= caller.key.permissions:
        _record(call, order, needed, "refused")
        refuse(needed, caller)
    try:
        data = await tool.run(call)
    except ToolFailure as failure:
        _record(call, order, needed, "failed")
        return _answer(None, str(failure), call.log_id)
    except ApiError:
        _record(call, order, needed, "failed")
        raise
    _record(call, order, needed, "succeeded")
    return _answer(data, None, call.log_id)


def refuse(needed: frozenset[str], caller: Caller) -> NoReturn:
    granted = in_order(caller.key.permissions)
    raise ApiError(
        403,
        "insufficient_permission",
        f"This needs {' and '.join(in_order(needed))}; the key has {' and '.join(granted) or 'no permission'}.",
        required=in_order(needed),
        granted=granted,
    )


def _check_connection(record: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    for field, header in (("connected_account_id", "X-Connected-Account-Id"), ("server_id", "X-Server-Id")):
        if record.get(field) is not None and headers.get(header) != record[field]:
            raise ApiError(400, "connection_mismatch", f"{header} must be the {field} of {record['name']}.")


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "invalid_json", "The body is not JSON.") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON.")


def _answer(data: Any, error: str | None, log_id: str) -> dict[str, Any]:
    done = error is None
    return {"data": data, "successful": done, "success": done, "error": error, "log_id": log_id}


def _record(call: Call, order: Order, needed: frozenset[str], outcome: Outcome) -> None:
    call.database.insert(
        "calls",
        id=call.log_id,
        key_id=call.key.id,
        workspace_id=call.workspace_id,
        namespace=order.namespace,
        tool=order.tool.encode(errors="backslashreplace").decode(),
        arguments_json=json.dumps(order.parameters),
        permission=",".join(in_order(needed)),
        outcome=outcome,
        at=clock.stamp(),
    )
