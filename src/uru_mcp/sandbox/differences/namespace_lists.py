"""Differences of the list of namespaces: the format of its entries, and its place in the response."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..api.request_log import Request
from .difference import Around, Reply, Serve, at, changing, family, refusal, renamed, without

PATH = "/namespaces"
CONNECTION = {"connected_account_id": "x-connected-account-id", "server_id": "x-server-id"}

UNDER = ("apps", "items", "results", "data")

Entry = dict[str, Any]


def entries(change: Callable[[Entry], Any]) -> Around:
    """Change each entry of the list, at its place in the description."""

    def changed(answer: Any) -> Any:
        if not isinstance(answer, dict) or not isinstance(answer.get("namespaces"), list):
            return answer
        return {**answer, "namespaces": [change(one) if isinstance(one, dict) else one for one in answer["namespaces"]]}

    return changing(at(PATH), changed)


def _names(**names: str) -> Around:
    return entries(lambda entry: renamed(entry, names))


def _placed(place: Callable[[list[Any]], Any]) -> Around:
    def changed(answer: Any) -> Any:
        is_described = isinstance(answer, dict) and isinstance(answer.get("namespaces"), list)
        return place(answer["namespaces"]) if is_described else answer

    return changing(at(PATH), changed)


def _in(name: str) -> Around:
    return _placed(lambda listed: {name: listed})


def _bare_names(serve: Serve) -> Serve:
    """Only names. Since a client then cannot name a run's connection, the service looks it up."""
    listed = entries(lambda entry: entry["name"])(serve)

    async def named(request: Request) -> Reply:
        namespace = request.headers.get("x-namespace")
        if not request.path.startswith("/execute/") or namespace is None:
            return await listed(request)
        return await serve(
            replace(request, headers={**request.headers, **await _connection(serve, request, namespace)})
        )

    return named


async def _connection(serve: Serve, request: Request, namespace: str) -> Mapping[str, str]:
    reply = await serve(replace(request, method="GET", path=PATH, query="", body=b""))
    found = json.loads(reply.body).get("namespaces", []) if reply.is_good else []
    record = next((one for one in found if isinstance(one, dict) and one.get("name") == namespace), {})
    return {header: record[field] for field, header in CONNECTION.items() if field in record}


def _no_min_version(serve: Serve) -> Serve:
    async def strict(request: Request) -> Reply:
        if request.path == PATH and request.query:
            return refusal(400, "invalid_request", "Unknown query parameter: min_version.")
        return await serve(request)

    return strict


ENTRIES = family(
    "namespaces",
    [
        ("namespaces-names", "The list of namespaces is a list of names.", _bare_names),
        ("namespaces-namespace", "A namespace's name is called namespace.", _names(name="namespace")),
        ("namespaces-slug", "A namespace's name is called slug.", _names(name="slug")),
        ("namespaces-app", "A namespace's name is called app.", _names(name="app")),
        (
            "namespaces-title-as-name",
            "A namespace's name is called slug, and its title name.",
            _names(name="slug", displayName="name"),
        ),
        ("namespaces-display-name", "A namespace's title is called display_name.", _names(displayName="display_name")),
        ("namespaces-title", "A namespace's title is called title.", _names(displayName="title")),
        ("namespaces-no-title", "Namespaces have no title.", entries(lambda entry: without(entry, "displayName"))),
        (
            "namespaces-camel",
            "The fields of a namespace are in camel case: connectedAccountId, serverId, accountLabel.",
            _names(
                connected_account_id="connectedAccountId",
                server_id="serverId",
                account_label="accountLabel",
                connection_status="connectionStatus",
            ),
        ),
        ("namespaces-no-min-version", "/namespaces answers 400 to min_version.", _no_min_version),
    ],
)
PLACES = family(
    "namespaces",
    [
        ("namespaces-bare", "The list of namespaces is bare.", _placed(lambda listed: listed)),
        *((f"namespaces-in-{name}", f"The list of namespaces stands under {name}.", _in(name)) for name in UNDER),
        (
            "namespaces-in-data-twice",
            "The list of namespaces stands under namespaces within data.",
            _placed(lambda listed: {"success": True, "data": {"namespaces": listed}}),
        ),
        (
            "namespaces-in-data-items",
            "The list of namespaces stands under items within data.",
            _placed(lambda listed: {"data": {"items": listed, "total": len(listed)}}),
        ),
        (
            "namespaces-by-name",
            "The namespaces are an object by name.",
            _placed(lambda listed: {"namespaces": {_name(one): one for one in listed}}),
        ),
    ],
)
DIFFERENCES = [*ENTRIES, *PLACES]


def _name(entry: Any) -> str:
    return entry if isinstance(entry, str) else str(next(iter(entry.values())))
