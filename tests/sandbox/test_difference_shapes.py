"""What each difference looks like over HTTP: statuses, types, shapes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest

from .differing import service

ACME = "7b9f3c1e-2a4d-4e6f-8a1b-0c2d3e4f5a6b"
SETS = [frozenset(found) for size in range(4) for found in combinations(("read", "write", "execute"), size)]
HTML, TEXT, JSON = "text/html; charset=utf-8", "text/plain; charset=utf-8", "application/json"

ANSWERS: dict[str, tuple[int, str | None, str]] = {  # of /keys/self: status, type, and what is in the body
    "no-key-record": (404, JSON, '{"message": "Not Found"}'),
    "key-record-404-text": (404, TEXT, "Not Found"),
    "key-record-404-html": (404, HTML, "<pre>Cannot GET /keys/self</pre>"),
    "key-record-404-code": (404, JSON, '"code": "not_found"'),
    "key-record-405": (405, TEXT, "Method Not Allowed"),
    "key-record-410": (410, JSON, "Gone"),
    "key-record-501": (501, JSON, "Not Implemented"),
    "key-record-400": (400, JSON, '{"error": "Bad Request"}'),
    "key-record-400-workspace": (400, JSON, '"code": "workspace_required"'),
    "key-record-401": (401, JSON, '"code": "invalid_api_key"'),
    "key-record-401-text": (401, TEXT, "Unauthorized"),
    "key-record-401-revoked": (401, JSON, '"code": "revoked_api_key"'),
    "key-record-403": (403, JSON, '{"message": "Forbidden"}'),
    "key-record-403-text": (403, TEXT, "Forbidden"),
    "key-record-403-permission": (403, JSON, '"code": "insufficient_permission"'),
    "key-record-403-workspace": (403, JSON, '"code": "workspace_not_accessible"'),
    "key-record-409": (409, JSON, '"code": "workspace_selection_required"'),
    "key-record-422": (422, JSON, '"detail": ['),
    "key-record-login": (302, None, ""),
    "key-record-redirect-loop": (301, None, ""),
    "key-record-429": (429, JSON, "Too Many Requests"),
    "key-record-500": (500, JSON, "internal"),
    "key-record-503": (503, TEXT, "Service Unavailable"),
    "key-record-html": (200, HTML, '<div id="root"></div>'),
    "key-record-empty": (200, JSON, ""),
    "key-record-204": (204, None, ""),
    "key-record-null": (200, JSON, "null"),
    "key-record-list": (200, JSON, "[]"),
    "key-record-object": (200, JSON, "{}"),
    "key-record-text": (200, TEXT, "OK"),
    "key-record-true": (200, JSON, "true"),
    "key-record-broken": (200, JSON, '"permissions": ["re'),
    "key-record-200-error": (200, JSON, '"success": false'),
    "gateway-challenge-200": (200, HTML, "Just a moment..."),
    "gateway-challenge-403": (403, HTML, "Just a moment..."),
    **{
        f"gateway-{status}-on-key-record": (status, HTML, f"<h1>{status} ")
        for status in (408, 499, 502, 503, 504, *range(520, 527))
    },
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_the_key_record_is_answered_so_to_everybody(name: str) -> None:
    status, kind, text = ANSWERS[name]
    async with service(name) as differing:
        for headers in ({}, {"Authorization": "Bearer uru_test_nobody"}):
            answer = await differing.get("/keys/self", **headers)
            assert (answer.status_code, answer.headers.get("content-type")) == (status, kind)
            assert text in answer.text if text else not answer.content


async def test_redirects_lead_to_a_login_or_nowhere() -> None:
    async with service("key-record-login") as login, service("key-record-redirect-loop") as loop:
        assert (await login.get("/keys/self")).headers["location"].startswith("/login")
        assert (await loop.get("/keys/self")).headers["location"] == "/keys/self"


async def test_a_slow_key_record_keeps_nobody_else_waiting() -> None:
    async with service("key-record-slow") as differing:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(differing.get("/keys/self"), 0.1)
        assert (await differing.get("/namespaces")).status_code == 200
        assert [request.status for request in differing.sandbox.requests] == [None, 200]


USELESS: dict[str, Any] = {
    "key-record-null-permissions": None,
    "key-record-unknown-names": ["viewer", "billing:manage"],
    "key-record-part-names": ["contexts:read", "prompts:write", "gmail:execute"],
}


@pytest.mark.parametrize("name", USELESS)
async def test_a_record_without_permissions_that_are_known_is_a_record_all_the_same(name: str) -> None:
    async with service(name) as differing, service("key-record-no-permissions") as silent:
        record = await differing.json("/keys/self")
        assert "permissions" not in await silent.json("/keys/self")
    assert record["permissions"] == USELESS[name]
    assert record["workspace"] == {"id": ACME, "name": "Acme"}


def flags(names: list[str], spelling: str = "{}") -> dict[str, bool]:
    return {spelling.format(name): name in names for name in ("read", "write", "execute")}


SPELT: dict[str, tuple[str, Callable[[list[str]], Any]]] = {  # where the permissions stand, and how
    "permissions-object": ("permissions", flags),
    "permissions-object-text": ("permissions", lambda p: {name: str(one).lower() for name, one in flags(p).items()}),
    "permissions-object-number": ("permissions", lambda p: {name: int(one) for name, one in flags(p).items()}),
    "permissions-can-snake": ("permissions", lambda p: flags(p, "can_{}")),
    "permissions-can-camel": (
        "permissions",
        lambda p: {"canRead": "read" in p, "canWrite": "write" in p, "canExecute": "execute" in p},
    ),
    "permissions-scopes": ("scopes", list),
    "permissions-scope-text": ("scope", " ".join),
    "permissions-scopes-text": ("scopes", " ".join),
    "permissions-comma-text": ("permissions", ", ".join),
    "permissions-upper-case": ("permissions", lambda p: [name.upper() for name in p]),
    "permissions-resource-names": (
        "permissions",
        lambda p: [f"{'tools' if name == 'execute' else 'resources'}:{name}" for name in p],
    ),
    "permissions-level": (
        "permissions",
        lambda p: {"read": "read_only", "read write": "read_write", "read write execute": "full_access"}.get(
            " ".join(p), p
        ),
    ),
    "permissions-level-in-list": (
        "permissions",
        lambda p: {
            "read": ["read_only"],
            "read write": ["read_write"],
            "read write execute": ["read_write", "execute"],
        }.get(" ".join(p), p),
    ),
    "permissions-objects": ("permissions", lambda p: [{"name": name} for name in p]),
    "permissions-objects-granted": (
        "permissions",
        lambda p: [{"name": name, "granted": name in p} for name in ("read", "write", "execute")],
    ),
    "permissions-by-area": (
        "permissions",
        lambda p: {"resources": [n for n in p if n != "execute"], "tools": [n for n in p if n == "execute"]},
    ),
    "permissions-flags-at-top": (".", lambda p: flags(p, "can_{}")),
    "permissions-in-key": ("key.permissions", list),
    "permissions-in-api-key": ("api_key.permissions", list),
    "permissions-in-api-key-camel": ("apiKey.permissions", list),
    "record-in-data": ("data.permissions", list),
    "record-in-data-twice": ("data.data.permissions", list),
    "record-bare": ("permissions", list),
    "record-camel": ("permissions", list),
}


@pytest.mark.parametrize("name", SPELT)
async def test_the_record_says_what_the_key_has_whatever_that_is(name: str) -> None:
    place, spell = SPELT[name]
    seen = []
    async with service(name) as differing:
        for permissions in SETS:
            key = differing.sandbox.keys.create(name="One", workspace="Acme", permissions=permissions)
            record = (await differing.get("/keys/self", Authorization=f"Bearer {key.text}")).json()
            expected = spell([one for one in ("read", "write", "execute") if one in permissions])
            if place == ".":
                assert {field: record[field] for field in expected} == expected
                assert "permissions" not in record
            else:
                assert at(record, place) == expected
            assert place == "permissions" or "permissions" not in record
            seen.append(json.dumps(expected))
    assert len({*seen}) == 8, "no two sets look alike"


def at(value: Any, place: str) -> Any:
    for name in place.split("."):
        value = value[name]
    return value


RECORD: dict[str, tuple[str, Any]] = {
    "record-workspace-snake": ("workspace_id", ACME),
    "record-workspace-camel": ("workspaceId", ACME),
    "record-workspace-text": ("workspace", ACME),
    "record-status-upper-case": ("key.status", "ACTIVE"),
    "record-status-enabled": ("key.status", "enabled"),
    "record-camel": ("key.createdAt", "2026"),
    "record-in-data": ("data.workspace.id", ACME),
}


@pytest.mark.parametrize("name", RECORD)
async def test_other_parts_of_the_record_stand_elsewhere(name: str) -> None:
    place, expected = RECORD[name]
    async with service(name) as differing, service("record-no-workspace") as homeless, service("record-bare") as bare:
        assert str(at(await differing.json("/keys/self"), place)).startswith(expected)
        assert not [field for field in await homeless.json("/keys/self") if "workspace" in field]
        assert [*await bare.json("/keys/self")] == ["permissions"]


VERSIONS: dict[str, tuple[int, str | None, Any]] = {
    "no-tool-version": (404, JSON, {"message": "Not Found"}),
    "tool-version-404-html": (404, HTML, None),
    "tool-version-403": (403, JSON, {"message": "Forbidden"}),
    "tool-version-405": (405, TEXT, None),
    "tool-version-html": (200, HTML, None),
    "tool-version-word": (200, JSON, {"version": "a1b2c3d", "degraded": False}),
    "tool-version-number-text": (200, JSON, {"version": "1", "degraded": False}),
    "tool-version-date": (200, JSON, {"version": "2026-11-20T09:00:00Z", "degraded": False}),
    "tool-version-null": (200, JSON, {"version": None, "degraded": False}),
    "tool-version-no-field": (200, JSON, {"degraded": False}),
    "tool-version-304": (304, None, None),
    "list-apps-no-version": (404, JSON, {"message": "Not Found"}),
    "oldest-service": (404, HTML, None),
}


@pytest.mark.parametrize("name", VERSIONS)
async def test_the_version_is_answered_so(name: str) -> None:
    async with service(name) as differing:
        answer = await differing.get("/tools/sync/version")
    found = answer.json() if answer.headers.get("content-type") == JSON else None
    assert (answer.status_code, answer.headers.get("content-type"), found) == VERSIONS[name]


async def test_a_version_that_moves_is_never_vouched_for() -> None:
    for name, expected in (("tool-version-shrinks", [1000, 999, 998]), ("tool-version-restless", [1, 2, 3])):
        async with service(name) as differing:
            answers = [await differing.get("/tools/sync/version", **{"If-None-Match": "*"}) for _ in "123"]
        assert [answer.json()["version"] for answer in answers] == expected
        assert not [answer for answer in answers if "etag" in answer.headers]


async def test_a_version_in_trouble_has_the_code_of_the_client() -> None:
    async with service("tool-version-500") as differing:
        answer = await differing.get("/tools/sync/version")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "tools_sync_version_failed")


PLACES = {  # of lists of namespaces and tools
    "namespaces-bare": "",
    "namespaces-in-apps": "apps",
    "namespaces-in-items": "items",
    "namespaces-in-results": "results",
    "namespaces-in-data": "data",
    "namespaces-in-data-twice": "data.namespaces",
    "namespaces-in-data-items": "data.items",
    "tools-bare": "",
    "tools-in-items": "items",
    "tools-in-results": "results",
    "tools-in-data": "data",
    "tools-in-actions": "actions",
    "tools-in-data-twice": "data.tools",
    "tools-in-data-items": "data.items",
}


@pytest.mark.parametrize("name", PLACES)
async def test_lists_stand_elsewhere_and_are_the_same(name: str) -> None:
    path, field = (
        ("/list/apps/gmail_demo/tools", "tools") if name.startswith("tools") else ("/namespaces", "namespaces")
    )
    async with service(name) as differing, service() as described:
        found = await differing.json(path)
        assert (at(found, PLACES[name]) if PLACES[name] else found) == (await described.json(path))[field]


NAMESPACE: dict[str, tuple[str, str]] = {  # of gmail_demo: a field's name as described, and the other
    "namespaces-namespace": ("name", "namespace"),
    "namespaces-slug": ("name", "slug"),
    "namespaces-app": ("name", "app"),
    "namespaces-display-name": ("displayName", "display_name"),
    "namespaces-title": ("displayName", "title"),
    "namespaces-camel": ("connected_account_id", "connectedAccountId"),
}


@pytest.mark.parametrize("name", NAMESPACE)
async def test_fields_of_namespaces_have_other_names(name: str) -> None:
    before, after = NAMESPACE[name]
    async with service(name) as differing, service() as described:
        (gmail,) = [one for one in (await differing.json("/namespaces"))["namespaces"] if "gmail_demo" in one.values()]
        (same,) = [one for one in (await described.json("/namespaces"))["namespaces"] if "gmail_demo" in one.values()]
    assert gmail[after] == same[before]
    assert before not in gmail
    assert [*gmail.values()] == [*same.values()]


async def test_namespaces_as_names_by_name_without_titles_and_without_versions() -> None:
    names = ["platform", "company_demo", "gmail_demo", "googlecalendar_demo"]
    async with service("namespaces-names") as plain, service("namespaces-by-name") as keyed:
        assert (await plain.json("/namespaces"))["namespaces"] == names
        by_name = (await keyed.json("/namespaces"))["namespaces"]
    assert {name: one["name"] for name, one in by_name.items()} == dict(zip(names, names, strict=True))
    async with service("namespaces-no-title") as untitled, service("namespaces-title-as-name") as other:
        assert not [one for one in (await untitled.json("/namespaces"))["namespaces"] if "displayName" in one]
        gmail = (await other.json("/namespaces"))["namespaces"][2]
    assert (gmail["slug"], gmail["name"]) == ("gmail_demo", "Gmail - Demo")
    async with service("namespaces-no-min-version") as strict:
        statuses = [(await strict.get(f"/namespaces{query}")).status_code for query in ("", "?min_version=0")]
    assert statuses == [200, 400]


@pytest.mark.parametrize("name", ["namespaces-names", "list-apps-names", "oldest-service"])
async def test_where_namespaces_are_names_a_run_needs_no_connection(name: str) -> None:
    async with service(name) as differing, service() as described:
        run = differing.run_older if name == "oldest-service" else differing.run
        assert (await run("gmail_demo__GMAIL_FETCH_EMAILS", {})).status_code == 200
        assert (await described.run("gmail_demo__GMAIL_FETCH_EMAILS", {})).status_code == 400


TOOL: dict[str, tuple[str, str]] = {
    "tools-schema-snake": ("inputSchema", "input_schema"),
    "tools-schema-parameters": ("inputSchema", "parameters"),
    "tools-schema-input-parameters": ("inputSchema", "input_parameters"),
    "tools-schema-input-parameters-camel": ("inputSchema", "inputParameters"),
    "tools-schema-args": ("inputSchema", "args_schema"),
    "tools-schema-schema": ("inputSchema", "schema"),
    "tools-schema-in-json": ("inputSchema", "inputSchema.json"),
    "tools-name-slug": ("name", "slug"),
    "tools-name-id": ("name", "id"),
    "tools-name-key": ("name", "key"),
    "tools-name-snake": ("name", "tool_name"),
    "tools-name-camel": ("name", "toolName"),
    "tools-title-display-name": ("title", "displayName"),
    "tools-title-display-name-snake": ("title", "display_name"),
    "tools-summary": ("description", "summary"),
    "tools-openai": ("inputSchema", "function.parameters"),
    "tools-composio": ("title", "name"),
    "permission-list": ("permission", "permission.0"),
    "permission-required-camel": ("permission", "requiredPermissions.0"),
    "permission-required-snake": ("permission", "required_permissions.0"),
    "permission-scopes": ("permission", "scopes.0"),
    "declared-in-metadata": ("permission", "metadata.permission"),
    "hints-snake": ("annotations.readOnlyHint", "annotations.read_only_hint"),
    "hints-at-top": ("annotations.readOnlyHint", "readOnlyHint"),
}


@pytest.mark.parametrize("name", TOOL)
async def test_fields_of_tools_stand_elsewhere_and_say_the_same(name: str) -> None:
    before, after = TOOL[name]
    async with service(name) as differing, service() as described:
        tool = (await differing.json("/list/apps/platform/tools"))["tools"][2]
        same = (await described.json("/list/apps/platform/tools"))["tools"][2]
    *path, last = [int(part) if part.isdigit() else part for part in after.split(".")]
    for part in path:
        tool = tool[part]
    assert tool[last] == at(same, before)


async def test_what_is_not_declared_is_not_there() -> None:
    gone = {
        "undeclared-platform": {"permission", "annotations"},
        "undeclared": {"permission", "annotations"},
        "no-permission": {"permission"},
        "no-annotations": {"annotations"},
        "tools-no-schema": {"inputSchema"},
    }
    for name, fields in gone.items():
        async with service(name) as differing:
            platform = (await differing.json("/list/apps/platform/tools"))["tools"]
            company = (await differing.json("/list/apps/company_demo/tools"))["tools"]
        assert not [tool for tool in platform if fields & tool.keys()]
        assert any("annotations" in tool for tool in company) == (name not in ("undeclared", "no-annotations"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("permission-resource-name", {"resources:read", "resources:write", "tools:execute"}),
        ("permission-upper-case", {"READ", "WRITE", "EXECUTE"}),
        ("permission-unknown-name", {"viewer", "editor"}),
    ],
)
async def test_permissions_of_tools_have_other_names(name: str, expected: set[str]) -> None:
    async with service(name) as differing:
        tools = (await differing.json("/list/apps/platform/tools"))["tools"]
    assert {tool["permission"] for tool in tools if "permission" in tool} == expected
