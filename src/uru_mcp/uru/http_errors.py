"""Maps HTTP error responses of Uru to our errors, which say who can fix the problem.

The error code decides or, if there is none, the status; the text of a message never does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from uru_mcp.errors import (
    Code,
    KeyRefused,
    NoAnswer,
    PermissionMissing,
    Refused,
    Unconfirmed,
    UruError,
    WorkspaceProblem,
)
from uru_mcp.messages import access_messages, call_messages, report_messages
from uru_mcp.messages.access_messages import KEYS_PAGE
from uru_mcp.permissions import in_order, in_words
from uru_mcp.untrusted_input.json_fields import UnexpectedShape, object_at, text_at
from uru_mcp.untrusted_input.quoting import NAME_CHARS, Quotation, quoted
from uru_mcp.uru.error_body import ErrorBody
from uru_mcp.uru.retry import RETRYABLE_STATUSES

Value = TypeVar("Value")

NOT_BEGUN = frozenset(
    {*range(400, 408), *range(409, 424), 426, 428, 429, 431, 451, 494, 495, 496, 497, *range(300, 400)}
    - {303, 418, 419, 420}
)
"""Statuses that prove that a run did not start: the request was refused, by Uru or before it reached Uru.

With any other status, such as 408, 425, 499, and 500 or above, the run may already have been forwarded.
"""

AVAILABLE = "available_workspaces"
WORKSPACES = 20  # workspaces that an error lists

KEY_CODES: Mapping[str, tuple[Code, str]] = {
    "invalid_api_key": ("key_rejected", access_messages.KEY_UNKNOWN),
    "revoked_api_key": ("key_revoked", access_messages.KEY_DELETED),
    "expired_api_key": ("key_expired", access_messages.KEY_EXPIRED),
}

PERMISSION_CODES = frozenset(
    f"{what}_{noun}" for what in ("insufficient", "missing") for noun in ("permission", "permissions")
)

WORKSPACE_CODES: Mapping[str, Code] = {
    "workspace_selection_required": "workspace_selection_required",
    "workspace_required": "workspace_selection_required",
    "workspace_id_invalid": "workspace_not_accessible",
    "workspace_not_accessible": "workspace_not_accessible",
    "workspace_not_allowed_for_credential": "workspace_not_accessible",
}

WORKSPACE_ERRORS: Mapping[Code, tuple[str, str]] = {
    "workspace_selection_required": (
        access_messages.NO_WORKSPACE,
        access_messages.CHOOSE_A_WORKSPACE,
    ),
    "workspace_not_accessible": (
        access_messages.NOT_ITS_WORKSPACE,
        access_messages.SET_ITS_WORKSPACE,
    ),
}


def new_key(steps: str) -> str:
    """The fix for a key that is no longer valid; `steps` says where to put the new one."""
    return access_messages.CREATE_A_KEY.format(keys_page=KEYS_PAGE, steps=steps)


def refusal(
    status: int, error_body: ErrorBody, *, retry_after: float | None, is_call: bool, is_run: bool, steps: str
) -> UruError:
    """The error for a response that is not a success.

    `retry_after` is from the header, in seconds. `is_call` is whether a tool was called, and `is_run` whether it may
    have changed something. `steps` says where to put a new key.
    """
    said = said_in(error_body)
    details: dict[str, Any] = {"log_id": error_body.log_id}
    wait = error_body.retry_after if retry_after is None else retry_after
    workspace_code = WORKSPACE_CODES.get(error_body.code or "")
    if workspace_code is not None and status in (400, 403, 409):
        told = {name: value for name, value in said.advice.items() if name != AVAILABLE}
        available = error_body.details.get(AVAILABLE)
        return workspace_problem(workspace_code, said=Quotation(advice=told), available=available, **details)
    if status == 401:
        code, message = KEY_CODES.get(error_body.code or "", ("key_rejected", access_messages.KEY_REFUSED))
        stated = error_body.code in KEY_CODES
        return KeyRefused(message, fix=new_key(steps), code=code, said=said, is_stated=stated, **details)
    if status == 403 and error_body.code in PERMISSION_CODES:
        return _permission_missing(error_body)
    if status in (409, 429) and (status == 429 or error_body.code == "tools_not_ready"):
        return _asked_to_wait(status, wait, said)
    if status >= 500 or status in RETRYABLE_STATUSES or (is_run and status not in NOT_BEGUN):
        return _failed(status, said, is_run=is_run, wait=wait)
    if 300 <= status < 400:
        return Refused(
            access_messages.REDIRECTED.format(status=status),
            fix=access_messages.CHECK_REDIRECT,
        )
    return _denied(status, said, details) if is_call else _not_uru(status, said)


def said_in(error_body: ErrorBody) -> Quotation:
    """The message of an error body, attributed to Uru until it is known to be an app's."""
    return Quotation(error_body.message, advice=error_body.details)


def workspace_problem(code: Code, available: Any = None, **details: Any) -> WorkspaceProblem:
    """The error for a missing or invalid workspace; `available` is Uru's list of workspaces."""
    message, fix = WORKSPACE_ERRORS[code]
    found = [one for item in available[:WORKSPACES] if (one := _workspace(item))] if isinstance(available, list) else []
    if found:
        named = [f"“{one['name']}” ({one['id']})" if "id" in one else f"“{one['name']}”" for one in found]
        message += access_messages.known_workspaces(named, len(available) - len(found))
        details["available_workspaces"] = found
    if code == "workspace_selection_required" and not all("id" in one for one in found or [{}]):
        fix = f"{access_messages.LIST_WORKSPACES_FIRST}{fix}"
    return WorkspaceProblem(message, fix=fix, code=code, **details)


