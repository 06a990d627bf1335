"""Every sentence that a model is told: it speaks of no tool, code, member or variable that does not exist.

The sentences stand in `tools/definitions.py` and the package `messages`; those that are still beside the code that uses
them are found there all the same, by the shape of the source.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from string import Formatter
from typing import get_args

import pytest

from tests.world import CATALOG, Connect, Uru, connector, text_of
from uru_mcp.access.policy import OWN_TOOLS, PLATFORM_TOOLS
from uru_mcp.config.variables import Variables
from uru_mcp.errors import Code
from uru_mcp.messages import access_messages, audit_messages, call_messages, record_messages, report_messages
from uru_mcp.tools.definitions import CARD_TOOLS, INSTRUCTIONS, OWN, Definition
from uru_mcp.untrusted_input.token_estimate import weight_of

SOURCE = Path(__file__).parent.parent / "src" / "uru_mcp"
QUERIES = Path(__file__).parent / "data" / "queries.json"
OWN_TOKENS, SEARCH_TOKENS = 2_500, 1_500
CHARS_PER_TOKEN = 4

FOR_PEOPLE = (  # what only a terminal, a log or the sandbox shows
    *("__main__", "cli", "server/lifecycle", "server/logging_setup", "audit/audit_log", "audit/usage_totals"),
    *("commands/", "client_configs/", "sandbox/"),
)
FOR_WHO_CONFIGURES = ("config/", "credentials/key_sources")
OF_ANOTHER_SUBJECT = "catalog/schemas/validation_messages"  # what is wrong with an argument, in JSON Schema's terms
MEMBERS_OF_MCP = {"initialize", "_meta", "resources/templates/list"}
VALUES = {"never", "person", "ask"}  # of settings

MESSAGES = {
    one.__name__.rpartition(".")[2]: one
    for one in (access_messages, audit_messages, call_messages, record_messages, report_messages)
}

Sentence = tuple[str, str]  # where it stands, and its words, with {} for what is filled in


def modules() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if not module(path).startswith(FOR_PEOPLE)]


def module(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").as_posix()


def unspoken(tree: ast.AST) -> set[int]:
    """The nodes that are docstrings or go to the log."""
    found: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            found |= {id(one.value) for one in body if isinstance(one, ast.Expr)}
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log."):
            found |= {id(one) for one in ast.walk(node)}
    return found


def sentences_in(path: Path) -> Iterator[Sentence]:
    tree = ast.parse(path.read_text())
    passed_over = unspoken(tree)
    for node in ast.walk(tree):
        if id(node) in passed_over:
            continue
        if isinstance(node, ast.JoinedStr):
            passed_over |= {id(one) for one in ast.walk(node) if isinstance(one, ast.Constant)}
            text = "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if len(re.findall(r"[A-Za-z_]{2,}", text)) >= 3 and " " in text.strip():
            yield f"{module(path)}:{node.lineno}", text


def members() -> set[str]:
    """Every name that a structure, a schema or an argument of ours can have, as the source writes them."""
    found: set[str] = set()
    for path in (*modules(), *(SOURCE / "apps").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Dict):
                found |= {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
            elif isinstance(node, ast.keyword) and node.arg:
                found.add(node.arg)
            elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                found.add(str(node.slice.value))
    return found


SENTENCES = [one for path in modules() for one in sentences_in(path)]


@pytest.fixture(scope="module")
def large() -> Iterator[Uru]:
    world = Uru.open(catalog=CATALOG)
    yield world
    world.close()


def test_sentences_are_found() -> None:
    words = " ".join(text for _, text in SENTENCES)
    assert len(SENTENCES) > 200
    assert all(tool in words for tool in ("uru_whoami", "uru_search_tools", "uru_result", "uru_read_resource"))
    assert "decide nothing yourself" in words


def test_every_sentence_is_filled_in_with_just_what_it_has_room_for() -> None:
    calls = [
        (f"{module(path)}:{call.lineno}", call.func.value, {one.arg for one in call.keywords})
        for path in modules()
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "format"
        and isinstance(call.func.value, ast.Attribute)
        and ast.unparse(call.func.value.value) in MESSAGES
    ]
    assert len(calls) > 100
    for where, sentence, given in calls:
        text = getattr(MESSAGES[ast.unparse(sentence.value)], sentence.attr)
        assert {field for _, field, _, _ in Formatter().parse(text) if field is not None} == given, (where, text)


def test_sentences_stand_in_two_files() -> None:
    holding = {where.partition(":")[0] for where, text in SENTENCES if re.search(r"[a-z]{2}\. [A-Z]|[a-z)]\.$", text)}
    others = {one for one in holding if one.startswith(FOR_WHO_CONFIGURES)} | {OF_ANOTHER_SUBJECT}
    elsewhere = {one for one in holding - others if not one.startswith("messages/")}
    assert elsewhere == {"tools/definitions"}


def test_no_name_of_a_sentence_is_given_twice() -> None:
    bodies = [ast.parse(path.read_text()).body for path in (SOURCE / "messages").glob("*.py")]
    names = [ast.unparse(one.targets[0]) for body in bodies for one in body if isinstance(one, ast.Assign)]
    assert len(names) == len(set(names))


def test_no_sentence_names_a_tool_that_does_not_exist() -> None:
    own = {name for _, text in SENTENCES for name in re.findall(r"\buru_[a-z_]*[a-z]\b(?!\.py)", text)}
    own -= {"uru_mcp"}
    platform = {name for _, text in SENTENCES for name in re.findall(r"\bplatform__(\w+)", text)}
    assert own <= OWN.keys() | CARD_TOOLS.keys()
    assert platform <= PLATFORM_TOOLS.keys()


def test_no_sentence_names_a_member_or_a_code_that_does_not_exist() -> None:
    known = members() | set(get_args(Code)) | OWN.keys() | MEMBERS_OF_MCP | VALUES
    named = [
        (where, name)
        for where, text in SENTENCES
        for name in (*re.findall(r"`([\w/]+)`", text), *re.findall(r'[{ ]"([a-z_]+)"[,}]', text))
    ]
    assert len(named) > 40
    assert [one for one in named if one[1] not in known] == []


def test_no_sentence_names_a_variable_that_does_not_exist() -> None:
    known = {f"URU_{name.upper()}" for name in Variables.model_fields}
    named = {name for _, text in SENTENCES for name in re.findall(r"\bURU_[A-Z_]*[A-Z]\b", text)}
    assert len(named) > 3
    assert named - known == set()


def test_instructions_and_descriptions_name_only_tools_that_are_listed_wherever_they_are() -> None:
    for text, needs in (
        (INSTRUCTIONS, frozenset()),
        *((tool.description, OWN_TOOLS[tool.name]) for tool in OWN.values()),
    ):
        named = set(re.findall(r"\buru_[a-z_]+\b", text))
        assert all(OWN_TOOLS[name] <= needs for name in named), (named, text)


@pytest.mark.parametrize("tool", OWN.values(), ids=lambda tool: tool.name)
def test_a_title_is_of_two_to_four_words_and_short_enough_for_clients(tool: Definition) -> None:
    assert 2 <= len(tool.title.split()) <= 4
    assert len(tool.title) <= 33


def test_only_one_tool_says_to_start_with_it() -> None:
    assert [tool.name for tool in OWN.values() if "start here" in tool.description.lower()] == ["uru_list_resources"]


async def test_our_own_tools_and_a_search_cost_a_model_few_tokens(
    large: Uru, capsys: pytest.CaptureFixture[str]
) -> None:
    queries = [one["query"] if isinstance(one, dict) else one for one in json.loads(QUERIES.read_text())]
    async with connector(large, "legacy")() as claude:
        answers = [await claude.call("uru_search_tools", {"query": query}) for query in queries]
    costs = [
        max(tokens(text_of(one)), tokens(json.dumps(one.structured_content, ensure_ascii=False))) for one in answers
    ]
    own, search = sum(tool.tokens for tool in OWN.values()), median(costs)
    with capsys.disabled():
        print(f"\nour own tools: {own} tokens; a search: {search:.0f} in the median, {max(costs)} at most")  # noqa: T201
    assert own < OWN_TOKENS
    assert search < SEARCH_TOKENS


def tokens(text: str) -> int:
    return -(-weight_of(text) // CHARS_PER_TOKEN)


async def test_the_report_has_a_remedy_for_each_permission_that_is_missing(connect: Connect) -> None:
    async with connect({"read"}) as claude:
        result = await claude.call("uru_whoami")
    tools = (result.structured_content or {})["tools"]
    assert [one["permission"] for one in tools["missing"]] == ["write", "execute"]
    assert all(f"give the key {permission} in" in tools["fix"] for permission in ("Write", "Execute"))
    assert tools["fix"] in text_of(result)


async def test_the_report_says_how_many_apps_are_not_named(large: Uru) -> None:
    async with connector(large, "legacy")({"read"}) as claude:
        result = await claude.call("uru_whoami")
        overview = await claude.data("uru_search_tools")
    (missing,) = [
        one for one in (result.structured_content or {})["tools"]["missing"] if one["permission"] == "execute"
    ]
    assert len(missing["apps"]) + missing["more_apps"] == len(overview["namespaces"])
    assert f"of {missing['more_apps']} more apps" in text_of(result)


async def test_a_search_for_what_is_blocked_names_it_with_what_is_missing(connect: Connect) -> None:
    async with connect({"read"}) as claude:
        report = (await claude.whoami())["tools"]
        found = await claude.data("uru_search_tools", {"blocked": True, "limit": 50})
        mail = await claude.data("uru_search_tools", {"blocked": True, "query": "send a mail"})
    assert found["total"] == report["blocked"]
    assert not any(hit["allowed"] for hit in (*found["hits"], *mail["hits"]))
    assert mail["hits"][0]["missing"] == ["execute"]


async def test_a_tool_that_replaces_whole_texts_says_so_where_it_is_listed_and_found(connect: Connect) -> None:
    async with connect() as claude:
        tools = await claude.tools()
        (hit,) = (await claude.data("uru_search_tools", {"query": "platform__context_edit", "limit": 1}))["hits"]
    said = "Replaces whole texts."
    assert said in (tools["platform__context_edit"].description or "")
    assert said in hit["description"]
    assert said not in (tools["platform__context_query"].description or "")
    assert "replaces the whole text of each field" in (tools["uru_write"].description or "")


async def test_an_empty_list_says_whether_there_are_none_or_none_that_fit(connect: Connect) -> None:
    async with connect() as claude:
        runs = await claude.data("uru_list_resources", {"kind": "runs"})
        prompts = await claude.data("uru_list_resources", {"kind": "prompts", "query": "zeppelin"})
    assert runs["hint"] == "This workspace has no runs."
    assert "fits these words among prompts" in prompts["hint"]


async def test_a_list_has_ids_and_what_runs_and_automations_are_about(connect: Connect) -> None:
    visit = {"serial": "AC1", "start": "2026-03-17T14:00:00Z", "email": "a@demo.example"}
    run = {"tool": "platform__automation_run", "input": {"id": "aut_acme_visit", "input": visit}}
    async with connect() as claude:
        started = (await claude.data("uru_execute", run))["data"]["id"]
        (listed,) = (await claude.data("uru_list_resources", {"kind": "runs"}))["resources"]
        automations = (await claude.data("uru_list_resources", {"kind": "automations"}))["resources"]
    assert listed["id"] == started
    assert listed["title"].startswith("Book a visit: run of ")
    inputs = {one["id"]: one.get("required_inputs") for one in automations}
    assert inputs["aut_acme_visit"] == ["serial", "start", "email"]
    assert inputs["aut_acme_report"] is None


@pytest.mark.parametrize(
    ("tool", "arguments", "look"),
    [
        (
            "gmail_demo__GMAIL_SEND_EMAIL",
            {"recipient_email": "a@b.example", "subject": "s", "body": "b"},
            "Gmail - Demo",
        ),
        ("platform__context_edit", {"op": "create", "title": "t", "content": "c"}, "read the record"),
        ("platform__automation_run", {"id": "aut_acme_report"}, "newest runs"),
    ],
)
async def test_an_unconfirmed_call_names_its_tool_and_how_to_look(
    connect: Connect, uru: Uru, tool: str, arguments: dict[str, object], look: str
) -> None:
    async with connect() as claude:
        await claude.tools()
        uru.faults.lose_answer("/execute/")
        error = await claude.error(tool, dict(arguments))
    assert (error["code"], error["tool"]) == ("unconfirmed", tool)
    assert error["fix"].startswith(tool)
    assert look in error["fix"]


async def test_without_a_workspace_those_there_are_are_named_and_the_change_says_what_else_changed(
    connect: Connect, uru: Uru
) -> None:
    async with connect(workspace=None) as claude:
        error = await claude.error("uru_search_tools", {"query": "mail"})
        selected = await claude.call("platform__set_current_workspace", {"workspace_id": uru.acme.id})
    assert {(one["name"], one["id"]) for one in error["available_workspaces"]} == {
        ("Acme", uru.acme.id),
        ("Globex", uru.globex.id),
    }
    assert "“Acme”" in error["message"]
    assert "unless the user named it" in error["fix"]
    assert "listed tools, resources and prompts may have changed" in text_of(selected)
    assert "listed tools" in (selected.structured_content or {})["note"]


@pytest.mark.parametrize(
    ("available", "named"),
    [
        (["Acme", "Globex"], ["Acme", "Globex"]),
        ([{"workspace_id": "w1"}, {"workspace": {"id": "w2", "name": "Two"}}], ["w1", "Two"]),
        ([{"id": 7}, None, 3], []),
        ("Acme", []),
    ],
)
async def test_workspaces_are_named_in_each_form_that_uru_tells_them(
    connect_once: Connect, uru: Uru, available: object, named: list[str]
) -> None:
    body = {"error": "workspace_selection_required", "available_workspaces": available}
    uru.faults.status("/tools/sync/version", 409, body=body)
    async with connect_once(workspace=None) as claude:
        error = await claude.error("uru_search_tools", {"query": "mail"})
    assert [one["name"] for one in error.get("available_workspaces", [])] == named
    assert all(f"“{name}”" in error["message"] for name in named)


@pytest.mark.parametrize(
    ("permissions", "lacked"),
    [({"read", "execute"}, ["Write"]), ({"read"}, ["Write", "Execute"]), ({"read", "write", "execute"}, [])],
    ids=["no write", "read only", "all"],
)
async def test_what_the_key_lacks_and_the_fix_are_told_before_the_first_call(
    connect: Connect, permissions: set[str], lacked: list[str]
) -> None:
    async with connect(permissions) as claude:
        told = ((await claude.tools())["uru_whoami"].description or "").removeprefix(OWN["uru_whoami"].description)
        fix = (await claude.whoami())["tools"]["fix"]
    if not lacked:
        assert told == ""
        return
    assert told.startswith(f" When these tools were listed, this key lacked {' and '.join(lacked)}, ")
    assert told.endswith(fix)


async def test_a_permission_that_may_yet_be_told_is_not_called_lacking(connect: Connect, uru: Uru) -> None:
    uru.faults.status("/keys/self", 404)
    async with connect({"read"}) as claude:
        tools = await claude.tools()
        hits = await claude.data("uru_search_tools", {"query": "send a mail"})
    assert tools["uru_whoami"].description == OWN["uru_whoami"].description
    assert "fix" not in hits


async def test_a_search_says_how_to_fix_what_its_hits_lack_and_otherwise_nothing(connect: Connect) -> None:
    async with connect({"read", "execute"}) as claude:
        edit = await claude.call("uru_search_tools", {"query": "change a context block"})
        mail = await claude.data("uru_search_tools", {"query": "send a mail with Gmail", "limit": 1})
        refusal = await claude.error("platform__context_edit", {"op": "update", "id": "ctx_acme_prices"})
    fix = (edit.structured_content or {})["fix"]
    assert fix == f"This key lacks Write, which hits with `missing` need. {refusal['fix']}"
    assert f"[{fix}]" in text_of(edit)
    assert "fix" not in mail
