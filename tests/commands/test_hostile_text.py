"""Nothing that a stranger can write reaches the terminal as more than text, whatever the command.

The text is planted in each place that somebody else may fill: names in Uru, tools, configurations, files' names, an
audit log, a sandbox's file. What is looked at are the bytes of stdout and stderr.
"""

from __future__ import annotations

import ast
import json
import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio.to_thread
import httpx2
import pytest
from click.testing import CliRunner, Result

import uru_mcp
from tests.commands.test_install import UNSET, put
from tests.process import served
from tests.world import Uru
from uru_mcp.cli import main
from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving
from uru_mcp.server.logging_setup import start_logging
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.untrusted_input.terminal_escaping import as_json, for_terminal, in_one_line

# Clears the screen, sets the clipboard, makes a link, rings, turns the text around, fakes a line in several ways.
HOSTILE = (
    "a\x1b[2J\x1b]52;c;aGk=\x07\x1b]8;;http://x\x1b\\\x9b31m\x9d0;t\x9c\x7f\x85\x08\x0b\u202eb\u2066\u2028\u2029\u200f"
    "\ufeff\U000e0041\rFAKED\nFAKED"
)
FILE = HOSTILE.replace("/", "")
VARIABLE = HOSTILE.replace("=", "")
OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e0fff]"
)
SOURCE = Path(uru_mcp.__file__).parent


SHOWN = re.compile(r"a\ufffd|a\\u001b|a[\[(]2J")  # what is left of it: replaced, as JSON, or without what is not seen


def assert_harmless(ran: Result, *, says: str | None = None, is_ours: bool = True) -> None:
    """`is_ours` is whether each line is ours, and not part of a text that came from elsewhere as a whole."""
    for written in (ran.stdout_bytes, ran.stderr_bytes):
        text = written.decode()
        assert OBEYED.findall(text) == []
        assert not (is_ours and re.search(r"^FAKED", text, re.MULTILINE)), text
    assert SHOWN.search(ran.output) if says is None else says in ran.output, ran.output


@pytest.fixture
def hostile(uru: Uru) -> Uru:
    """An Uru in which everything has such a name."""
    database = uru.sandbox.database
    database.execute("UPDATE workspaces SET name = ? || id", HOSTILE)
    database.execute("UPDATE contexts SET title = ?", HOSTILE)
    return uru


def with_hostile_tools(uru: Uru, namespaces: dict[str, Any]) -> None:
    for namespace in namespaces["namespaces"]:
        namespace.update(dict.fromkeys(("title", "display_name", "displayName", "description"), HOSTILE))
    uru.faults.status("/namespaces", 200, body=namespaces)
    tool = {"name": "GOOD", "title": HOSTILE, "description": HOSTILE, "inputSchema": {"type": "object"}}
    left_out = {"name": f"BAD{HOSTILE}", "description": HOSTILE, "inputSchema": {"type": "array"}}
    uru.faults.status("/list/apps/gmail_demo", 200, body={"tools": [tool, left_out]})


@pytest.mark.parametrize(
    ("words", "is_ours"),
    [
        (["whoami"], False),
        (["whoami", "--json"], True),
        (["tools"], True),
        (["tools", "--blocked"], True),
        (["tools", "good"], True),
        (["tools", "good", "--json"], True),
        (["call", "platform__context_query", '{"op": "list"}'], True),
        (["call", "platform__context_query", '{"op": "list"}', "--json"], True),
        (["call", "gmail_demo__GOOD"], False),
        (["call", "gmail_demo__GOOD", "--json"], True),
        (["call", HOSTILE], True),
        (["call", HOSTILE, "--json"], True),
    ],
)
async def test_what_uru_and_its_apps_send(words: list[str], is_ours: bool, hostile: Uru) -> None:
    key = hostile.key({"read", "execute"}, workspace=hostile.acme.id).text
    hostile.sandbox.database.execute("UPDATE keys SET name = ?", HOSTILE)
    hostile.faults.status("/execute/", 500, body={"error": {"code": "x", "message": HOSTILE}})
    async with serving(hostile.sandbox) as url:
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{url}/namespaces", headers={"Authorization": f"Bearer {key}"})
        with_hostile_tools(hostile, answer.json())
        environ = {**UNSET, "URU_API_KEY": key, "URU_PROXY_URL": url, "XDG_CACHE_HOME": "/dev/null"}
        ran = await anyio.to_thread.run_sync(lambda: CliRunner().invoke(main, words, env=environ))
    assert_harmless(ran, says="", is_ours=is_ours)


