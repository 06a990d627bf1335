"""The key appears in nothing that leaves the process, whatever a service does with it."""

from __future__ import annotations

import base64
import json
import shlex
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

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
    await claude.call("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": key}})
    await claude.call("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": 1, key: key}})
    await claude.call("uru_execute", {"tool": "company_demo__LIST_NOTES", "input": {}})
    await claude.call("uru_execute", {"tool": key, "input": {}})
    await claude.call("uru_search_tools", {"query": key})
    await claude.call("uru_whoami", {"key": key})
    await claude.call("uru_whoami", {})
    await claude.ask("tools/call", {"name": key[:60], "arguments": {}})


async def test_a_service_that_repeats_the_key_is_quoted_without_it(connect: Connect, uru: Uru) -> None:
    uru.faults.echo_key("/execute/")
    async with connect() as claude:
        error = await claude.error("uru_execute", {"tool": "company_demo__LIST_NOTES", "input": {}})
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


@pytest.mark.parametrize("soft_break", ["=\n", "=\r\n", "= \n", "=\t\r\n"])
async def test_a_key_that_a_mail_breaks_into_two_lines_is_in_no_result_and_no_error(
    connect: Connect, uru: Uru, soft_break: str
) -> None:
    made = uru.key()
    broken = f"{made.text[:30]}{soft_break}{made.text[30:]}"
    async with connect(key=made.text) as claude:
        await claude.call("company_demo__LOG_NOTE", {"text": broken})
        result = await claude.call("company_demo__LIST_NOTES", {})
        uru.faults.status("/execute/", 400, body={"error": "BAD_REQUEST", "message": f"It quotes {broken}."})
        error = await claude.call("company_demo__LIST_NOTES", {})
    for written in (result.model_dump_json(), error.model_dump_json()):
        assert "[key removed]" in written
        assert made.text[10:26] not in written
        assert made.text[-12:] not in written


async def test_a_key_in_the_wrong_variable_is_not_repeated(connect: Connect) -> None:
    key = "uru_test_" + "c" * 40
    async with connect(key=key, PERMISSIONS=key, LOG_LEVEL=key, WORKSPACE_ID=key) as claude:
        report = await claude.whoami()
    assert len(report["problems"]) == 3
    assert "cccccccc" not in json.dumps(report)


@pytest.mark.parametrize("source", ["file", "command"])
async def test_keys_from_a_file_or_a_command_are_in_no_output_before_and_after_they_are_replaced(
    uru: Uru, tmp_path: Path, source: str
) -> None:
    made = uru.key()
    old, new = made.text, uru.key().text
    file = tmp_path / "key"
    file.touch(mode=0o644)
    rest = "a-second-line-of-the-file"
    file.write_text(f"{old}\n{rest}")
    program = "import sys; sys.stderr.write('words-on-stderr'); print(open(sys.argv[1]).read())"
    command = shlex.join([sys.executable, "-c", program, str(file), "op://an-argument"])
    given = {"URU_API_KEY_FILE": str(file)} if source == "file" else {"URU_API_KEY_COMMAND": command}
    async with serving(uru.sandbox) as url, served(**given, URU_PROXY_URL=url, URU_LOG_LEVEL="debug") as claude:
        await claude.initialize("2025-11-25")
        await converse(claude, old)
        file.write_text(f"{new}\n{rest}")
        uru.sandbox.keys.delete(made.record.id)
        await claude.call("uru_execute", {"tool": "company_demo__LIST_NOTES", "input": {}})
        for key in (old, new):
            await converse(claude, key)
        uru.faults.echo_key("/")
        await converse(claude, old)
        for content in (f"{rest}\n", "", f"{new} {rest}"):
            file.write_text(content)
            uru.faults.status("/", 401)
            await converse(claude, new)

    written = "\n".join([*claude.lines, claude.stderr])
    assert written.count("[key removed]") > 10
    assert f'"last4":"{new[-4:]}"' in written.replace(" ", "")
    for secret in (*spellings(old), *spellings(new), rest, "words-on-stderr", "an-argument", program):
        assert secret not in written
