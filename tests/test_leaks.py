"""The key appears in nothing that leaves the process, whatever a service does with it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from tests.process import Served, served
from tests.world import Connect, Uru
from uru_mcp.sandbox.serve import serving


def spellings(key: str) -> list[str]:
    return [
        key,
        key[4:20],
        quote(key, safe=""),
        *(base64.b64encode(b"x" * lead + key.encode())[4:-4].decode() for lead in range(3)),
    ]


async def test_the_key_is_in_no_output_also_when_the_service_repeats_it(uru: Uru) -> None:
    key = uru.key().text
    async with serving(uru.sandbox) as url:
        async with served(URU_API_KEY=key, URU_PROXY_URL=url, URU_LOG_LEVEL="debug") as working:
            await working.initialize("2025-11-25")
            for path in ("/nothing", "/execute/", "/tools/", "/keys/self"):
                uru.faults.clear()
                uru.faults.echo_key(path)
                await converse(working, key)
        uru.faults.clear()
        uru.faults.echo_key("/")
        async with served(URU_API_KEY=key, URU_PROXY_URL=url, URU_LOG_LEVEL="debug") as starting:
            await starting.initialize("2025-11-25")
            await converse(starting, key)

    written = "\n".join([*working.lines, working.stderr, *starting.lines, starting.stderr])
    assert written.count("[key removed]") > 10
    for spelling in spellings(key):
        assert spelling not in written


async def converse(claude: Served, key: str) -> None:
    """Everything a client can do, with the key in every place where it does not belong."""
    await claude.result("tools/list")
    await claude.call("uru_execute", {"tool": "company_demo__LOG_NOTE", "arguments": {"text": key}})
    await claude.call("uru_execute", {"tool": "company_demo__LOG_NOTE", "arguments": {"text": 1, key: key}})
    await claude.call("uru_execute", {"tool": "company_demo__LIST_NOTES", "arguments": {}})
    await claude.call("uru_execute", {"tool": key, "arguments": {}})
    await claude.call("uru_search_tools", {"query": key})
    await claude.call("uru_whoami", {"key": key})
    await claude.call("uru_whoami", {})
    await claude.ask("tools/call", {"name": key[:60], "arguments": {}})


async def test_a_service_that_repeats_the_key_is_quoted_without_it(connect: Connect, uru: Uru) -> None:
    uru.faults.echo_key("/execute/")
    async with connect() as claude:
        error = await claude.error("uru_execute", {"tool": "company_demo__LIST_NOTES", "arguments": {}})
    assert "Authorization: Bearer [key removed]" in error["message"]


async def test_the_key_is_in_no_result(connect: Connect, uru: Uru) -> None:
    made = uru.key()
    encoded = base64.b64encode(f"user:{made.text}".encode()).decode()
    async with connect(key=made.text) as claude:
        result = await claude.call(
            "company_demo__LOG_NOTE", {"text": f"{made.text} and {encoded} and {quote(made.text)}"}
        )
    written = result.model_dump_json()
    assert "[key removed]" in written
    for spelling in spellings(made.text):
        assert spelling not in written


async def test_a_key_in_the_wrong_variable_is_not_repeated(connect: Connect) -> None:
    key = "uru_test_" + "c" * 40
    async with connect(key=key, PERMISSIONS=key, LOG_LEVEL=key, WORKSPACE_ID=key) as claude:
        report = await claude.whoami()
    assert len(report["problems"]) == 3
    assert "cccccccc" not in json.dumps(report)