def _workspace(item: Any) -> dict[str, str]:
    """`{"name", "id"}` of a workspace in any form that Uru sends: text, a record, or a record in `workspace`."""
    record = item if isinstance(item, dict) else {"name": item}
    record = {**(object_at(record, "workspace") or {}), **record}
    own = text_at(record, "id", "workspace_id", "workspaceId")
    name = quoted(text_at(record, "name", "title") or own or "", NAME_CHARS)
    is_id = own is not None and len(own) <= NAME_CHARS and quoted(own) == own
    return ({"name": name, "id": own} if is_id and own else {"name": name}) if name else {}


def shaped(reader: Callable[[Any], Value], body: Any) -> Value:
    """Parse a body with the reader. Raises: `Refused` if the reader does not know its shape."""
    try:
        return reader(body)
    except UnexpectedShape as error:
        raise Refused(
            access_messages.UNUSABLE_ANSWER.format(error=error),
            fix=access_messages.API_MAY_HAVE_CHANGED,
            retryable=True,
        ) from error


def unreadable(seen: str, *, is_run: bool) -> UruError:
    """The error for a successful response whose body is not JSON; `seen` describes what it was."""
    if is_run:
        return unconfirmed(access_messages.UNREADABLE_RUN.format(seen=seen))
    return Refused(
        access_messages.UNREADABLE_ANSWER.format(seen=seen),
        fix=access_messages.CHECK_FOR_A_PROXY,
        retryable=True,
    )


def unconfirmed(what: str, said: Quotation | None = None) -> Unconfirmed:
    return Unconfirmed(call_messages.may_have_happened(what), said=said, fix=call_messages.LOOK_FIRST)


def _permission_missing(error_body: ErrorBody) -> PermissionMissing:
    details: dict[str, Any] = {"required": in_order(error_body.required)}
    if error_body.granted is not None:
        details["granted"] = in_order(error_body.granted)
        details["missing"] = in_order(error_body.required - error_body.granted)
    needs = (
        report_messages.NEEDS_THIS.format(required=in_words(error_body.required))
        if error_body.required
        else access_messages.LACKS_A_PERMISSION
    )
    error = PermissionMissing(
        access_messages.PERMISSION_REFUSED.format(needs=needs),
        fix=access_messages.GIVE_PERMISSION.format(keys_page=KEYS_PAGE),
        said=said_in(error_body),
        **details,
    )
    error.required, error.granted = error_body.required, error_body.granted
    return error


def _asked_to_wait(status: int, wait: float | None, said: Quotation) -> NoAnswer:
    after = report_messages.IN_SECONDS.format(wait=wait) if wait is not None else report_messages.IN_A_MINUTE
    if status == 429:
        return NoAnswer(
            access_messages.ASKED_TO_SLOW_DOWN,
            fix=access_messages.TRY_AGAIN_AFTER.format(after=after),
            code="rate_limited",
            said=said,
            retry_after=wait,
        )
    return NoAnswer(
        access_messages.TOOLS_NOT_READY,
        fix=access_messages.TRY_AGAIN_AFTER.format(after=after),
        said=said,
        retry_after=wait,
    )


def _failed(status: int, said: Quotation, *, is_run: bool, wait: float | None) -> UruError:
    if is_run:
        return unconfirmed(access_messages.FAILED_WHILE_RUNNING.format(status=status), said)
    return NoAnswer(
        access_messages.FAILED.format(status=status),
        said=said,
        fix=access_messages.TRY_IN_A_MINUTE,
        retryable=status in RETRYABLE_STATUSES,
        retry_after=wait,
    )


def _denied(status: int, said: Quotation, details: dict[str, Any]) -> Refused:
    if status == 403:
        fix = access_messages.NOT_ABOUT_PERMISSIONS
        return Refused(access_messages.FORBIDDEN, fix=fix, code="forbidden", said=said, **details)
    if status == 404:
        fix = access_messages.CHECK_THE_ID
        return Refused(access_messages.NO_SUCH_THING, fix=fix, code="not_found", said=said, **details)
    fix = access_messages.CHECK_ARGUMENTS
    return Refused(access_messages.REQUEST_REFUSED.format(status=status), fix=fix, said=said, **details)


def _not_uru(status: int, said: Quotation) -> Refused:
    """The error if Uru's own fixed endpoints do not exist."""
    return Refused(
        access_messages.NOT_URU.format(status=status),
        said=said,
        fix=access_messages.CHECK_THE_ADDRESS,
        code="forbidden" if status == 403 else "upstream_failed",
    )


def connection_problem(title: str, said: Quotation) -> Refused:
    """The error for a 401 that came from a connected app although Uru itself accepts the key."""
    return Refused(
        access_messages.CONNECTION_OF_APP.format(title=quoted(title, NAME_CHARS)),
        fix=access_messages.CONNECT_AGAIN.format(title=quoted(title, NAME_CHARS)),
        code="connection_problem",
        said=said.by(title),
    )
