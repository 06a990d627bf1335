"""Error messages for invalid request parameters that name the wrong field; the SDK's own messages do not.

Values are never repeated, since they may be secrets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mcp.types as types
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from uru_mcp import limits
from uru_mcp.catalog.schemas.scalar_types import KIND_OF
from uru_mcp.messages import call_messages

SDK_SAYS = call_messages.INVALID_PARAMETERS
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
"""JSON types by pydantic's error type."""


async def name_fields(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Server middleware that replaces the SDK's validation errors. Raises: MCPError."""
    try:
        return await call_next(ctx)
    except ValidationError as error:
        problems = list(dict.fromkeys(_problems(error)))
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise MCPError(types.INVALID_PARAMS, f"{SDK_SAYS}: {'; '.join(problems[:SHOWN])}{more}.") from None
    except MCPError as error:
        if error.error.message != SDK_SAYS:
            raise
        message = call_messages.CAME_TOO_EARLY.format(sdk_says=SDK_SAYS, method=ctx.method)
        raise MCPError(types.INVALID_PARAMS, message) from None


def _problems(error: ValidationError) -> Iterator[str]:
    """```arguments`: expected object, got array``, for each invalid field."""
    for found in error.errors(include_url=False, include_context=False):
        steps = [str(step) for step in found["loc"] if step != "params" and not _is_branch(step)]
        place = limits.cut(".".join(steps), PLACE) or "params"
        if found["type"] == "missing":
            yield call_messages.IS_MISSING.format(place=place)
        elif expected := EXPECTED.get(found["type"]):
            yield call_messages.EXPECTED.format(
                place=place, expected=expected, input=KIND_OF.get(type(found["input"]), "something else")
            )
        else:
            yield call_messages.NOT_VALID.format(place=place)


def _is_branch(step: int | str) -> bool:
    """Whether this step of the path is an alternative of a union, such as `PromptReference` or `str`, not a field."""
    return isinstance(step, str) and (step[:1].isupper() or step in ("str", "int"))
