"""Differences of error bodies: the same errors and statuses in other formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import html_pages
from .difference import Around, Reply, family, html_reply, rewriting, without

REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}

Body = dict[str, Any]


def _errors(change: Callable[[str, str, Body], Any]) -> Around:
    """Change the body of an error, given its code, its message, and the body's other members."""

    def changed(reply: Reply) -> Reply:
        if reply.status < 400 or not reply.is_json:
            return reply
        body = reply.json
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict) or "code" not in error:
            return reply
        return reply.with_json(change(error["code"], error["message"], without(body, "error")))

    return rewriting(changed)


def _page(reply: Reply) -> Reply:
    if reply.status < 400:
        return reply
    return html_reply(html_pages.gateway(reply.status, REASONS.get(reply.status, "Error")), reply.status)


def _nothing(reply: Reply) -> Reply:
    return Reply(reply.status, b"", {}) if reply.status >= 400 else reply


DIFFERENCES = family(
    "errors",
    [
        (
            "errors-flat",
            "Errors have code and message at the top.",
            _errors(lambda c, m, more: {"code": c, "message": m, **more}),
        ),
        (
            "errors-code-as-error",
            "Errors have their code as error, beside message.",
            _errors(lambda c, m, more: {"error": c, "message": m, **more}),
        ),
        (
            "errors-error-code",
            "Errors have error_code, and their message as error.",
            _errors(lambda c, m, more: {"error_code": c, "error": m, **more}),
        ),
        (
            "errors-detail",
            "Errors stand under detail.",
            _errors(lambda c, m, more: {"detail": {"code": c, "message": m, **more}}),
        ),
        (
            "errors-detail-code",
            "Errors have their code as detail, and no message.",
            _errors(lambda c, m, _: {"detail": c}),
        ),
        (
            "errors-details",
            "Errors have code and all else under details.",
            _errors(lambda c, m, more: {"message": m, "details": {"code": c, **more}}),
        ),
        (
            "errors-upper-case",
            "Codes of errors are in upper case, with hyphens.",
            _errors(lambda c, m, more: {"error": {"code": c.upper().replace("_", "-"), "message": m}, **more}),
        ),
        ("errors-message-alone", "Errors have a message and no code.", _errors(lambda c, m, _: {"message": m})),
        (
            "errors-in-text",
            "Errors are JSON in a text.",
            _errors(lambda c, m, more: json.dumps({"error": {"code": c, "message": m}, **more})),
        ),
        ("errors-html", "Errors are pages of HTML.", rewriting(_page)),
        ("errors-empty", "Errors have a status and no body.", rewriting(_nothing)),
    ],
)
