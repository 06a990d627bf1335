"""One call of one of Uru's tools: its arguments checked, sent, and what came back understood.

It trusts that `gate.py` let the call through.
"""

from __future__ import annotations

from typing import Any

from uru_mcp import arguments as tool_arguments
from uru_mcp.answers import quotation
from uru_mcp.catalog import Tool
from uru_mcp.client import UruClient
from uru_mcp.errors import KeyRefused, PermissionMissing, Refused
from uru_mcp.identity import Identity, connection_problem
from uru_mcp.policy import is_foreign
from uru_mcp.wire import RunResult


async def run(
    tool: Tool, arguments: dict[str, Any], *, client: UruClient, identity: Identity, within: float
) -> RunResult:
    """The result of the tool, within `within` seconds.

    Raises:
        ArgumentError: The arguments do not fit the tool's schema; nothing was sent.
        Refused: The tool failed, or Uru or the app behind it said no.
        Unconfirmed: It was sent, and whether it happened is not known.
        UruError: What else the client raises.
    """
    tool_arguments.check(tool.id, tool.schema, arguments, trusted=not is_foreign(tool.namespace.name))
    try:
        result = await client.execute(tool.namespace, tool.name, arguments, is_run=tool.is_run, within=within)
    except KeyRefused as error:
        standing = await identity.ask()
        if standing.trouble is not None:
            raise standing.trouble.with_traceback(None) from error
        raise connection_problem(tool.namespace.title, error) from error
    except PermissionMissing as error:
        await identity.ask()
        error.details["tool"] = tool.id
        raise
    if result.error is not None:
        raise Refused(
            f"{tool.id} failed.{quotation(result.error)}",
            fix="Read what it says; mend the arguments if they are the cause, otherwise tell the user.",
            tool=tool.id,
            log_id=result.log_id,
        )
    return result
