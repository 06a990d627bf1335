"""Handles lines on stdin that the SDK cannot parse: repairs them if that is safe, and otherwise returns an error.

Without this, the client would wait until its timeout. JavaScript writes a lone surrogate when it cuts a string in the
middle of an emoji, and the SDK's parser then rejects the whole line.
"""

from __future__ import annotations

import json
from typing import Any

import mcp.types as types
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from uru_mcp.messages import call_messages

BYTE_ORDER_MARK = "\ufeff"  # some programs on Windows write it first
NOTIFICATIONS = "notifications/"  # prefix of all notification methods
MEMBERS = (("method", str), ("result", dict), ("error", dict))  # one of which every message has
NOT_MCP = call_messages.NOT_A_MESSAGE
NOT_AN_ID = call_messages.ID_OF_REQUEST


def recovered(error: Exception) -> SessionMessage | types.JSONRPCError | None:
    """The repaired message, or the error response for the line; None for a blank line, which needs no response.

    The error has the id of the request if the SDK's exception holds it, and otherwise none.
    """
    found = [one["input"] for one in error.errors(include_url=False)] if isinstance(error, ValidationError) else []
    line = found[0] if found else None
    if isinstance(line, str) and not line.strip():
        return None
    message = next((one for one in found if isinstance(one, dict) and "id" in one), None)
    try:
        if isinstance(line, str) and message is None:
            message = json.loads(line.removeprefix(BYTE_ORDER_MARK))
            return SessionMessage(
                types.jsonrpc_message_adapter.validate_python(replace_lone_surrogates(message), by_name=False)
            )
    except ValidationError:
        pass
    except RecursionError:
        return _refusal(None, types.PARSE_ERROR, call_messages.LINE_TOO_DEEP)
    except ValueError:  # also raised for a number with more digits than Python converts
        return _refusal(None, types.PARSE_ERROR, call_messages.LINE_UNREADABLE)
    number = message.get("id") if isinstance(message, dict) else None
    wanted = number if isinstance(number, (int, str)) and not isinstance(number, bool) else None
    return _refusal(replace_lone_surrogates(wanted), types.INVALID_REQUEST, NOT_MCP)


def refused(number: int | str | None, why: str = NOT_MCP) -> types.JSONRPCError:
    """The error response for a message that is not a valid MCP message."""
    return _refusal(number, types.INVALID_REQUEST, why)


def refuse_invalid_id(message: Any) -> types.JSONRPCError | None:
    """The error response for a request whose id is neither a string nor an integer; None for any other message.

    Its id is null, as JSON-RPC requires: most parsers read 2.0 as 2, which may be the id of another request.
    """
    if not isinstance(message, dict) or not isinstance(message.get("method"), str) or "id" not in message:
        return None
    number = message["id"]
    if number is None and message["method"].startswith(NOTIFICATIONS):
        return None  # some clients write a null id in notifications
    is_id = isinstance(number, (int, str)) and not isinstance(number, bool)
    return None if is_id else refused(None, NOT_AN_ID)


def refuse_shapeless(message: dict[str, Any]) -> types.JSONRPCError | None:
    """The error response, under its own id, for an object that is no request, notification or response.

    The SDK's exception holds only the members that are wrong, so the id would be lost there.
    """
    if message.get("jsonrpc") == "2.0" and any(isinstance(message.get(name), kind) for name, kind in MEMBERS):
        return None
    number = message.get("id")
    is_id = isinstance(number, (int, str)) and not isinstance(number, bool)
    return refused(replace_lone_surrogates(number) if is_id else None)


def replace_lone_surrogates(value: Any) -> Any:
    """A copy of the value with every lone surrogate replaced by U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [replace_lone_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {replace_lone_surrogates(name): replace_lone_surrogates(item) for name, item in value.items()}
    return value


def _refusal(number: int | str | None, code: int, message: str) -> types.JSONRPCError:
    return types.JSONRPCError(jsonrpc="2.0", id=number, error=types.ErrorData(code=code, message=message))
