"""A canary: every operation in every state, with a known key, which then is in nothing that left the process."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio

from tests.process import Served, served
from tests.test_leaks import spellings
from tests.world import Uru
from uru_mcp.sandbox.serve import serving
from uru_mcp.tools.definitions import OWN

Calls = list[tuple[str, dict[str, Any]]]

NOBODY = "http://127.0.0.1:1"


def calls(key: str) -> Calls:
    """Calls of every tool of ours and of some of Uru's, with the key wherever a caller can put something."""
    prompt = {"op": "create", "title": key, "content": f"{{{{who}}}} {key}", "variables": [{"name": "who"}]}
    context = {"op": "create", "title": f"T {key}", "content": f"{key} " * 200, "description": key}
    return [
        ("uru_whoami", {}),
        ("uru_whoami", {key: key}),
        ("uru_search_tools", {}),
        ("uru_search_tools", {"query": key, "namespace": key}),
        ("uru_search_tools", {"query": "notes"}),
        ("uru_write", {"tool": "platform__context_edit", "input": context}),
        ("uru_write", {"tool": "platform__prompt_edit", "input": prompt}),
        ("uru_read", {"tool": "platform__context_query", "input": {"op": "search", "query": key}}),
        ("uru_read", {"tool": "platform__context_query", "input": {"op": "get", "id": key}}),
        ("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": key}}),
        ("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": 1, key: key}}),
        ("uru_execute", {"tool": "company_demo__GENERATE_REPORT", "input": {"title": key, "rows": 200}}),
        ("uru_execute", {"tool": key, "input": {}}),
        ("company_demo__LIST_NOTES", {}),
        ("platform__automation_run", {"id": key}),
        ("uru_list_resources", {}),
        ("uru_list_resources", {"query": key}),
        ("uru_read_resource", {"uri": f"uru://contexts/{key}"}),
        ("uru_read_resource", {"uri": key}),
        ("uru_result", {}),
        ("uru_result", {"call_id": key}),
    ]


def requests(key: str) -> Calls:
    """The requests of MCP that are no calls."""
    return [
        ("tools/list", {}),
        ("resources/list", {"cursor": key}),
        ("resources/templates/list", {}),
        *(("resources/read", {"uri": f"uru://{path}"}) for path in ("workspace", "key", "namespaces/platform")),
        ("resources/read", {"uri": f"uru://contexts/{key}"}),
        ("resources/read", {"uri": f"uru://namespaces/{key}"}),
        ("prompts/list", {}),
        ("prompts/get", {"name": "prepare_a_visit", "arguments": {"serial": key}}),
        ("prompts/get", {"name": key[:60], "arguments": {key: key}}),
        *(
            ("completion/complete", {"ref": ref, "argument": {"name": name, "value": value}})
            for ref in (
                {"type": "ref/resource", "uri": "uru://contexts/{id}"},
                {"type": "ref/resource", "uri": "uru://namespaces/{namespace}"},
                {"type": "ref/prompt", "name": "prepare_a_visit"},
            )
            for name, value in (("id", ""), ("namespace", ""), ("serial", key), (key, key))
        ),
        (key, {key: key}),
        ("logging/setLevel", {"level": key}),
    ]


async def tour(claude: Served, key: str) -> None:
    """Every operation, those that others build on first."""
    asked = [("tools/call", {"name": name, "arguments": arguments}) for name, arguments in calls(key)]
    for part in (asked, requests(key)):
        async with anyio.create_task_group() as tasks:
            for request in part:
                tasks.start_soon(claude.ask, *request)
    listed = (await claude.ask("resources/list")).get("result", {}).get("resources", [])
    for item in listed:
        await claude.ask("resources/read", {"uri": item["uri"]})
    kept = (await claude.call("uru_result")).get("structuredContent", {}).get("calls", [])
    for call in kept:
        await claude.call("uru_result", {"call_id": call["call_id"], "offset": 500})
        await claude.call("uru_result", {"call_id": call["call_id"], "offset": 10**9})
    await claude.call("uru_whoami")  # which by now knows how the key stands


