"""Only the thread of the event loop imports: two threads that do so at once can deadlock, or see half a module."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.process import PYTHON, URU_MCP, Served, served
from tests.world import Uru, until
from uru_mcp.sandbox.serve import serving

WATCHED = """
import runpy, sys, threading

class Watch:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is not threading.main_thread():
            print("imported in a thread:", name, file=sys.stderr, flush=True)

sys.meta_path.insert(0, Watch())
runpy.run_module("uru_mcp", run_name="__main__")
"""
COMMAND = (PYTHON, "-c", WATCHED)
LOG_NOTE = {"tool": "company_demo__LOG_NOTE", "arguments": {"text": "hi"}}
PROMPT = {"name": "answer_a_complaint", "arguments": {"customer": "Ana", "complaint": "It leaks."}}
REF = {"type": "ref/resource", "uri": "uru://contexts/{id}"}

REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("tools/list", {}),
    ("prompts/list", {}),
    ("resources/list", {}),
    ("tools/call", {"name": "uru_search_tools", "arguments": {"query": "mail"}}),
    ("tools/call", {"name": "uru_execute", "arguments": LOG_NOTE}),
    ("resources/templates/list", {}),
    ("resources/read", {"uri": "uru://contexts/ctx_acme_prices"}),
    ("prompts/get", PROMPT),
    ("completion/complete", {"ref": REF, "argument": {"name": "id", "value": "ctx"}}),
    ("tools/call", {"name": "uru_whoami", "arguments": {}}),
]


def lines(requests: list[tuple[str, dict[str, Any]]]) -> list[str]:
    numbered = enumerate(requests, 100)
    return [
        json.dumps({"jsonrpc": "2.0", "id": number, "method": name, "params": given})
        for number, (name, given) in numbered
    ]


def answers(claude: Served) -> dict[int, dict[str, Any]]:
    told = map(json.loads, claude.lines)
    return {one["id"]: one for one in told if isinstance(one.get("id"), int) and one["id"] >= 100}


def failed(claude: Served) -> list[dict[str, Any]]:
    return [one for one in answers(claude).values() if "error" in one or one["result"].get("isError")]


async def all_at_once(claude: Served, requests: list[tuple[str, dict[str, Any]]]) -> None:
    await claude.initialize("2025-11-25")
    await claude.send("\n".join(lines(requests)))
    await until(lambda: len(answers(claude)) == len(requests))


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "backwards"])
async def test_no_thread_imports_anything_in_a_sandbox_of_its_own(step: int) -> None:
    async with served("--sandbox", command=COMMAND) as claude:
        await all_at_once(claude, REQUESTS[::step])
    assert failed(claude) == []
    assert claude.stderr == ""


async def test_no_thread_imports_anything_with_a_service_a_key_file_and_a_cache(uru: Uru, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text(uru.key().text, encoding="utf-16")
    async with serving(uru.sandbox) as url:
        port = url.rpartition(":")[2]
        for step in (1, -1):  # the second one finds a cache
            async with served(
                command=COMMAND,
                URU_API_KEY_FILE=str(file),
                URU_PROXY_URL=f"http://localhost:{port}",
                XDG_CACHE_HOME=str(tmp_path),
                URU_AUDIT_LOG=str(tmp_path / "audit.jsonl"),
            ) as claude:
                await all_at_once(claude, REQUESTS[::step])
            assert failed(claude) == []
            assert claude.stderr == ""


async def test_no_thread_imports_anything_with_a_key_command(uru: Uru, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(uru.key().text)
    async with (
        serving(uru.sandbox) as url,
        served(command=COMMAND, URU_API_KEY_COMMAND=f"cat {file}", URU_PROXY_URL=url) as claude,
    ):
        await all_at_once(claude, REQUESTS)
    assert failed(claude) == []
    assert claude.stderr == ""


async def test_no_thread_imports_anything_while_a_name_is_resolved() -> None:
    async with served(
        command=COMMAND, URU_API_KEY="uru_test_0123456789", URU_PROXY_URL="https://nowhere.invalid"
    ) as claude:
        await all_at_once(claude, REQUESTS)
    assert len(failed(claude)) > 5
    assert "imported in a thread" not in claude.stderr


@pytest.mark.parametrize("order", [*permutations(REQUESTS[:3])][:6:2])
async def test_the_first_requests_are_answered_in_any_order(order: list[tuple[str, dict[str, Any]]]) -> None:
    async with served("--sandbox", command=URU_MCP) as claude:
        await all_at_once(claude, [*order])
    assert failed(claude) == []


async def test_no_thread_imports_anything_for_json_in_another_encoding(uru: Uru) -> None:
    body = json.dumps({"data": {"text": "é" * 300_000}, "successful": True}, ensure_ascii=False)
    encodings = [f"utf-{width}{end}" for width in (16, 32) for end in ("", "-le", "-be")]
    async with (
        serving(uru.sandbox) as url,
        served(command=COMMAND, URU_API_KEY=uru.key().text, URU_PROXY_URL=url) as claude,
    ):
        await claude.initialize("2025-11-25")
        await claude.result("tools/list")
        for encoding in encodings:
            headers = {"Content-Type": "application/json"}
            uru.faults.status("/execute/", 200, body=body.encode(encoding), headers=headers, times=1)
            result = await claude.call("uru_execute", LOG_NOTE)
            assert result["structuredContent"]["data"]["text"].startswith("éé"), encoding
    assert claude.stderr == ""
