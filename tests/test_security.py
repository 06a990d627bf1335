"""SECURITY.md promises what tests show: `data/promises.json` names them for each of its sentences."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from tests.commands.test_install import STDIO, entry_of, install, put
from tests.documents import DOCUMENTS, ROOT
from tests.world import Connect, Uru
from uru_mcp.tools.definitions import OWN

PROMISES: dict[str, list[str]] = json.loads((Path(__file__).parent / "data" / "promises.json").read_text("utf-8"))


def sentences() -> list[str]:
    section = DOCUMENTS["SECURITY.md"].partition("## What is promised\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line]


def functions_of(path: str) -> set[str]:
    body = ast.parse((ROOT / path).read_text("utf-8")).body
    return {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def test_each_promise_names_tests_and_each_entry_is_a_promise() -> None:
    assert list(PROMISES) == sentences()
    assert [promise for promise, tests in PROMISES.items() if not tests] == []


def test_every_test_that_a_promise_names_exists() -> None:
    named = {test for tests in PROMISES.values() for test in tests}
    assert [
        test
        for test in sorted(named)
        if not (parts := test.partition("::"))[2].startswith("test_") or parts[2] not in functions_of(parts[0])
    ] == []


def test_no_tool_of_ours_takes_a_key() -> None:
    for name, definition in OWN.items():
        properties = definition.schema.get("properties", {})
        assert not [one for one in properties if {"key", "token", "secret", "password"} & set(one.split("_"))], name


async def test_arguments_become_no_header_and_no_path(connect_once: Connect, uru: Uru) -> None:
    names = ("X-Namespace", "x_app_context", "Authorization", "Host", "path", "../../keys", "a\r\nb", "tool_name")
    value = "evil.example\r\nX-Namespace: gmail_demo/../keys"
    arguments = dict.fromkeys(names, value)
    tool = {"name": "ODD", "inputSchema": {"type": "object", "additionalProperties": True}}
    uru.sandbox.put_tool(uru.acme.id, "company_demo", tool)
    key = uru.key().text
    async with connect_once(key=key) as claude:
        await claude.call("uru_execute", {"tool": "company_demo__ODD", "input": {"text": value, **arguments}})
        await claude.call("uru_execute", {"tool": "company_demo__../keys", "input": arguments})
    (run,) = [request for request in uru.sandbox.requests if request.path.startswith("/execute/")]
    assert (run.path, run.query) == ("/execute/company_demo__execute_tool", "")
    assert json.loads(run.body)["parameters"] == {"text": value, **arguments}
    for request in uru.sandbox.requests:
        assert "evil" not in f"{request.path}{request.query}{request.headers}"
        assert request.headers["authorization"] == f"Bearer {key}"
        assert str(request.headers).count(key) == 1
        assert key not in f"{request.path}{request.query}{request.body!r}"


def test_installing_again_replaces_an_entry_that_imports_from_the_working_directory(tmp_path: Path) -> None:
    old = {"command": "python3", "args": ["-m", "uru_mcp"], "env": {"URU_PERMISSIONS": "read"}}
    put(tmp_path, json.dumps({"mcpServers": {"uru": old}}))
    ran = install(tmp_path, "claude-desktop", "--sandbox")
    assert ran.exit_code == 0, ran.output
    entry = entry_of(tmp_path)
    assert (entry["command"], entry["args"]) == (STDIO["command"], ["--sandbox"])
