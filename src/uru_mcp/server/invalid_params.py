"""Errors about the parameters of a request of MCP that name the field, which the SDK's own errors do not.

No value is repeated, since it may be a secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mcp.types as types
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from uru_mcp import limits, messages
from uru_mcp.catalog.schemas.scalar_types import KIND_OF

SDK_SAYS = messages.INVALID_PARAMETERS
SHOWN = 3
PLACE = 100  # characters
EXPECTED = {
    "dict_type": "object",
    "model_type": "object",
    "model_attributes_type": "object",
    "list_type": "array",
    "string_type": "string",
    "int_type": "integer",
    "int_from_float": "integer",
    "bool_type": "boolean",
    "float_type": "number",
}
"""Types of JSON by pydantic's name of what is wrong."""


async def name_fields(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware of the SDK's server. Raises: MCPError."""
    try:
        return await call_next(ctx)
    except ValidationError as error:
        problems = list(dict.fromkeys(_problems(error)))
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise MCPError(types.INVALID_PARAMS, f"{SDK_SAYS}: {'; '.join(problems[:SHOWN])}{more}.") from None
    except MCPError as error:
        if error.error.message != SDK_SAYS:
            raise
        message = messages.CAME_TOO_EARLY.format(sdk_says=SDK_SAYS, method=ctx.method)
        raise MCPError(types.INVALID_PARAMS, message) from None


def _problems(error: ValidationError) -> Iterator[str]:
    """```arguments`: expected object, got array``, for each field; what a client got wrong in one field once."""
    for found in error.errors(include_url=False, include_context=False):
        steps = [str(step) for step in found["loc"] if step != "params" and not _is_branch(step)]
        place = limits.cut(".".join(steps), PLACE) or "params"
        if found["type"] == "missing":
            yield messages.IS_MISSING.format(place=place)
        elif expected := EXPECTED.get(found["type"]):
            yield messages.EXPECTED.format(
                place=place, expected=expected, input=KIND_OF.get(type(found["input"]), "something else")
            )
        else:
            yield messages.NOT_VALID.format(place=place)


def _is_branch(step: int | str) -> bool:
    """Whether this names an alternative of a union and not a field: `PromptReference`, `str`."""
    return isinstance(step, str) and (step[:1].isupper() or step in ("str", "int"))
