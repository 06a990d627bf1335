"""The process as clients start it: raw JSON-RPC over pipes, every protocol version, and a clean end."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.process import MODERN, PYTHON, SYSTEM, URU_MCP, Served, served
from tests.time_limits import WITHIN
from tests.world import Uru
from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving

LOG_NOTE = {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}}


def assert_only_json_rpc(running: Served) -> None:
    assert running.lines
    for line in running.lines:
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0"


@pytest.mark.parametrize("version", ["2024-11-05", "2025-06-18", "2025-11-25"])
async def test_a_conversation_of_the_handshake_era(uru: Uru, version: str) -> None:
    key = uru.key({"read", "execute"}).text
    async with (
        serving(uru.sandbox) as url,
        served(URU_API_KEY=key, URU_PROXY_URL=url, URU_LOG_LEVEL="debug") as claude,
    ):
        hello = await claude.initialize(version)
        assert hello["protocolVersion"] == version
        assert hello["capabilities"] == {
            "completions": {},
            "prompts": {"listChanged": True},
            "resources": {"listChanged": True, "subscribe": False},
            "tools": {"listChanged": True},
        }
        assert hello["instructions"].startswith("Uru is the user's AI workspace")
        names = [tool["name"] for tool in (await claude.result("tools/list"))["tools"]]
        assert names[0] == "uru_whoami"
        ran = await claude.call("uru_execute", LOG_NOTE)
        assert not ran.get("isError")
        refused = await claude.call("platform__context_edit", {"op": "create"})
        assert refused["isError"] is True
        assert refused["content"][0]["text"].startswith("insufficient_permission: ")
        unknown = await claude.ask("tools/call", {"name": "nothing_of_this_name", "arguments": {}})
        assert unknown["error"]["code"] == -32602

    assert_only_json_rpc(claude)
    assert "GET /keys/self: 200" in claude.stderr, "the debug log is on, and on stderr"
    assert claude.process.returncode == 0
    assert uru.notes == ["hi"]


async def test_a_conversation_of_2026_07_28(uru: Uru) -> None:
    key = uru.key({"execute"}).text
    async with (
        serving(uru.sandbox) as url,
        served(command=URU_MCP, URU_API_KEY=key, URU_PROXY_URL=url, URU_LOG_LEVEL="debug") as claude,
    ):
        claude.modern = True
        found = await claude.result("server/discover")
        assert found["supportedVersions"] == [MODERN]
        assert "tools" in found["capabilities"]
        assert "uru_execute" in [tool["name"] for tool in (await claude.result("tools/list"))["tools"]]
        ran = await claude.call("uru_execute", LOG_NOTE)
        assert ran["structuredContent"]["data"]["text"] == "hi"

    assert_only_json_rpc(claude)
    assert claude.process.returncode == 0
    assert uru.notes == ["hi"]


async def test_a_client_that_probes_and_then_shakes_hands_is_served() -> None:
    async with served("--sandbox") as claude:
        claude.modern = True
        assert MODERN in (await claude.result("server/discover"))["supportedVersions"]
        claude.modern = False
        assert (await claude.initialize("2025-11-25"))["protocolVersion"] == "2025-11-25"
        assert (await claude.result("tools/list"))["tools"]
    assert_only_json_rpc(claude)


async def test_the_sandbox_in_the_same_process_needs_neither_key_nor_network() -> None:
    async with served("--sandbox", command=URU_MCP) as claude:
        await claude.initialize("2025-11-25")
        report = (await claude.call("uru_whoami"))["structuredContent"]
        assert report["state"] == "ready"
        sent = await claude.call("uru_execute", LOG_NOTE)
        assert sent["structuredContent"]["data"]["text"] == "hi"
    assert claude.stderr == ""


async def test_the_sandbox_uses_a_key_of_its_own_beside_a_real_one_and_says_so() -> None:
    async with served("--sandbox", URU_API_KEY="uru_test_not_of_this_sandbox") as claude:
        await claude.initialize("2025-11-25")
        assert (await claude.call("uru_whoami"))["structuredContent"]["state"] == "ready"
    assert "not used, since the sandbox does not know it: URU_API_KEY" in claude.stderr


async def test_without_any_configuration_it_serves_and_explains() -> None:
    async with served(command=URU_MCP) as claude:
        await claude.initialize("2025-11-25")
        assert [tool["name"] for tool in (await claude.result("tools/list"))["tools"]] == ["uru_whoami"]
        text = (await claude.call("uru_whoami"))["content"][0]["text"]
    assert "Problem: URU_API_KEY is not set." in text


async def test_the_variables_of_the_node_client_are_accepted_and_named_once() -> None:
    async with served("--sandbox", URU_DEBUG="1", URU_MAX_NAMESPACES="5") as claude:
        await claude.initialize("2025-11-25")
    assert claude.stderr.count("URU_DEBUG, URU_MAX_NAMESPACES") == 1


@pytest.mark.parametrize("meta", [5, True, [], "io.modelcontextprotocol/protocolVersion", None])
async def test_a_probe_that_makes_no_sense_is_refused_and_does_not_prevent_the_handshake(meta: Any) -> None:
    async with served("--sandbox") as claude:
        assert (await claude.ask("server/discover", {"_meta": meta}))["error"]["code"] == -32602
        await claude.initialize("2025-11-25")


async def test_as_many_files_may_be_open_as_there_may_be_connections() -> None:
    few = "import resource, runpy; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096));"
    program = f"{few} runpy.run_module('uru_mcp', run_name='__main__')"
    async with served("--sandbox", command=(PYTHON, "-c", program)) as claude:
        await claude.initialize("2025-11-25")
        limits = Path(f"/proc/{claude.process.pid}/limits").read_text()
    assert re.search(r"Max open files\s+1024\s+4096", limits)


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_without_a_pipe_to_speak_on_it_says_so(closed: str) -> None:
    ran = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m uru_mcp --sandbox {closed}', PYTHON],
        stderr=subprocess.PIPE,
        text=True,
        env=SYSTEM,
        timeout=20,
    )
    assert (ran.returncode, ran.stderr) == (
        1,
        "Error: uru-mcp needs stdin and stdout for MCP, and one of them is closed.\n",
    )


async def test_while_uru_cannot_be_reached_it_initializes_and_says_why() -> None:
    async with served(URU_API_KEY="uru_test_never_sent_anywhere", URU_PROXY_URL="http://127.0.0.1:1") as claude:
        await claude.initialize("2025-11-25")
        error = (await claude.call("uru_execute", LOG_NOTE))["structuredContent"]["error"]
    assert error["code"] == "unavailable"
    assert error["message"] == "Uru cannot be reached: the connection was refused. Nothing was sent."


async def test_a_line_with_half_a_character_is_served_and_an_unreadable_one_is_answered(uru: Uru) -> None:
    async with served("--sandbox") as claude:
        await claude.initialize("2025-11-25")
        cut = {"tool": "company_demo__LOG_NOTE", "input": {"text": "a\ud83db"}}
        assert (await claude.call("uru_execute", cut))["structuredContent"]["data"]["text"] == "a\ufffdb"
        for line in (
            "no JSON",
            "",
            '{"jsonrpc": "2.0", "id": 77}',
            "[" * 100_000,
            '{"jsonrpc": "2.0", "id": "\\ud800", "method": "ping", "params": [1]}',
            '{"jsonrpc": "2.0", "id": 79, "method": "ping", "params": {"n": ' + "9" * 5_000 + "}}",
            '{"jsonrpc": "2.0", "id": 78, "method": "ping", "params": [1]}',
        ):
            await claude.send(line)
        await claude.result("ping")

    answers = [json.loads(line) for line in claude.lines if '"error"' in line]
    assert [(answer["id"], answer["error"]["code"]) for answer in answers] == [
        (None, -32700),
        (77, -32600),
        (None, -32700),
        ("\ufffd", -32600),
        (None, -32700),
        (78, -32600),
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_ends_it_as_a_shell_expects(number: signal.Signals) -> None:
    async with served("--sandbox") as claude:
        await claude.initialize("2025-11-25")
        claude.process.send_signal(number)
        status = await claude.process.wait()
    assert status == 128 + number


def test_a_closed_stdout_ends_it() -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen([*URU_MCP, "--sandbox"], stdin=subprocess.PIPE, stdout=writing, env=SYSTEM)
    os.close(writing)
    os.close(reading)
    assert process.stdin is not None
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    process.stdin.write(json.dumps(request).encode() + b"\n")
    process.stdin.flush()
    try:
        process.wait(timeout=WITHIN)
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
    assert process.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize(
    ("variables", "status", "said"),
    [
        ({}, 2, "URU_API_KEY is not set."),
        ({"URU_API_KEY": "uru_test_0123456789", "URU_PERMISSION": "read"}, 2, "Did you mean URU_PERMISSIONS?"),
        ({"URU_API_KEY": "uru_test_0123456789"}, 0, '"mcpServers"'),
    ],
    ids=["no key", "misspelt", "all well"],
)
def test_in_a_terminal_it_says_what_it_is_instead_of_waiting(variables: dict[str, str], status: int, said: str) -> None:
    terminal, other_end = pty.openpty()
    ran = subprocess.run(
        URU_MCP,
        stdin=other_end,
        capture_output=True,
        text=True,
        timeout=20,
        env={**SYSTEM, **variables},
        check=False,
    )
    os.close(terminal)
    os.close(other_end)
    assert ran.returncode == status
    assert "uru-mcp is an MCP server" in ran.stdout
    assert "uru-mcp demo" in ran.stdout
    assert said in ran.stdout


def test_in_a_terminal_it_prints_the_configuration_that_was_asked_for(tmp_path: Path) -> None:
    terminal, other_end = pty.openpty()
    file = tmp_path / "uru.db"
    command = [*URU_MCP, "--sandbox", "--db", str(file), "--tools", "3"]
    ran = subprocess.run(command, stdin=other_end, capture_output=True, text=True, timeout=20, env=SYSTEM, check=True)
    os.close(terminal)
    os.close(other_end)
    printed = json.loads(ran.stdout[ran.stdout.index("{") :])
    assert printed["mcpServers"]["uru"]["args"] == ["--sandbox", "--db", str(file), "--tools", "3"]
    assert "env" not in printed["mcpServers"]["uru"]


def in_a_terminal(**variables: str) -> subprocess.CompletedProcess[str]:
    terminal, other_end = pty.openpty()
    command = URU_MCP
    environ = {**SYSTEM, **variables}
    ran = subprocess.run(command, stdin=other_end, capture_output=True, text=True, timeout=20, env=environ, check=False)
    os.close(terminal)
    os.close(other_end)
    return ran


def test_in_a_terminal_it_names_the_file_that_the_key_comes_from_and_looks_into_it(tmp_path: Path) -> None:
    file = tmp_path / "key"
    missing = in_a_terminal(URU_API_KEY_FILE=str(file))
    file.write_text("uru_test_0123456789abcdef\n")
    found = in_a_terminal(URU_API_KEY_FILE=str(file))

    assert (missing.returncode, found.returncode) == (2, 0)
    assert f"In this terminal, the key file {file} does not exist." in missing.stdout
    assert f'"URU_API_KEY_FILE": "{file}"' in found.stdout
    assert "0123456789abcdef" not in found.stdout


def test_in_a_terminal_a_command_is_neither_run_nor_shown(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    command = shlex.join([sys.executable, "-c", "import sys; open(sys.argv[1], 'w')", str(ran)])
    said = in_a_terminal(URU_API_KEY_COMMAND=command)
    assert said.returncode == 0
    assert '"URU_API_KEY_COMMAND": "the command that prints your key"' in said.stdout
    assert str(ran) not in said.stdout
    assert not ran.exists()


async def test_the_sandbox_in_this_process_takes_a_key_of_its_own_from_a_file_too(tmp_path: Path) -> None:
    file, database = tmp_path / "key", tmp_path / "uru.db"
    kept = Sandbox.open(database)
    made = kept.keys.create(name="Kept", workspace=kept.workspaces[0].id, permissions={"read"})
    kept.close()
    file.touch(mode=0o600)
    file.write_text(made.text)
    async with served("--sandbox", "--db", str(database), URU_API_KEY_FILE=str(file)) as claude:
        await claude.initialize("2025-11-25")
        report = (await claude.call("uru_whoami"))["structuredContent"]
    assert (report["state"], report["key"]["last4"]) == ("ready", made.text[-4:])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--db", "x.db"], "require --sandbox"),
        (["--sandbox", "demo"], "--sandbox works only for serving"),
        (["--sandbox", "--db", "text.db"], "not a SQLite database"),
        (["--sandbox", "--catalog", "text.db"], "text.db"),
        (["sandbox", "serve", "--db", "text.db"], "not a SQLite database"),
        (["nonsense"], "No such command"),
    ],
)
def test_a_wrong_command_line_is_told_in_a_line_and_without_a_traceback(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "text.db").write_text("hello, I am no database", encoding="utf-8")
    ran = subprocess.run(
        [*URU_MCP, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        env=SYSTEM,
        cwd=tmp_path,
        check=False,
    )
    assert ran.returncode in (1, 2)
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""


def test_a_console_without_unicode_still_gets_every_line() -> None:
    terminal, other_end = pty.openpty()
    environ = {**SYSTEM, "PYTHONIOENCODING": "cp1252"}
    command = [*URU_MCP, "--sandbox"]
    ran = subprocess.run(command, stdin=other_end, capture_output=True, timeout=20, env=environ, check=True)
    os.close(terminal)
    os.close(other_end)
    assert b"Settings ? Developer ? Edit Config" in ran.stdout
    assert ran.stderr == b""


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({}, "uru-mcp cannot work: URU_API_KEY is not set. Fix: Copy the key from Uru "),
        (
            {"URU_API_KEY": "uru_test_0123456789abcdef", "URU_LOG_LEVEL": "loud"},
            "uru-mcp cannot work: URU_LOG_LEVEL cannot be used: “loud” is none of debug, info, warning, error.",
        ),
    ],
)
async def test_what_keeps_it_from_working_is_one_line_on_stderr(variables: dict[str, str], line: str) -> None:
    async with served(command=URU_MCP, **variables) as claude:
        await claude.initialize("2025-11-25")
        report = (await claude.call("uru_whoami"))["content"][0]["text"]
    assert claude.stderr.startswith(line)
    assert claude.stderr.count("\n") == 1
    assert "0123456789abcdef" not in claude.stderr
    assert "Permissions: not known, since Uru was not asked" in report
    assert ("Key: ending in cdef, from URU_API_KEY" if variables else "Key: no usable key") in report


async def test_a_key_that_uru_refuses_is_told_on_stderr(uru: Uru) -> None:
    async with (
        serving(uru.sandbox) as url,
        served(URU_API_KEY="uru_test_0123456789abcdef", URU_PROXY_URL=url) as claude,
    ):
        await claude.initialize("2025-11-25")
        await claude.call("uru_whoami")
        await claude.call("uru_whoami")
    assert claude.stderr.count("Uru does not know this API key.") == 1
    assert "Create a key in Uru" in claude.stderr
    assert "0123456789abcdef" not in claude.stderr
