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

from uru_mcp import messages

BYTE_ORDER_MARK = "\ufeff"  # which some programs on Windows begin with
NOTIFICATIONS = "notifications/"  # with which the names of all notifications begin
NOT_MCP = messages.NOT_A_MESSAGE
NOT_AN_ID = messages.ID_OF_REQUEST


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
            return SessionMessage(types.jsonrpc_message_adapter.validate_python(whole(message), by_name=False))
    except ValidationError:
        pass
    except RecursionError:
        return _refusal(None, types.PARSE_ERROR, messages.LINE_TOO_DEEP)
    except ValueError:  # a number of more digits than Python reads is one too
        return _refusal(None, types.PARSE_ERROR, messages.LINE_UNREADABLE)
    number = message.get("id") if isinstance(message, dict) else None
    wanted = number if isinstance(number, (int, str)) and not isinstance(number, bool) else None
    return _refusal(whole(wanted), types.INVALID_REQUEST, NOT_MCP)


def refused(number: int | str | None, why: str = NOT_MCP) -> types.JSONRPCError:
    """The refusal of a message that is no request of MCP."""
    return _refusal(number, types.INVALID_REQUEST, why)


def misnumbered(message: Any) -> types.JSONRPCError | None:
    """The refusal of a request whose id is neither text nor a whole number; None for any other message.

    It has no id, as JSON-RPC wants it: 2.0 is 2 to most readers, and another request may have that id.
    """
    if not isinstance(message, dict) or not isinstance(message.get("method"), str) or "id" not in message:
        return None
    number = message["id"]
    if number is None and message["method"].startswith(NOTIFICATIONS):
        return None  # some clients write so that there is none
    is_id = isinstance(number, (int, str)) and not isinstance(number, bool)
    return None if is_id else refused(None, NOT_AN_ID)


def whole(value: Any) -> Any:
    """The value with every half of a surrogate pair replaced, as readers of broken text do."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {whole(name): whole(item) for name, item in value.items()}
    return value


def _refusal(number: int | str | None, code: int, message: str) -> types.JSONRPCError:
    return types.JSONRPCError(jsonrpc="2.0", id=number, error=types.ErrorData(code=code, message=message))