@pytest.mark.parametrize("words", [["doctor"], ["doctor", "--json"]])
async def test_what_doctor_finds(words: list[str], hostile: Uru, tmp_path: Path) -> None:
    home = tmp_path / FILE
    ours = {"command": str(Path(sys.executable).with_name("uru-mcp")), "args": ["--sandbox"]}
    broken = {"command": f"/gone/{HOSTILE}/uru-mcp", "env": {"URU_PERMISSIONS": HOSTILE, f"URU_{HOSTILE}": HOSTILE}}
    wrapped = {"command": "docker", "args": ["run", "uru-mcp"]}
    servers = {HOSTILE: ours, f"{HOSTILE}2": broken, f"{HOSTILE}3": wrapped}
    put(home, json.dumps({"mcpServers": servers}))
    put(home, '{"context_servers": {"' + HOSTILE.replace("\n", "") + '": }}', client="zed")
    key = hostile.key(workspace=hostile.acme.id).text
    hostile.sandbox.database.execute("UPDATE keys SET name = ?", HOSTILE)
    async with serving(hostile.sandbox) as url:
        environ = {**UNSET, "HOME": str(home), "USERPROFILE": str(home), "URU_API_KEY": key, "URU_PROXY_URL": url}
        ran = await anyio.to_thread.run_sync(lambda: CliRunner().invoke(main, words, env=environ))
    assert ran.exit_code == 1
    assert_harmless(ran)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--dry-run"],
        ["--sandbox"],
        ["--sandbox", "--dry-run"],
        ["--uninstall"],
        ["--uninstall", "--dry-run"],
        ["--key-file", f"key{FILE}"],
        ["--permissions", HOSTILE],
        ["--name", HOSTILE],
    ],
)
@pytest.mark.parametrize("old", [{"command": f"old{HOSTILE}", "env": {HOSTILE: HOSTILE, "URU_TOOLS": HOSTILE}}, None])
async def test_what_install_finds_and_says(words: list[str], old: Any, hostile: Uru, tmp_path: Path) -> None:
    home = tmp_path / FILE
    put(home, json.dumps({"mcpServers": {"uru": old, HOSTILE: old}} if old else {}))
    key = hostile.key(workspace=hostile.acme.id).text
    async with serving(hostile.sandbox) as url:
        environ = {
            **UNSET,
            "HOME": str(home),
            "USERPROFILE": str(home),
            "URU_API_KEY": key,
            "URU_PROXY_URL": url,
            "URU_WORKSPACE_ID": hostile.acme.id,
            f"URU_{VARIABLE}": "1",
        }
        given = [word if word != f"key{FILE}" else str(home / word) for word in words]
        ran = await anyio.to_thread.run_sync(
            lambda: CliRunner().invoke(main, ["install", "claude-desktop", *given], env=environ, input="y\ny\n")
        )
    assert_harmless(ran, says="", is_ours="--uninstall" not in words or not old)
    assert key not in ran.output


async def test_the_name_of_a_workspace_stays_in_its_line(hostile: Uru, tmp_path: Path) -> None:
    async with serving(hostile.sandbox) as url:
        environ = {
            **UNSET,
            "HOME": str(tmp_path),
            "URU_API_KEY": hostile.key(workspace=hostile.acme.id).text,
            "URU_PROXY_URL": url,
        }
        ran = await anyio.to_thread.run_sync(lambda: CliRunner().invoke(main, ["install", "cursor"], env=environ))
    assert ran.exit_code == 0, ran.output
    assert_harmless(ran)
    assert re.search(r"^Workspace: a\(2J\).*FAKED", ran.stdout, re.MULTILINE), ran.stdout


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_what_an_audit_log_holds(words: list[str], tmp_path: Path) -> None:
    entry = {
        "time": "2026-07-03T09:00:00Z", "tool": HOSTILE, "outcome": HOSTILE, "key": HOSTILE[:4],
        "needs": ["read"], "granted": ["read"], "ms": 1, "chars_in": 1, "chars_out": 1,
    }  # fmt: skip
    file = tmp_path / f"{FILE}.jsonl"
    file.write_text(json.dumps(entry) + "\nno entry\n")
    ran = CliRunner().invoke(main, ["usage", str(file), *words])
    assert ran.exit_code == 0, ran.output
    assert_harmless(ran, says="")
    empty = file.with_name(f"empty{FILE}")
    empty.touch()
    assert_harmless(CliRunner().invoke(main, ["usage", str(empty)]), is_ours=False)


