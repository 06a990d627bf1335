"""Differences of routes: the older service, and missing routes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ..api.execution import ENDPOINT
from ..api.request_log import Request
from . import html_pages
from .difference import Around, Difference, Reply, Serve, family, html_reply, json_reply, refusal, text_reply

EXECUTE = "/execute/"
APP = "x-app-context"
CONNECTION = {"_connected_account_id": "x-connected-account-id", "_server_id": "x-server-id"}
OLD_FIELDS = {"_app_context", *CONNECTION}

NO_ROUTE = {
    "html": lambda request: html_reply(html_pages.express(request.method, request.path), 404),
    "json": lambda request: json_reply({"detail": "Not Found"}, 404),
    "405": lambda request: text_reply("Method Not Allowed", 405).with_header("allow", "GET"),
}


def _older_execute(missing: str) -> Around:
    """`POST /execute/{tool}` works; the newer route answers with `NO_ROUTE[missing]`."""

    def around(serve: Serve) -> Serve:
        async def older(request: Request) -> Reply:
            if not request.path.startswith(EXECUTE):
                return await serve(request)
            if request.path.endswith(ENDPOINT):
                return NO_ROUTE[missing](request)
            newer = _newer(request)
            return newer if isinstance(newer, Reply) else await serve(newer)

        return older

    return around


def _newer(request: Request) -> Request | Reply:
    """The same request for the newer route, or the error reply if it has none."""
    body = _object(request.body)
    if body is None:
        return refusal(400, "invalid_json", "The body is no JSON object.")
    namespace = body.get("_app_context")
    if not isinstance(namespace, str) or request.headers.get(APP) != namespace:
        return refusal(400, "invalid_request", "_app_context and X-App-Context must both name the tool's namespace.")
    order = {
        "tool_name": request.path.removeprefix(EXECUTE),
        "parameters": {name: value for name, value in body.items() if name not in OLD_FIELDS},
    }
    connection = {header: str(body[field]) for field, header in CONNECTION.items() if body.get(field) is not None}
    kept = {name: value for name, value in request.headers.items() if name not in CONNECTION.values()}
    return replace(
        request,
        path=f"{EXECUTE}{namespace}{ENDPOINT}",
        headers={**kept, "x-namespace": namespace, **connection},
        body=json.dumps(order).encode(),
    )


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _list_apps(serve: Serve) -> Serve:
    """`/list/apps` returns what `/namespaces` would."""

    async def listed(request: Request) -> Reply:
        if request.path == "/namespaces":
            return html_reply(html_pages.express("GET", request.path), 404)
        if request.path != "/list/apps":
            return await serve(request)
        reply = await serve(replace(request, path="/namespaces"))
        answer = reply.json if reply.is_good else None
        return (
            reply.with_json({"apps": answer["namespaces"]})
            if isinstance(answer, dict) and "namespaces" in answer
            else reply
        )

    return listed


OLDER = "older service"
DIFFERENCES = [
    *family(
        OLDER,
        [
            ("list-apps", "/list/apps serves instead of /namespaces, with its list under apps.", _list_apps),
            (
                "older-execute",
                "POST /execute/{tool} serves; the newer route answers 404 with the page of Express.",
                _older_execute("html"),
            ),
            (
                "older-execute-json",
                "POST /execute/{tool} serves; the newer route answers 404 with JSON.",
                _older_execute("json"),
            ),
            ("older-execute-405", "POST /execute/{tool} serves; the newer route answers 405.", _older_execute("405")),
        ],
    ),
    Difference(
        "list-apps-names",
        OLDER,
        "/list/apps serves instead of /namespaces, with names alone.",
        parts=("namespaces-names", "namespaces-bare", "list-apps"),
    ),
    Difference(
        "list-apps-bare",
        OLDER,
        "/list/apps serves instead of /namespaces, with a bare list of objects.",
        parts=("namespaces-bare", "list-apps"),
    ),
    Difference(
        "list-apps-no-version",
        OLDER,
        "/list/apps serves instead of /namespaces, and /tools/sync/version answers 404.",
        parts=("list-apps", "no-tool-version"),
    ),
    Difference(
        "older-service",
        OLDER,
        "/list/apps and POST /execute/{tool} serve instead of /namespaces and the newer route.",
        parts=("list-apps", "older-execute"),
    ),
    Difference(
        "oldest-service",
        OLDER,
        "The older service, with names alone, no key record, no version and nothing declared.",
        parts=("older-service", "list-apps-names", "no-key-record", "tool-version-404-html", "undeclared"),
    ),
]
