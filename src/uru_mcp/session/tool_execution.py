"""Executes one call of one of Uru's tools, and interprets the response.

It relies on `access/gate.py` having admitted the call and on `catalog/schemas/validation.py` having accepted its
arguments.
"""

from __future__ import annotations

import time
from typing import Any

import anyio

from uru_mcp.access.identity import Identity
from uru_mcp.access.policy import PLATFORM
from uru_mcp.catalog.catalog import Tool
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import KeyRefused, KeyReplaced, NoAnswer, PermissionMissing, Refused, Unconfirmed, UruError
from uru_mcp.messages import access_messages, call_messages
from uru_mcp.permissions import NOTHING, in_order
from uru_mcp.untrusted_input.quoting import NAME_CHARS, Quotation, quoted
from uru_mcp.uru.api import UruClient
from uru_mcp.uru.http_errors import connection_problem, unconfirmed
from uru_mcp.uru.run_results import RunResult


class Calls:
    """Sends calls with one client, and asks the identity whether a refusal is about the key."""

    def __init__(self, client: UruClient, identity: Identity) -> None:
        self._client = client
        self._identity = identity

    async def run(self, tool: Tool, arguments: dict[str, Any], *, key: Key | None, within: float) -> RunResult:
        """The result of the tool, within `within` seconds. `key` is the one that the gate admitted.

        Raises:
            KeyReplaced: Nothing was done, and the key has been rotated: go through the gate again.
            Refused: The tool failed, or Uru or the connected app refused the call.
            Unconfirmed: The call was sent, and its outcome is unknown.
            UruError: Any other error of the client.
        """
        try:
            return await self._sent(tool, arguments, key, within=within)
        except Unconfirmed as error:
            error.fix = how_to_look(tool)
            error.details["tool"] = tool.id
            raise

    async def _sent(self, tool: Tool, arguments: dict[str, Any], key: Key | None, *, within: float) -> RunResult:
        until = time.monotonic() + within
        try:
            result = await self._client.execute(
                tool.namespace, tool.name, arguments, is_run=tool.is_run, key=key, within=within
            )
        except KeyRefused as error:
            raise await self._meaning_of_401(tool, error, key, within=until - time.monotonic()) from error
        except PermissionMissing as error:
            raise self._missing(tool, error, key) from error
        except UruError as error:
            error.said = error.said.by(speaker_of(tool))
            raise
        if result.error is not None:
            raise Refused(
                access_messages.TOOL_FAILED.format(id=tool.id),
                said=Quotation(result.error, speaker_of(tool)),
                fix=access_messages.READ_WHAT_IT_SAYS,
                tool=tool.id,
                log_id=result.log_id,
            )
        return result

    def _missing(self, tool: Tool, error: PermissionMissing, key: Key | None) -> UruError:
        """The error for a response that reports a missing permission; Uru's report updates the key's status.

        An app may use the same code for a permission of its own, and then names none of Uru's.
        """
        required, granted = error.required, error.granted
        if not required and tool.namespace.name != PLATFORM:
            return Refused(
                access_messages.APP_REFUSED.format(title=quoted(tool.namespace.title, NAME_CHARS)),
                said=error.said.by(speaker_of(tool)),
                fix=access_messages.NOT_ABOUT_THE_KEY,
                code="forbidden",
                tool=tool.id,
            )
        missing = (required or tool.needs) - (granted or NOTHING)
        self._identity.note_refusal(key, missing or required or tool.needs, granted)
        error.details |= {"tool": tool.id, "required": in_order(required or tool.needs)}
        return error

    async def _meaning_of_401(self, tool: Tool, error: KeyRefused, key: Key | None, *, within: float) -> UruError:
        """The error for a 401: the key or the app's connection may be invalid, so the key's status is checked first."""
        key_status = None
        with anyio.move_on_after(within):
            key_status = await self._identity.after_refusal(key)
        said = error.said.by(speaker_of(tool))
        if key_status is None or key_status.refresh_error is not None:
            return NoAnswer(
                access_messages.WHOSE_REFUSAL.format(title=quoted(tool.namespace.title, NAME_CHARS)),
                said=said,
                fix=access_messages.CALL_WHOAMI_IN_A_MINUTE,
                retryable=False,
            )
        if key_status.trouble is not None:
            return key_status.trouble.with_traceback(None)
        if key_status.key != key:
            return self._replaced(tool, error, key)
        if tool.namespace.name == PLATFORM:
            message = access_messages.REFUSED_THOUGH_KEY_IS_FINE
            return Refused(message, fix=access_messages.ONLY_URU_KNOWS, code="forbidden", said=said)
        return connection_problem(tool.namespace.title, said)

    def _replaced(self, tool: Tool, error: KeyRefused, key: Key | None) -> UruError:
        """The error for a 401 on a call whose key has been rotated since.

        A connected app may return 401 too, even after part of a run. So a run is known not to have started only if
        Uru's own error code blames the key, and the key's status had the same code.
        """
        said = self._identity.refusal_of(key)
        if tool.is_run and not (error.details.get("is_stated") and said is not None and said.code == error.code):
            return unconfirmed(access_messages.REFUSED_WITH_OLD_KEY)
        return KeyReplaced(
            access_messages.KEY_WAS_REPLACED,
            fix=access_messages.SAME_CALL_AGAIN,
            code=error.code,
        )


def how_to_look(tool: Tool) -> str:
    """The fix for an unknown outcome: where to check whether the tool did its work."""
    if tool.namespace.name != PLATFORM:
        return call_messages.look_in_app(tool.id, quoted(tool.namespace.title, NAME_CHARS))
    return call_messages.look_at_runs(tool.id) if "automation_" in tool.name else call_messages.look_at_record(tool.id)


def speaker_of(tool: Tool) -> str:
    """The source of a tool's messages: `Uru`, or the name of the app."""
    return "Uru" if tool.namespace.name == PLATFORM else tool.namespace.title
