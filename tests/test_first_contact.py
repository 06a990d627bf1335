"""Useful with any Uru: for each way in which the real one may differ, what is left and what is said.

The sandbox differs in one way at a time, each with and without `URU_PERMISSIONS`. Whatever the way, the key is not
blamed for it, and what the service answers can be used.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from tests.world import ALL, Claude, Uru, connector
from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.differences import DIFFERENCES, chosen

ROWS = [name for name in DIFFERENCES if not name.startswith("gateway-5") or name == "gateway-520-on-key-record"]
"""Of the statuses of gateways one row stands for all; `test_a_gateway_s_answer_about_the_record…` has the others."""

RECORD_FAMILIES = ("key record missing", "key record refused", "key record failing", "key record unusable")
NOT_TOLD = [
    name
    for name, difference in DIFFERENCES.items()
    if difference.family in RECORD_FAMILIES or name.endswith("-on-key-record") or name.startswith("gateway-challenge")
]
UNTOLD = {*NOT_TOLD, "oldest-service"}
DECLARED = [name for name in ROWS if name in UNTOLD or DIFFERENCES[name].family in ("older service", "platform tools")]
"""Where the service tells the permissions, a declaration is a ceiling and no more, and one test of a row is enough."""
NOT_FINAL = {name for name in UNTOLD if DIFFERENCES[name].family == "key record failing" or "-on-key-record" in name}

CONTEXTS: tuple[str, dict[str, Any]] = ("platform__context_query", {"op": "list"})
READS: dict[str, tuple[str, dict[str, Any]]] = {
    "platform-other-ops": ("platform__context_query", {"op": "all"}),
    "platform-action": ("platform__context_query", {"action": "list"}),
    "platform-split": ("platform__list_contexts", {}),
    "platform-split-camel": ("platform__listContexts", {}),
    "platform-split-dotted": ("platform__contexts_list", {}),
    "platform-no-context-query": ("platform__prompt_query", {"op": "list"}),
    "platform-no-queries": ("platform__list_workspaces", {}),
    "platform-workspaces-alone": ("platform__list_workspaces", {}),
    "platform-no-tools": ("company_demo__LIST_NOTES", {}),
    "no-platform": ("company_demo__LIST_NOTES", {}),
}
WITHOUT_CONTEXTS = {
    *("platform-other-ops", "platform-action", "platform-split", "platform-split-camel", "platform-split-dotted"),
    *("platform-no-context-query", "platform-no-queries", "platform-workspaces-alone", "platform-no-tools"),
    "no-platform",
}
BLAMES = {"key_rejected", "key_revoked", "key_expired", "workspace_not_accessible", "workspace_selection_required"}


@pytest.fixture(scope="module")
def base() -> Iterator[Sandbox]:
    sandbox = Sandbox.open()
    yield sandbox
    sandbox.close()


@asynccontextmanager
async def first_contact(base: Sandbox, *names: str, **how: Any) -> AsyncIterator[tuple[Claude, Uru]]:
    """A client of a service that differs so, with an all-permitted key unless `how` says otherwise."""
    uru = Uru(Sandbox(base.database, [], chosen(names)))
    async with connector(uru, "legacy")(**how) as claude:
        yield claude, uru


async def read_tool(claude: Claude, name: str) -> tuple[str, dict[str, Any]]:
    """The tool that reads where the service differs so, by the name under which it is found."""
    tool, arguments = READS.get(name, CONTEXTS)
    if name == "platform-split-dotted":
        found = await claude.data("uru_search_tools", {"query": "contexts list", "namespace": "platform"})
        tool = next(hit["tool"] for hit in found["hits"] if "contexts" in hit["tool"] and "list" in hit["tool"])
    return tool, arguments


@pytest.mark.parametrize("name", DECLARED)
async def test_with_a_declaration_every_service_that_differs_is_read_and_run(base: Sandbox, name: str) -> None:
    async with first_contact(base, name, PERMISSIONS="Read, Write, Execute") as (claude, uru):
        listed = set(await claude.tools())
        report = await claude.whoami()
        tool, arguments = await read_tool(claude, name)
        read = await claude.data(tool, arguments)
        await claude.data("company_demo__LOG_NOTE", {"text": "hi"})
        contexts = await claude.data("uru_list_resources", {"kind": "contexts"})

    assert {"uru_whoami", "uru_read", "uru_write", "uru_execute", tool, "company_demo__LOG_NOTE"} <= listed
    assert read["data"]
    assert uru.notes == ["hi"]
    assert bool(contexts["resources"]) is (name not in WITHOUT_CONTEXTS)
    assert report["state"] == "ready"
    assert not BLAMES & {problem["code"] for problem in report["problems"]}
    how = "declared" if name in UNTOLD else "told"
    permissions = {one: report["permissions"][one]["answer"] for one in ("read", "write", "execute")}
    assert permissions == dict.fromkeys(permissions, "yes")
    assert {report["permissions"][one]["how"] for one in permissions} == {how}


@pytest.mark.parametrize("name", ROWS)
async def test_without_a_declaration_a_service_that_differs_is_read_at_least(base: Sandbox, name: str) -> None:
    async with first_contact(base, name) as (claude, uru):
        listed = set(await claude.tools())
        report = await claude.whoami()
        tool, arguments = await read_tool(claude, name)
        if tool in listed:
            assert (await claude.data(tool, arguments))["data"]
        run = await claude.call("company_demo__LOG_NOTE", {"text": "hi"})

    assert report["state"] == "ready"
    assert not BLAMES & {problem["code"] for problem in report["problems"]}
    is_told = name not in UNTOLD
    assert (tool in listed) is (is_told or tool.startswith("platform__"))
    assert ("company_demo__LOG_NOTE" in listed) is is_told
    assert report["permissions"]["execute"] == (
        {"answer": "yes", "how": "told"} if is_told else {"answer": "unknown", "how": None}
    )
    assert uru.notes == (["hi"] if is_told else [])
    if not is_told:
        refusal = (run.structured_content or {})["error"]
        assert refusal["code"] == "permissions_unknown"
        assert "URU_PERMISSIONS" in refusal["fix"]
        assert report["permissions"]["read"] == {"answer": "yes", "how": "seen"}
        assert "uru_read_resource" in listed
        assert ("uru_execute" in listed) is (name in NOT_FINAL), "as long as Uru may yet tell"


@pytest.mark.parametrize("name", sorted(WITHOUT_CONTEXTS - {"platform-other-ops", "platform-action"}))
async def test_kinds_of_records_that_have_no_tool_are_not_offered_and_named_with_the_reason(
    base: Sandbox, name: str
) -> None:
    async with first_contact(base, name) as (claude, _):
        report = await claude.whoami()
    assert "contexts" not in report["resources"]["kinds"]
    assert {"kind": "contexts", "why": "this workspace has no tool platform__context_query"} in report["resources"][
        "not_offered"
    ]


@pytest.mark.parametrize("name", [*NOT_TOLD, "oldest-service"])
async def test_a_dead_key_is_found_out_and_a_good_one_is_not_blamed_whatever_the_record_says(
    base: Sandbox, name: str
) -> None:
    made = Uru(base).key()
    base.keys.delete(made.record.id)
    async with first_contact(base, name, key=made.text, PERMISSIONS="read,write,execute") as (claude, uru):
        assert set(await claude.tools()) == {"uru_whoami"}
        assert (await claude.whoami())["state"] == "key_revoked"
        await claude.error("company_demo__LOG_NOTE", {"text": "hi"})
    assert uru.sent("/execute/") == 0


@pytest.mark.parametrize("name", [name for name in DIFFERENCES if name.startswith("gateway-5") and name not in ROWS])
async def test_a_gateway_s_answer_about_the_record_means_that_uru_does_not_tell_now(base: Sandbox, name: str) -> None:
    async with first_contact(base, name, PERMISSIONS="execute") as (claude, uru):
        await claude.data("company_demo__LOG_NOTE", {"text": "hi"})
    assert uru.notes == ["hi"]


@pytest.mark.parametrize(
    "names",
    [
        ("no-key-record", "no-tool-version"),
        ("key-record-html", "list-apps"),
        ("key-record-401", "older-service", "undeclared"),
        ("key-record-slow", "tool-version-500"),
        ("gateway-envelope", "results-twice", "no-key-record"),
        ("tools-openai", "namespaces-slug", "results-mcp", "key-record-login"),
    ],
    ids="+".join,
)
async def test_ways_to_differ_add_up(base: Sandbox, names: tuple[str, ...]) -> None:
    async with first_contact(base, *names, PERMISSIONS="read,execute") as (claude, uru):
        assert (await claude.data(*CONTEXTS))["data"]
        await claude.data("company_demo__LOG_NOTE", {"text": "hi"})
        assert (await claude.data("uru_list_resources", {"kind": "contexts"}))["resources"]
        assert (await claude.whoami())["state"] == "ready"
    assert uru.notes == ["hi"]


async def test_a_record_that_hangs_holds_up_one_list_for_three_seconds_and_none_after_it(base: Sandbox) -> None:
    async with first_contact(base, "key-record-slow", PERMISSIONS="read,execute") as (claude, uru):
        await claude.tools()
        with anyio.fail_after(12):  # each of the ten would take three seconds
            for _ in range(5):
                await claude.tools()
                await claude.data("company_demo__LOG_NOTE", {"text": "hi"})
    assert uru.notes == ["hi"] * 5


async def test_the_older_route_is_asked_first_once_it_has_served(base: Sandbox) -> None:
    async with first_contact(base, "older-execute", permissions=ALL) as (claude, uru):
        for _ in range(3):
            await claude.data("company_demo__LOG_NOTE", {"text": "hi"})
    assert uru.notes == ["hi"] * 3
    paths = [request.path for request in uru.sandbox.requests if request.path.startswith("/execute/")]
    assert paths == ["/execute/company_demo__execute_tool", *["/execute/LOG_NOTE"] * 3]


@pytest.mark.parametrize("name", ["errors-html", "errors-empty", "errors-message-alone", "errors-flat"])
async def test_a_tool_that_is_gone_is_not_taken_for_a_route_that_is_missing(base: Sandbox, name: str) -> None:
    async with first_contact(base, name) as (claude, uru):
        await claude.tools()
        uru.sandbox.remove_tool(uru.acme.id, "company_demo", "LIST_NOTES")
        error = await claude.error("company_demo__LIST_NOTES")
        await claude.data("company_demo__LOG_NOTE", {"text": "hi"})
        base.put_tool(uru.acme.id, "company_demo", {"name": "LIST_NOTES", "inputSchema": {"type": "object"}})
    assert error["code"] == "not_found"
    assert uru.notes == ["hi"]
    assert uru.last_call.path == "/execute/company_demo__execute_tool"
