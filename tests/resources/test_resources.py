"""Uru's records as resources, through MCP's own requests and through the two tools, behind the gate."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from tests.world import Connect, Uru, connector
from uru_mcp.resources.cursors import encode
from uru_mcp.sandbox.serve import serving

SETS = [frozenset(chosen) for n in range(4) for chosen in combinations(("read", "write", "execute"), n)]
HANDBOOK = "uru://contexts/ctx_acme_handbook"
REFUND = "uru://automations/aut_acme_refund"
TEMPLATES = {
    "uru://namespaces/{namespace}",
    "uru://contexts/{id}",
    "uru://prompts/{id}",
    "uru://agents/{id}",
    "uru://automations/{id}",
    "uru://automations/{id}/runs/{run_id}",
}


async def protocol_error(request: Any) -> Any:
    """The error that a request of MCP is answered with."""
    with pytest.raises(MCPError) as raised:
        await request
    return raised.value.error


@pytest.mark.parametrize("permissions", SETS, ids=lambda held: "+".join(sorted(held)) or "nothing")
async def test_everything_is_listed_exactly_when_read_is_there_and_a_refused_read_sends_nothing(
    connect: Connect, uru: Uru, permissions: frozenset[str]
) -> None:
    may = "read" in permissions
    async with connect(permissions) as claude:
        assert bool(await claude.resources()) is may
        templates = (await claude.client.list_resource_templates()).resource_templates
        assert {template.uri_template for template in templates} == (TEMPLATES if may else set())
        assert bool(await claude.prompts()) is may
        assert bool(await claude.completed("uru://contexts/{id}", "id", "")) is may
        assert bool(await claude.completed("uru://namespaces/{namespace}", "namespace", "")) is may
        tools = await claude.tools()
        assert ("uru_list_resources" in tools) is ("uru_read_resource" in tools) is may
        sent = uru.sent("/execute/")
        if may:
            assert "refund" in (await claude.read(HANDBOOK)).lower()
            assert (await claude.data("uru_read_resource", {"uri": HANDBOOK}))["uri"] == HANDBOOK
            return
        assert sent == 0
        for uri in (HANDBOOK, "uru://key", "uru://workspace", "uru://namespaces/platform", "uru://contexts/nonsense"):
            refused = await claude.error("uru_read_resource", {"uri": uri})
            error = await protocol_error(claude.client.read_resource(uri))
            assert refused["code"] == error.data["code"] == "insufficient_permission"
            assert refused["missing"] == ["read"]
            assert refused["message"] in error.message
        assert (await claude.error("uru_list_resources"))["code"] == "insufficient_permission"
        error = await protocol_error(claude.client.get_prompt("answer_a_complaint", {}))
        assert error.data["code"] == "insufficient_permission"
    assert uru.sent("/execute/") == 0


async def test_the_tool_lists_and_reads_what_mcp_lists_and_reads(connect: Connect) -> None:
    async with connect({"read"}) as claude:
        through_mcp = await claude.resources()
        through_tool: dict[str, Any] = {}
        arguments: dict[str, Any] = {}
        while arguments.get("cursor", "") is not None:
            page = await claude.data("uru_list_resources", arguments)
            through_tool |= {resource["uri"]: resource for resource in page["resources"]}
            arguments = {"cursor": page["next_cursor"]}
        assert through_tool.keys() == through_mcp.keys()
        for uri, resource in through_mcp.items():
            assert through_tool[uri]["title"] == resource.title
            assert resource.name.endswith(f": {resource.title}") or resource.name == resource.title
            assert through_tool[uri]["mime_type"] == resource.mime_type
            data = (await claude.data("uru_read_resource", {"uri": uri}))["data"]
            text = await claude.read(uri)
            if resource.mime_type == "application/json" and not uri.endswith(("key", "workspace")):
                assert json.loads(text) == data
            elif resource.mime_type == "text/markdown":
                assert text == data


async def test_a_resource_is_listed_with_all_that_is_known_of_it(connect: Connect, uru: Uru) -> None:
    async with connect({"read"}) as claude:
        listed = await claude.resources()
        text = await claude.read(HANDBOOK)

    handbook = listed[HANDBOOK]
    assert (handbook.title, handbook.mime_type) == ("Acme service handbook", "text/markdown")
    assert (
        handbook.description == "What we promise to customers, who decides, and what to do when something goes wrong."
    )
    assert handbook.size == len(text.encode())
    assert handbook.annotations is not None
    (stamp,) = uru.sandbox.database.rows("SELECT updated_at FROM contexts WHERE id = 'ctx_acme_handbook'")
    assert handbook.annotations.last_modified == stamp["updated_at"].replace("Z", "+00:00")
    assert {uri.split("/")[2] for uri in listed} == {
        "workspace", "key", "namespaces", "contexts", "prompts", "agents", "automations",
    }  # fmt: skip


async def test_what_is_written_is_at_once_listed_read_found_and_nothing_else_is_gone(connect: Connect) -> None:
    arguments = {"op": "create", "title": "Zeppelin policy", "content": "Zeppelins moor at mast four."}
    async with connect({"read", "write"}) as claude:
        before = await claude.resources()
        assert not await claude.completed("uru://contexts/{id}", "id", "zeppelin")
        made = await claude.data("uru_write", {"tool": "platform__context_edit", "input": arguments})
        after = await claude.resources()
        found = await claude.data("uru_list_resources", {"query": "where do zeppelins moor", "kind": "contexts"})

        assert made["uri"] == f"uru://contexts/{made['data']['id']}"
        assert after.keys() - before.keys() == {made["uri"]}
        assert before.keys() <= after.keys()
        assert await claude.read(made["uri"]) == "Zeppelins moor at mast four."
        assert found["resources"][0]["uri"] == made["uri"]
        assert "mast four" in found["resources"][0]["excerpt"]
        assert await claude.completed("uru://contexts/{id}", "id", "zeppelin") == [made["data"]["id"]]


async def test_a_context_that_is_found_several_times_is_listed_once(connect_once: Connect) -> None:
    search = {"op": "search", "query": "machine customer refund"}
    async with connect_once({"read"}) as claude:
        hits = (await claude.data("platform__context_query", search))["data"]["items"]
        listed = await claude.data("uru_list_resources", {"kind": "contexts", "query": search["query"]})
    uris = [resource["uri"] for resource in listed["resources"]]
    assert uris == list(dict.fromkeys(f"uru://contexts/{hit['id']}" for hit in hits))
    assert len(uris) < len(hits)


async def test_a_change_is_read_at_once_and_answered_with_the_record_as_it_now_stands(connect: Connect) -> None:
    async with connect({"read", "write"}) as claude:
        await claude.read(HANDBOOK)
        change = {"op": "update", "id": "ctx_acme_handbook", "content": "Nothing is promised."}
        changed = await claude.data("platform__context_edit", change)
        assert changed["data"]["content"] == await claude.read(changed["uri"]) == "Nothing is promised."


async def test_lists_come_in_pages_of_any_number(connect: Connect, uru: Uru) -> None:
    for number in range(130):
        uru.sandbox.database.insert(
            "contexts", id=f"ctx_{number}", workspace_id=uru.acme.id, title=f"T{number}", content="x",
            updated_at="2026-01-01T00:00:00Z",
        )  # fmt: skip
    async with connect({"read"}, RESULT_CHARS="5000") as claude:
        first = await claude.client.list_resources()
        assert first.next_cursor is not None
        assert len(await claude.resources()) > 140
        uris: list[str] = []
        arguments: dict[str, Any] = {"kind": "contexts"}
        while arguments.get("cursor", "") is not None:
            result = await claude.call("uru_list_resources", arguments)
            page = result.structured_content or {}
            assert len(json.dumps(page["resources"])) < 6_000
            uris += [resource["uri"] for resource in page["resources"]]
            arguments = {"kind": "contexts", "cursor": page["next_cursor"]}
    assert len(uris) == len(set(uris)) == 135


async def test_a_list_that_leads_round_in_a_circle_ends(connect_once: Connect, uru: Uru) -> None:
    async with connect_once({"read"}) as claude:
        await claude.tools()
        page = {"items": [{"id": "ctx_1", "title": "One"}], "next_cursor": "the same"}
        uru.faults.status("/execute/", 200, body={"data": page, "successful": True})
        listed = await claude.data("uru_list_resources", {"kind": "contexts"})
    assert listed["next_cursor"] is None
    assert uru.sent("/execute/") == 2


async def test_another_workspaces_records_are_gone_when_it_is_selected(connect: Connect, uru: Uru) -> None:
    select = "platform__set_current_workspace"
    async with connect({"read"}, workspace=None) as claude:
        await claude.data(select, {"workspace_id": uru.acme.id})
        assert "prepare_a_visit" in await claude.prompts()
        assert HANDBOOK in await claude.resources()
        await claude.data(select, {"workspace_id": uru.globex.id})
        error = await protocol_error(claude.client.get_prompt("prepare_a_visit", {"serial": "AC1"}))
        assert error.data["code"] == "not_found"
        assert not [one for one in await claude.completed("uru://contexts/{id}", "id", "") if "acme" in one]
        assert HANDBOOK not in await claude.resources()
        assert (await claude.error("uru_read_resource", {"uri": HANDBOOK}))["code"] == "not_found"


NONSENSE = [
    "nonsense", "%%%", " ", "MQ==", "W10=", "bnVsbA==", "e30=", "\u00fc", "x" * 9_999, encode("a"), encode(1, 2),
    encode(-1), encode("facts", None, -1), encode("facts", "x", 0), encode("no_such", None, 0),
    encode("contexts", "of somebody else", 0), "W3RydWVd", "WzFlNDAwXQ==", "WyJmYWN0cyIsbnVsbCx0cnVlXQ==",
]  # fmt: skip


@pytest.mark.parametrize("permissions", [{"read"}, set()], ids=["with Read", "without"])
async def test_a_cursor_that_is_none_of_its_own_is_refused_by_every_list_and_an_empty_one_is_none(
    connect: Connect, permissions: set[str]
) -> None:
    async with connect(permissions) as claude:
        client = claude.client
        lists = [client.list_tools, client.list_prompts, client.list_resources, client.list_resource_templates]
        for ask in lists:
            for cursor in NONSENSE:
                if not permissions and cursor == encode("contexts", "of somebody else", 0):
                    continue  # nobody can tell without asking Uru
                error = await protocol_error(ask(cursor=cursor, cache_mode="refresh"))
                assert error.code == -32602, (ask, cursor)
            assert await ask(cursor="", cache_mode="refresh") == await ask(cache_mode="refresh")
        if permissions:
            for cursor in NONSENSE:
                assert (await claude.error("uru_list_resources", {"cursor": cursor}))["code"] == "invalid_arguments"
            assert (await claude.data("uru_list_resources", {"cursor": ""}))["resources"]


@pytest.mark.parametrize(
    "uri",
    ["uru://contexts/", "uru://contexts/..", "uru://contexts/%2e", "uru://contexts/a%00b", "uru://contexts/a%0Ab",
     "uru://contexts/%ff", "uru://automations/x/runs/", "uru://automations/%2E%2E/runs/x"],
)  # fmt: skip
async def test_an_id_that_is_none_is_refused_before_anything_is_sent(connect_once: Connect, uru: Uru, uri: str) -> None:
    async with connect_once({"read"}) as claude:
        assert (await claude.error("uru_read_resource", {"uri": uri}))["code"] == "invalid_arguments"
        assert (await protocol_error(claude.client.read_resource(uri))).code == -32602
    assert uru.sent("/execute/") == 0


@pytest.mark.parametrize("own", ["a/b", "../keys/self", "ä ö", "100%", "x?y#z", "{id}", "'; DROP TABLE contexts"])
async def test_every_other_id_is_passed_on_as_a_value(connect_once: Connect, uru: Uru, own: str) -> None:
    uru.sandbox.database.insert(
        "contexts", id=own, workspace_id=uru.acme.id, title="Odd", content="odd", updated_at="2026-01-01T00:00:00Z"
    )
    async with connect_once({"read"}) as claude:
        (uri,) = [uri for uri, resource in (await claude.resources()).items() if resource.title == "Odd"]
        assert await claude.read(uri) == "odd"
    assert uru.last_call.path == "/execute/platform__execute_tool"
    assert uru.last_call.json == {"tool_name": "context_query", "parameters": {"op": "get", "id": own}}


@pytest.mark.parametrize(
    "uri",
    ["uru://contexts/no_such", "uru://contexts/ctx_globex_customs", "uru://nonsense/x", "uru://contexts",
     "uru://namespaces/no_such", "uru://automations/aut_acme_visit/runs/no_such", "file:///etc/passwd",
     "uru://contexts/x/runs/y"],
)  # fmt: skip
async def test_an_unknown_or_foreign_id_is_the_eras_not_found(connect: Connect, uri: str) -> None:
    async with connect({"read"}) as claude:
        error = await protocol_error(claude.client.read_resource(uri))
        assert error.code == (-32602 if claude.client.protocol_version == "2026-07-28" else -32002)
        assert error.data["code"] == (await claude.error("uru_read_resource", {"uri": uri}))["code"] == "not_found"
        assert error.data["uri"] == uri


async def test_an_address_with_the_key_in_it_does_not_come_back_as_it_was(connect: Connect, uru: Uru) -> None:
    key = uru.key({"read"}).text
    async with connect(key=key) as claude:
        await claude.tools()
        before = uru.sent("/execute/")
        error = await protocol_error(claude.client.read_resource(f"uru://contexts/{key}"))
        assert uru.sent("/execute/") == before, "no record was ever told under such an address"
    assert error.data["uri"].startswith("uru://contexts/")
    assert key not in f"{error.message} {error.data}"


async def test_a_run_is_not_found_under_another_automation(connect_once: Connect) -> None:
    async with connect_once() as claude:
        ran = await claude.data("platform__automation_run", {"id": "aut_acme_report"})
        assert ran["uri"].startswith("uru://automations/aut_acme_report/runs/run_")
        assert json.loads(await claude.read(ran["uri"]))["status"] == "completed"
        error = await claude.error("uru_read_resource", {"uri": ran["uri"].replace("_report/", "_visit/")})
    assert error["code"] == "not_found"


async def test_runs_are_listed_under_their_automations_the_newest_first(connect: Connect) -> None:
    async with connect() as claude:
        ran = [(await claude.data("platform__automation_run", {"id": "aut_acme_report"}))["uri"] for _ in range(12)]
        listed = await claude.data("uru_list_resources", {"kind": "runs"})
        assert [resource["uri"] for resource in listed["resources"]] == ran[:1:-1]
        assert listed["resources"][0]["description"] == "completed"
        assert set(ran[2:]) <= (await claude.resources()).keys()
        run_id = ran[0].rpartition("/")[2]
        template = "uru://automations/{id}/runs/{run_id}"
        assert await claude.completed(template, "run_id", run_id, id="aut_acme_report") == [run_id]
        assert await claude.completed(template, "id", "weekly") == ["aut_acme_report"]


async def test_ids_are_completed_by_id_and_by_title(connect: Connect) -> None:
    async with connect({"read"}) as claude:
        assert await claude.completed("uru://contexts/{id}", "id", "how we") == ["ctx_acme_tone"]
        assert await claude.completed("uru://agents/{id}", "id", "per_acme_l") == ["per_acme_ledger"]
        assert await claude.completed("uru://namespaces/{namespace}", "namespace", "gm") == ["gmail_demo"]
        assert (await claude.completed("uru://prompts/{id}", "id", "vis"))[0] == "prm_acme_visit"
        assert (await protocol_error(claude.completed("uru://nonsense/{id}", "id", ""))).code == -32602
        assert (await protocol_error(claude.completed("uru://contexts/{id}", "run_id", ""))).code == -32602


async def test_a_kind_whose_tool_is_missing_is_absent_and_not_broken(connect: Connect, uru: Uru) -> None:
    uru.sandbox.remove_tool(uru.acme.id, "platform", "automation_query")
    async with connect({"read"}) as claude:
        kinds = {uri.split("/")[2] for uri in await claude.resources()}
        templates = (await claude.client.list_resource_templates()).resource_templates
        listed = await claude.data("uru_list_resources", {"kind": "automations"})
        error = await claude.error("uru_read_resource", {"uri": REFUND})

    assert kinds == {"workspace", "key", "namespaces", "contexts", "prompts", "agents"}
    assert {form.uri_template for form in templates} == {form for form in TEMPLATES if "automations" not in form}
    assert listed["resources"] == []
    assert "hint" in listed
    assert error["code"] == "not_found"


@pytest.mark.parametrize("permissions", [{"read"}, {"write"}])
async def test_a_kind_that_needs_more_than_read_is_shown_only_to_who_has_both(
    connect_once: Connect, uru: Uru, permissions: set[str]
) -> None:
    tool = {"name": "persona_query", "permission": "write", "inputSchema": {"type": "object"}}
    uru.sandbox.put_tool(uru.acme.id, "platform", tool)
    async with connect_once(permissions) as claude:
        assert not [uri for uri in await claude.resources() if "agents" in uri]
        error = await claude.error("uru_read_resource", {"uri": "uru://agents/per_acme_ledger"})
    assert error["missing"] == sorted({"read", "write"} - permissions)
    posted = [request.json for request in uru.sandbox.requests if request.method == "POST"]
    assert "persona_query" not in {order["tool_name"] for order in posted}
    async with connect_once({"read", "write"}) as claude:
        assert [uri for uri in await claude.resources() if "agents" in uri]


async def test_one_kind_that_fails_does_not_hide_the_others_and_is_told(connect: Connect, uru: Uru) -> None:
    uru.sandbox.put_tool(uru.acme.id, "platform", {"name": "prompt_query", "permission": "read", "inputSchema": {
        "type": "object", "properties": {"op": {"const": "nothing"}}, "required": ["op"]}})  # fmt: skip
    async with connect({"read"}) as claude:
        listed = await claude.data("uru_list_resources")
        kinds = {uri.split("/")[2] for uri in await claude.resources()}
        problems = (await claude.whoami())["problems"]

    assert problems[0]["message"].startswith("The prompts could not be listed. ")
    assert [problem["kind"] for problem in listed["problems"]] == ["prompts"]
    assert listed["problems"][0]["code"] == "upstream_failed"
    assert kinds == {"workspace", "key", "namespaces", "contexts", "agents", "automations"}


async def test_a_list_that_cannot_be_had_is_an_error_and_never_empty(connect: Connect, uru: Uru) -> None:
    async with connect({"read"}, CALL_DEADLINE="3") as claude:
        await claude.tools()
        uru.faults.status("/execute/", 503)
        assert (await protocol_error(claude.client.list_resources())).data["code"] == "unavailable"
        assert (await protocol_error(claude.client.list_prompts())).data["code"] == "unavailable"


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_with_a_key_or_settings_that_cannot_be_used_the_reason_is_told(uru: Uru, era: str) -> None:
    for variables, code in (({"key": "uru_test_unknown_key"}, "key_rejected"), ({"key": "nonsense"}, "malformed_key")):
        async with connector(uru, era)(**variables) as claude:
            for request in (
                claude.client.list_resources(), claude.client.list_prompts(),
                claude.client.list_resource_templates(), claude.client.read_resource(HANDBOOK),
            ):  # fmt: skip
                error = await protocol_error(request)
                assert error.data["code"] == code
                assert error.code == -32600


async def test_the_workspace_and_the_key_are_resources_and_the_key_itself_is_not_in_them(
    connect: Connect, uru: Uru
) -> None:
    key = uru.key({"read"})
    async with connect(key=key.text) as claude:
        report = await claude.whoami()
        workspace, own = json.loads(await claude.read("uru://workspace")), await claude.read("uru://key")

    assert workspace["workspace"] == {"id": uru.acme.id, "name": "Acme"}
    assert workspace["tools"]["allowed"] == report["tools"]["allowed"]
    assert json.loads(own)["key"] == report["key"]
    assert json.loads(own)["permissions"] == report["permissions"]
    assert key.text not in own


async def test_a_namespace_says_of_each_tool_what_it_needs_and_whether_it_may(connect: Connect) -> None:
    async with connect({"read"}) as claude:
        namespace = json.loads(await claude.read("uru://namespaces/platform"))
    tools = {tool["tool"]: tool for tool in namespace["tools"]}
    assert tools["platform__context_query"]["call_with"] == "uru_read"
    assert tools["platform__context_edit"] == {
        "tool": "platform__context_edit", "title": "platform: Create or change a context block",
        "namespace": "platform",
        "needs": ["write"], "allowed": False, "missing": ["write"],
    }  # fmt: skip


async def test_a_long_resource_is_read_in_pieces(connect: Connect, uru: Uru) -> None:
    text = "".join(f"Line {number}.\n" for number in range(2_000))
    uru.sandbox.database.insert(
        "contexts", id="ctx_long", workspace_id=uru.acme.id, title="Long", content=text,
        updated_at="2026-01-01T00:00:00Z",
    )  # fmt: skip
    async with connect({"read"}, RESULT_CHARS="9000") as claude:
        contents = (await claude.client.read_resource("uru://contexts/ctx_long")).contents
        assert [content.mime_type for content in contents] == ["text/markdown", "text/plain"]
        whole, offset = "", 0
        while offset is not None:
            piece = await claude.data("uru_read_resource", {"uri": "uru://contexts/ctx_long", "offset": offset})
            whole += piece["data"]
            offset = piece["cut"]["next_offset"]
    assert whole == text


async def test_clients_are_told_of_what_was_written(uru: Uru) -> None:
    messages: list[str] = []

    async def note(message: Any) -> None:
        messages.append(getattr(message, "method", ""))

    async with connector(uru, "legacy")({"read", "write"}, on_message=note) as claude:
        await claude.data("platform__context_edit", {"op": "create", "title": "T", "content": "c"})
        await claude.data("platform__prompt_edit", {"op": "create", "title": "P", "content": "c"})
    assert messages.count("notifications/resources/list_changed") == 2
    assert messages.count("notifications/prompts/list_changed") == 1


async def test_clients_of_the_newer_era_are_told_too(uru: Uru) -> None:
    async with (
        connector(uru, "auto")({"read", "write"}) as claude,
        claude.client.listen(resources_list_changed=True, prompts_list_changed=True) as told,
    ):
        await claude.data("platform__prompt_edit", {"op": "create", "title": "P", "content": "c"})
        kinds = {type(await anext(told)).__name__, type(await anext(told)).__name__}
    assert kinds == {"ResourcesListChanged", "PromptsListChanged"}


async def test_a_key_that_is_narrowed_loses_its_resources_and_clients_are_told(uru: Uru) -> None:
    messages: list[str] = []

    async def note(message: Any) -> None:
        messages.append(getattr(message, "method", ""))

    key = uru.key({"read", "execute"})
    async with connector(uru, "legacy")(key=key.text, on_message=note) as claude:
        assert await claude.resources()
        assert await claude.prompts()
        uru.sandbox.keys.set_permissions(key.record.id, {"execute"})
        uru.faults.status("/execute/", 403, body={"code": "insufficient_permission", "required": ["read"]}, times=1)
        await claude.error("platform__context_query", {"op": "list"})
        assert not await claude.resources()
        assert not await claude.prompts()
    assert "notifications/resources/list_changed" in messages
    assert "notifications/prompts/list_changed" in messages


async def test_reading_goes_over_a_real_socket_too(uru: Uru) -> None:
    async with serving(uru.sandbox) as url, connector(uru, "legacy")({"read"}, url=url) as claude:
        assert "Acme" in (await claude.read(HANDBOOK))


async def test_a_key_in_a_record_or_an_argument_does_not_come_out(connect_once: Connect, uru: Uru) -> None:
    key = uru.key({"read", "write"})
    for table, title in (("contexts", "C"), ("prompts", "P")):
        uru.sandbox.database.insert(
            table, id=f"x_{key.text}", workspace_id=uru.acme.id, title=f"{title} {key.text}",
            content=f"Say {key.text} to {{{{whom}}}}", updated_at="2026-01-01T00:00:00Z",
        )  # fmt: skip
    async with connect_once(key=key.text) as claude:
        said = [str(await claude.resources()), str(await claude.prompts())]
        name = next(name for name in await claude.prompts() if name.startswith("p_"))
        said += [
            str(await claude.client.list_resources()),
            str(await claude.completed("uru://contexts/{id}", "id", "C")),
            str(await claude.data("uru_list_resources")),
            str(await protocol_error(claude.client.get_prompt(name, {"whom": key.text}))),
            str(await claude.client.get_prompt("prepare_a_visit", {"serial": key.text})),
        ]
    assert key.text not in "".join(said)
