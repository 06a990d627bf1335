"""Parses Uru's error bodies of any shape: objects, JSON in text, HTML, or nothing.

It does not decide what an error means for the user; see `http_errors.py`.

Source: the public Node client, which handles all these shapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from uru_mcp.permissions import NOTHING, Permissions
from uru_mcp.untrusted_input.json_fields import Record, first, object_at, seconds_at, text_at
from uru_mcp.untrusted_input.json_numbers import loads
from uru_mcp.untrusted_input.permission_parsing import at_least_part_of, read_names, told_by
from uru_mcp.untrusted_input.quoting import quoted

LONGEST = 20_000  # characters of a message that are examined; far fewer are shown

ADVICE = ("recovery_tools", "available_workspaces", "tip", "suggestion", "help_url")
LOG_ID_CHARS = 200

# "No such route" messages of web frameworks: Express, NestJS, Fastify, Starlette, FastAPI, Flask, Go, nginx.
# Compiled on first use.
NO_ROUTE = (
    r"(?i:(404:? )?(page )?not found|method not allowed|40[45]|cannot (post|get) /\S*|route (post|get):\S* not found"
    r"|the (requested url was not found on the server|method is not allowed for the requested url)\.[^.]*)"
)


class ErrorBody(NamedTuple):
    """An error body. `code` is normalized to lower case with underscores; `message` is Uru's own text.

    `retry_after` is in seconds. `details` are the fields of `ADVICE` that were present, in words of Uru or
    an app.
    """

    code: str | None = None
    message: str | None = None
    required: Permissions = NOTHING
    granted: Permissions | None = None
    retry_after: float | None = None
    log_id: str | None = None
    details: Mapping[str, Any] = MappingProxyType({})


def is_no_route(status: int, error_body: ErrorBody) -> bool:
    """Whether the service has no such route, so that nothing can have run.

    A 404 or 405 with its own message or code refers to the tool or record instead.
    """
    if status not in (404, 405):
        return False
    if error_body.message is None:
        return error_body.code is None
    return len(error_body.message) <= 300 and re.fullmatch(NO_ROUTE, error_body.message.rstrip(".! ")) is not None


def read_error_body(body: Any) -> ErrorBody:
    """Parse an error body; never raises.

    The code is read from `code`, `error_code`, `error`, `error.code`, `detail`, `detail.code` or `details.code`, the
    message from `message`, `error`, `detail` or `details`.
    """
    if isinstance(body, str):
        return _in_text(body)
    if not isinstance(body, dict):
        return ErrorBody()
    everywhere = {**(object_at(body, "details") or {}), **(object_at(body, "error") or {}), **body}
    return ErrorBody(
        code=next(_codes(body), None),
        message=_message(body),
        required=_required(first(everywhere, "required", "required_permissions", "requiredPermissions")),
        granted=told_by(first(everywhere, "granted", "granted_permissions", "grantedPermissions")),
        retry_after=seconds_at(everywhere, "retry_after_ms"),
        log_id=quoted(text_at(everywhere, "log_id", "logId") or "", LOG_ID_CHARS) or None,
        details={name: everywhere[name] for name in ADVICE if everywhere.get(name) is not None},
    )


def _required(stated: Any) -> Permissions:
    """The permissions that a call required; a partial permission counts as the whole one."""
    named = read_names(stated)
    return named.granted.union(*(at_least_part_of(name) or NOTHING for name in named.unknown))


def _codes(body: Record) -> Iterator[str]:
    nested = [object_at(body, name) or {} for name in ("error", "detail", "details")]
    stated = [text_at(record, name) for record in (body, *nested) for name in ("code", "error_code")]
    for found in (*stated, text_at(body, "error"), text_at(body, "detail")):
        code = re.sub(r"[\s\-]+", "_", (found or "").strip()[:LONGEST]).lower()
        if re.fullmatch(r"[a-z0-9_.]{1,64}", code):
            yield code


def _message(body: Record) -> str | None:
    for name in ("message", "error", "detail", "details"):
        found = body.get(name)
        if isinstance(found, dict):
            found = first(found, "message", "detail", "error")
        if isinstance(found, str) and found.strip():
            return found.strip()[:LONGEST]
    return None


def _in_text(text: str) -> ErrorBody:
    try:
        inner = loads(text)
    except (ValueError, RecursionError):
        inner = None
    if isinstance(inner, dict) or (isinstance(inner, str) and inner != text):
        return read_error_body(inner)
    looks_like_markup = text.lstrip()[:1] == "<"
    return ErrorBody(message=None if looks_like_markup or not text.strip() else text.strip()[:LONGEST])
