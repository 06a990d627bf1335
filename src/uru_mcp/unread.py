"""Lines on stdin that the SDK cannot read: mended where that is safe, and otherwise answered, so that nobody waits.

JavaScript writes half a surrogate pair when it cuts a text in the middle of an emoji; the SDK's parser refuses the
whole line for it, and a client would wait for the answer until its own time is up.
"""

from __future__ import annotations

import json
from typing import Any

import mcp.types as types
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

BYTE_ORDER_MARK = "\ufeff"  # which some programs on Windows begin with


def salvaged(error: Exception) -> SessionMessage | types.JSONRPCError | None:
    """The message that a line was meant to be, or the error to answer it with; None where no answer is wanted.

    The error has the id of the request where the SDK's exception still holds it, and otherwise none.
    """
    found = [one["input"] for one in error.errors(include_url=False)] if isinstance(error, ValidationError) else []
    line = found[0] if found else None
    if isinstance(line, str) and not line.strip():
        return None
    message = next((one for one in found if isinstance(one, dict) and "id" in one), None)
    try:
        if isinstance(line, str) and message is None:
            message = json.loads(line.removeprefix(BYTE_ORDER_MARK))
            return SessionMessage(types.jsonrpc_message_adapter.validate_python(_whole(message), by_name=False))
    except ValidationError:
        pass
    except RecursionError:
        return _refusal(None, types.PARSE_ERROR, "This line is nested too deeply.")
    except ValueError:  # a number of more digits than Python reads is one too
        return _refusal(None, types.PARSE_ERROR, "This line is not JSON that can be read.")
    number = message.get("id") if isinstance(message, dict) else None
    wanted = number if isinstance(number, (int, str)) and not isinstance(number, bool) else None
    return _refusal(_whole(wanted), types.INVALID_REQUEST, "This is not a JSON-RPC 2.0 message of MCP.")


def _whole(value: Any) -> Any:
    """The value with every half of a surrogate pair replaced, as readers of broken text do."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(item) for name, item in value.items()}
    return value


def _refusal(number: int | str | None, code: int, message: str) -> types.JSONRPCError:
    return types.JSONRPCError(jsonrpc="2.0", id=number, error=types.ErrorData(code=code, message=message))