def settings(folder: Path) -> dict[str, str]:
    """Everything is written that can be: the log, the audit log, the tools on disk; and results are cut."""
    return {
        "URU_LOG_LEVEL": "debug",
        "URU_AUDIT_LOG": str(folder / "audit.jsonl"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "URU_RESULT_CHARS": "1000",
        "URU_CALL_DEADLINE": "5",
        "URU_SYNC_INTERVAL": "1",
    }


async def echoed(claude: Served, uru: Uru, made: Any) -> None:
    """A tour while Uru repeats the key in its records and headers, one while it does in its errors, one without it."""
    key = made.text
    uru.faults.status("/tools/sync/version", 200, body={"version": 10**6}, headers={"ETag": key}, times=1)
    uru.faults.status("/execute/", 429, body={"tip": key, "log_id": key}, headers={"Retry-After": key}, times=5)
    uru.faults.redirect("/execute/", f"https://{key}.example/?{key}", times=5)
    uru.faults.status("/execute/", 200, body={"data": {key: [key]}, "log_id": key, "error": key}, times=10)
    uru.faults.status("/execute/", 200, body={"successful": False, "error": key, "log_id": key}, times=10)
    await tour(claude, key)
    uru.faults.clear()
    uru.faults.echo_key("/")
    await tour(claude, key)
    uru.faults.clear()
    uru.sandbox.keys.delete(made.record.id)
    await tour(claude, key)


async def visit(key: str, url: str, folder: Path, visited: list[Served], **variables: str) -> None:
    """A tour of a process with this key and these settings."""
    given = {"URU_API_KEY": key, "URU_PROXY_URL": url, **settings(folder), **variables}
    async with served(**given) as claude:
        visited.append(claude)
        await claude.initialize("2025-11-25")
        await tour(claude, key)


def written(visited: list[Served], folder: Path, *keys: str) -> tuple[str, str, str]:
    """All that the processes wrote, in which the keys are nowhere: on stdout, to the audit log, and to the cache."""
    out = "\n".join(line for one in visited for line in one.lines)
    files = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
    everything = "\n".join([out, *(one.stderr for one in visited), *files.values(), *map(str, files)])
    for key in keys:
        for spelling in (*spellings(key), quote(key, safe="").lower(), json.dumps(key)[1:-1]):
            assert spelling not in everything
    audit, cache = ("".join(text for path, text in files.items() if kind in path.name) for kind in ("audit", ".tools"))
    return out, audit, cache


def states(out: str) -> set[str]:
    """What `uru_whoami` ever said of the key."""
    return set(re.findall(r'"state":"(\w+)","key"', out.replace(" ", "")))


async def test_the_key_is_nowhere_whether_it_works_is_repeated_everywhere_or_is_deleted(
    uru: Uru, tmp_path: Path
) -> None:
    made = uru.key()
    repeating = {"description": made.text, "inputSchema": {"type": "object", "properties": {made.text: {}}}}
    for name in (made.text, "T"):
        uru.sandbox.put_tool(uru.acme.id, "company_demo", {"name": name, **repeating})
    given = {"URU_API_KEY": made.text, **settings(tmp_path)}
    async with serving(uru.sandbox) as url, served(**given, URU_PROXY_URL=url) as claude:
        await claude.initialize("2025-11-25")
        await tour(claude, made.text)
        await echoed(claude, uru, made)

    out, audit, cache = written([claude], tmp_path, made.text)
    assert states(out) >= {"ready", "key_revoked"}
    assert "GET /keys/self: 200" in claude.stderr
    assert all("[key removed]" in place for place in (out, audit, cache))


async def test_the_key_is_nowhere_when_it_may_only_read_is_refused_uru_is_down_or_the_settings_are_wrong(
    uru: Uru, tmp_path: Path
) -> None:
    reading, unknown = uru.key({"read"}).text, "uru_test_+/=&%" + "c3" * 20
    visited: list[Served] = []
    async with serving(uru.sandbox) as url, anyio.create_task_group() as tasks:
        for key, address, variables in (
            (reading, url, {}),
            (unknown, url, {}),
            (unknown, NOBODY, {"URU_PERMISSIONS": "read", "URU_CALL_DEADLINE": "1"}),
            (unknown, f"https://{unknown}@x", {"URU_PERMISSIONS": unknown}),
        ):
            tasks.start_soon(partial(visit, key, address, tmp_path, visited, **variables))

    out, audit, _ = written(visited, tmp_path, reading, unknown)
    assert states(out) >= {"ready", "key_rejected", "unavailable", "not_configured"}
    assert all("[key removed]" in place for place in (out, audit))


def test_the_tour_leaves_no_tool_of_ours_out() -> None:
    assert {name for name, _ in calls("x")} >= OWN.keys()
