"""Differences of `/keys/self`: missing, failing, or without information about the key."""

from __future__ import annotations

import asyncio
from typing import Any

from ..api.faults import HungUp
from ..api.request_log import Request
from . import html_pages
from .difference import (
    JSON,
    Around,
    Reply,
    Serve,
    answering,
    at,
    changing,
    family,
    html_reply,
    json_reply,
    refusal,
    text_reply,
    without,
)

PATH = "/keys/self"
SLOW = 30.0  # seconds
NO_SESSION = "Sign in to see this page."


def _answer(reply: Reply) -> Around:
    return answering(at(PATH), reply)


def _hangs_up(serve: Serve) -> Serve:
    async def hung_up(request: Request) -> Reply:
        if request.path == PATH:
            raise HungUp("The sandbox hung up.")
        return await serve(request)

    return hung_up


def _is_slow(serve: Serve) -> Serve:
    async def slow(request: Request) -> Reply:
        if request.path == PATH:
            await asyncio.sleep(SLOW)
        return await serve(request)

    return slow


def _permissions(*names: str) -> Around:
    """The record, with these permissions instead of the key's own."""

    def change(record: Any) -> Any:
        return {**record, "permissions": list(names)}

    return changing(at(PATH), change)


_REDIRECT = Reply(302, b"", {"location": "/login?next=%2Fkeys%2Fself"})
_LOOP = Reply(301, b"", {"location": PATH})
_DETAIL = {"detail": [{"loc": ["query", "session"], "msg": "field required", "type": "value_error.missing"}]}

MISSING = family(
    "key record missing",
    [
        ("no-key-record", "/keys/self answers 404 with JSON.", _answer(json_reply({"message": "Not Found"}, 404))),
        ("key-record-404-text", "/keys/self answers 404 with text.", _answer(text_reply("Not Found", 404))),
        (
            "key-record-404-html",
            "/keys/self answers 404 with the page of Express.",
            _answer(html_reply(html_pages.express("GET", PATH), 404)),
        ),
        (
            "key-record-404-code",
            "/keys/self answers 404 in the form of an error of Uru.",
            _answer(refusal(404, "not_found", "There is no key 'self'.")),
        ),
        (
            "key-record-405",
            "/keys/self answers 405.",
            _answer(text_reply("Method Not Allowed", 405).with_header("allow", "DELETE, PATCH")),
        ),
        ("key-record-410", "/keys/self answers 410.", _answer(json_reply({"message": "Gone"}, 410))),
        ("key-record-501", "/keys/self answers 501.", _answer(json_reply({"message": "Not Implemented"}, 501))),
    ],
)
REFUSED = family(
    "key record refused",
    [
        ("key-record-400", "/keys/self answers 400.", _answer(json_reply({"error": "Bad Request"}, 400))),
        (
            "key-record-400-workspace",
            "/keys/self answers 400 with the code workspace_required.",
            _answer(refusal(400, "workspace_required", "A workspace is required.")),
        ),
        (
            "key-record-401",
            "/keys/self answers 401 with the code invalid_api_key, since only sessions may ask.",
            _answer(refusal(401, "invalid_api_key", NO_SESSION)),
        ),
        ("key-record-401-text", "/keys/self answers 401 with text.", _answer(text_reply("Unauthorized", 401))),
        (
            "key-record-401-revoked",
            "/keys/self answers 401 with the code revoked_api_key.",
            _answer(refusal(401, "revoked_api_key", NO_SESSION)),
        ),
        ("key-record-403", "/keys/self answers 403 with JSON.", _answer(json_reply({"message": "Forbidden"}, 403))),
        ("key-record-403-text", "/keys/self answers 403 with text.", _answer(text_reply("Forbidden", 403))),
        (
            "key-record-403-permission",
            "/keys/self answers 403 with the code insufficient_permission, and needs admin.",
            _answer(refusal(403, "insufficient_permission", "This needs admin.", required=["admin"])),
        ),
        (
            "key-record-403-workspace",
            "/keys/self answers 403 with the code workspace_not_accessible.",
            _answer(refusal(403, "workspace_not_accessible", NO_SESSION)),
        ),
        (
            "key-record-409",
            "/keys/self answers 409 with the code workspace_selection_required.",
            _answer(refusal(409, "workspace_selection_required", "Select a workspace.", available_workspaces=[])),
        ),
        ("key-record-422", "/keys/self answers 422.", _answer(json_reply(_DETAIL, 422))),
        ("key-record-login", "/keys/self redirects to a login.", _answer(_REDIRECT)),
        ("key-record-redirect-loop", "/keys/self redirects to itself.", _answer(_LOOP)),
    ],
)
FAILING = family(
    "key record failing",
    [
        (
            "key-record-429",
            "/keys/self answers 429.",
            _answer(json_reply({"message": "Too Many Requests"}, 429).with_header("retry-after", "60")),
        ),
        ("key-record-500", "/keys/self answers 500 with JSON.", _answer(refusal(500, "internal", "Not your fault."))),
        ("key-record-503", "/keys/self answers 503 with text.", _answer(text_reply("Service Unavailable", 503))),
        ("key-record-hangs-up", "/keys/self closes the connection without an answer.", _hangs_up),
        ("key-record-slow", f"/keys/self answers after {SLOW:.0f} seconds.", _is_slow),
    ],
)
UNUSABLE = family(
    "key record unusable",
    [
        (
            "key-record-html",
            "/keys/self answers 200 with a web application.",
            _answer(html_reply(html_pages.APPLICATION)),
        ),
        ("key-record-empty", "/keys/self answers 200 with nothing.", _answer(Reply(200, b"", {"content-type": JSON}))),
        ("key-record-204", "/keys/self answers 204.", _answer(Reply(204, b"", {}))),
        ("key-record-null", "/keys/self answers 200 with null.", _answer(json_reply(None))),
        ("key-record-list", "/keys/self answers 200 with an empty list.", _answer(json_reply([]))),
        ("key-record-object", "/keys/self answers 200 with an empty object.", _answer(json_reply({}))),
        ("key-record-text", "/keys/self answers 200 with text.", _answer(text_reply("OK", 200))),
        ("key-record-true", "/keys/self answers 200 with true.", _answer(json_reply(True))),
        (
            "key-record-broken",
            "/keys/self answers 200 with JSON that ends too early.",
            _answer(Reply(200, b'{"key": {"id": "key_1", "permissions": ["re', {"content-type": JSON})),
        ),
        (
            "key-record-200-error",
            "/keys/self answers 200 with an error in its body.",
            _answer(json_reply({"success": False, "error": "Unknown endpoint"})),
        ),
        (
            "key-record-no-permissions",
            "The key's record names no permissions.",
            changing(at(PATH), lambda record: without(record, "permissions")),
        ),
        (
            "key-record-null-permissions",
            "The key's record has null for its permissions.",
            changing(at(PATH), lambda record: {**record, "permissions": None}),
        ),
        (
            "key-record-unknown-names",
            "The key's record names only unknown permissions.",
            _permissions("viewer", "billing:manage"),
        ),
        (
            "key-record-part-names",
            "The key's record names only parts of what permissions allow, such as contexts:read.",
            _permissions("contexts:read", "prompts:write", "gmail:execute"),
        ),
    ],
)
DIFFERENCES = [*MISSING, *REFUSED, *FAILING, *UNUSABLE]