def test_what_a_sandbox_file_holds(tmp_path: Path) -> None:
    file = tmp_path / f"{FILE}.db"
    sandbox = Sandbox.open(file)
    made = sandbox.keys.create(name="x", workspace="Acme", permissions={"read"})
    sandbox.database.execute("UPDATE keys SET name = ?", HOSTILE)
    sandbox.database.execute("UPDATE workspaces SET name = ? || id", HOSTILE)
    sandbox.close()
    keys = ["sandbox", "keys"]
    for words in (["list"], ["rotate", made.record.id], ["delete", HOSTILE], ["usage", HOSTILE]):
        assert_harmless(CliRunner().invoke(main, [*keys, words[0], "--db", str(file), *words[1:]]), says="")
    created = ["create", "--db", str(file), "--name", "y", "--permissions", "read", "--workspace", HOSTILE]
    assert_harmless(CliRunner().invoke(main, [*keys, *created]))
    assert_harmless(CliRunner().invoke(main, [*keys, "list", "--db", f"{tmp_path}/{HOSTILE}/x.db"]), is_ours=False)


@pytest.mark.parametrize(
    "words",
    [
        [HOSTILE],
        [f"--{HOSTILE}"],
        ["--catalog", HOSTILE],
        ["--tools", HOSTILE],
        ["install", HOSTILE],
        ["install", f"--{HOSTILE}"],
        ["doctor", HOSTILE],
        ["call", "uru_whoami", HOSTILE],
        ["usage", HOSTILE],
        ["sandbox", HOSTILE],
        ["sandbox", "keys", "create", "--name", HOSTILE, "--permissions", HOSTILE, "--db", HOSTILE],
    ],
)
def test_what_a_wrong_command_line_repeats(words: list[str]) -> None:
    ran = CliRunner().invoke(main, words, env=UNSET)
    assert ran.exit_code in (1, 2)
    assert_harmless(ran, says="", is_ours=False)


async def test_what_the_log_of_a_server_repeats(uru: Uru) -> None:
    """On stderr, which clients keep in a file that people look at in a terminal."""
    uru.faults.status("/list/apps/gmail_demo", 500, body={"message": HOSTILE})
    uru.sandbox.database.execute("UPDATE workspaces SET name = ? || id", HOSTILE)
    key = uru.key(workspace=uru.acme.id).text
    async with serving(uru.sandbox) as url:
        settings = {"URU_API_KEY": key, "URU_PROXY_URL": url, "URU_LOG_LEVEL": "debug", "XDG_CACHE_HOME": "/dev/null"}
        async with served(**settings) as claude:
            await claude.initialize("2025-11-25")
            await claude.call("uru_whoami")
            await claude.ask("tools/call", {"name": HOSTILE})
    assert claude.stderr
    assert OBEYED.findall(claude.stderr) == []
    assert not re.search(r"^FAKED", claude.stderr, re.MULTILINE)


def test_a_log_entry_of_several_lines_looks_like_one(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("debug", Redaction())
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("uru_mcp.test").exception("said %s", HOSTILE)
    first, *others = capsys.readouterr().err.rstrip("\n").split("\n")
    assert "ERROR uru_mcp.test: said a[2J" in first
    assert all(line.startswith("  ") for line in others)
    assert OBEYED.findall("".join([first, *others])) == []


CHARACTERS = [*range(0x800), *range(0x2000, 0x2100), *range(0xD7FF, 0xE001), 0xFEFF, 0xE0001, 0x1F600]
EVERYTHING = " ".join(map(chr, CHARACTERS))  # with blanks, so that no two halves make a pair


def test_json_means_the_same_and_is_harmless() -> None:
    value = {EVERYTHING: [EVERYTHING, {"a": HOSTILE}]}
    text = as_json(value)
    assert json.loads(text) == value
    assert OBEYED.findall(text.replace("\n", "")) == []
    assert "\U0001f600" in text
    assert r"\u007f" in text
    assert r"\u009b" in text


@pytest.mark.parametrize("escape", [for_terminal, in_one_line])
def test_what_people_read_stays_as_it_is(escape: Callable[[str], str]) -> None:
    for text in ("Grüße, 世界", "क्‍ष", "می‌خواهم", "👩‍💻", "naïve “quotes” … → ✓"):
        assert escape(text) == text


def test_commands_print_in_one_place() -> None:
    """`commands/output.py` for the commands, `sandbox/cli/printing.py` for the sandbox, which shares no code with
    them."""
    printing = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.func if isinstance(node, ast.Call) else None
            if isinstance(name, ast.Attribute) and name.attr in ("echo", "secho", "echo_via_pager"):
                printing.add(path.relative_to(SOURCE).as_posix())
    assert printing == {"commands/output.py", "sandbox/cli/printing.py"}
