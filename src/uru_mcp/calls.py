"""One call of one of Uru's tools: its arguments checked, sent, and what came back understood.

It trusts that `gate.py` let the call through.
"""

from __future__ import annotations

import time
from typing import Any

import anyio

from uru_mcp import arguments as tool_arguments
from uru_mcp.answers import connection_problem, quotation
from uru_mcp.catalog import Tool
from uru_mcp.client import UruClient
from uru_mcp.errors import KeyRefused, NoAnswer, PermissionMissing, Refused, UruError
from uru_mcp.identity import Identity
from uru_mcp.permissions import in_order
from uru_mcp.policy import PLATFORM
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
    until = time.monotonic() + within
    tool_arguments.check(tool.id, tool.schema, arguments, trusted=tool.namespace.name == PLATFORM)
    try:
        result = await client.execute(tool.namespace, tool.name, arguments, is_run=tool.is_run, within=within)
    except KeyRefused as error:
        raise await _whose_refusal(tool, error, identity, within=until - time.monotonic()) from error
    except PermissionMissing as error:
        with anyio.move_on_after(until - time.monotonic()):
            await identity.ask()
        error.details["tool"] = tool.id
        error.details["required"] = error.details["required"] or in_order(tool.needs)
        raise
    if result.error is not None:
        raise Refused(
            f"{tool.id} failed.{quotation(result.error)}",
            fix="Read what it says; mend the arguments if they are the cause, otherwise tell the user.",
            tool=tool.id,
            log_id=result.log_id,
        )
    return result


async def _whose_refusal(tool: Tool, error: KeyRefused, identity: Identity, *, within: float) -> UruError:
    """What a 401 means: the key's end, or that of the app's own connection. Uru is asked before the key is blamed."""
    standing = None
    with anyio.move_on_after(within):
        standing = await identity.ask()
    quoted = error.details.get("quoted", "")
    if standing is None or standing.doubt is not None:
        return NoAnswer(
            f"The call was refused (401), and Uru does not say now whether that is about the API key or about the"
            f" connection of “{tool.namespace.title}”.{quoted}",
            fix="Call uru_whoami in a minute.",
            retryable=False,
        )
    if standing.trouble is not None:
        return standing.trouble.with_traceback(None)
    if tool.namespace.name == PLATFORM:
        message = f"Uru refused this call (401), though the API key is fine.{quoted}"
        return Refused(message, fix="Tell the user; only Uru knows why.", code="forbidden")
    return connection_problem(tool.namespace.title, quoted)
