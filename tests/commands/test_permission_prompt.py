"""`uru-mcp install` where Uru does not tell what a key may do: it asks, and what it writes works at once."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.commands.terminal import talk_with
from tests.commands.test_install import SCRIPT, entry_of, file_of, install, install_with, put
from tests.process import served
from tests.world import Uru
from uru_mcp.commands.own_command import own_command
from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX's")

LISTING = {"op": "list", "limit": 1}
QUESTIONS = (
    "Read: view resources?",
    "Write: create and edit resources?",
    "Execute: run tools and automations?",
)


@asynccontextmanager
async def unlike(*names: str) -> AsyncIterator[tuple[Uru, str]]:
    uru = Uru(Sandbox.open(unlike=names))
    try:
        async with serving(uru.sandbox) as url:
            yield uru, url
    finally:
        uru.close()


async def in_terminal(home: Path, url: str, typed: str, *words: str, **environ: str) -> tuple[int, str]:
    return await talk_with(url, home, [(QUESTIONS[0], typed)] if typed else [], *words, **environ)


async def first_calls(entry: Any, home: Path) -> dict[str, Any]:
    """What comes of the first calls of a client that starts what was written."""
    assert entry["command"] == SCRIPT
    async with served(*entry["args"], HOME=str(home), **entry["env"]) as claude:
        await claude.initialize("2025-11-25")
        listed = {tool["name"] for tool in (await claude.result("tools/list"))["tools"]}
        run = {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}}
        read = {"tool": "platform__context_query", "input": LISTING}
        results = {
            "read": await claude.call("uru_read", read),
            "execute": await claude.call("uru_execute", run),
            "resource": await claude.ask("resources/read", {"uri": "uru://contexts/ctx_acme_prices"}),
        }
    return {"listed": listed, **results}


@pytest.mark.parametrize(
    ("difference", "typed", "chosen"),
    [
        ("no-key-record", "y\nn\ny\n", "read,execute"),
        ("key-record-405", "\n\n\n", "read"),
        ("key-record-401", "n\nn\ny\n", "execute"),
        ("key-record-redirect-loop", "y\ny\nn\n", "read,write"),
        ("key-record-html", "y\ny\ny\n", "read,write,execute"),
        ("key-record-unknown-names", "y\nn\ny\n", "read,execute"),
    ],
)
async def test_what_was_ticked_is_asked_written_and_works(
    difference: str, typed: str, chosen: str, tmp_path: Path
) -> None:
    async with unlike(difference) as (uru, url):
        key = uru.key().text
        code, seen = await in_terminal(tmp_path, url, typed, URU_API_KEY=key)
        assert code == 0, seen
        assert all(question in seen for question in QUESTIONS)
        assert "Read: view resources? [Y/n]" in seen, "Read was seen"
        assert "Write: create and edit resources? [y/N]" in seen
        entry = entry_of(tmp_path)
        assert entry["env"] == {"URU_API_KEY": key, "URU_PROXY_URL": url, "URU_PERMISSIONS": chosen}
        before = len(uru.sandbox.requests)
        found = await first_calls(entry, tmp_path)
        notes, requests = uru.notes, uru.sandbox.requests[before:]

    permissions = set(chosen.split(","))
    assert {"uru_read", "uru_write", "uru_execute"} & found["listed"] == {f"uru_{one}" for one in permissions}
    for permission in ("read", "execute"):
        result = found[permission]
        if permission in permissions:
            assert not result.get("isError"), result
        else:
            assert result["structuredContent"]["error"]["code"] == "insufficient_permission"
    assert ("result" in found["resource"]) == ("read" in permissions)
    assert notes == (["hi"] if "execute" in permissions else [])
    runs = [request.json for request in requests if request.method == "POST"]
    assert {run["tool_name"] for run in runs} <= {
        name
        for permission, names in {"read": ("context_query", "prompt_query"), "execute": ("LOG_NOTE",)}.items()
        for name in names
        if permission in permissions
    }


async def test_read_is_not_offered_where_no_read_succeeded(tmp_path: Path) -> None:
    async with unlike("no-key-record", "platform-no-queries") as (uru, url):
        key = uru.key({"execute"}).text
        code, seen = await in_terminal(tmp_path, url, "\n\ny\n", URU_API_KEY=key)
    assert code == 0, seen
    assert "Read: view resources? [y/N]" in seen
    assert entry_of(tmp_path)["env"]["URU_PERMISSIONS"] == "execute"


@pytest.mark.parametrize(("last", "code"), [("y\n", 3), ("n\n", 1)])
async def test_who_ticked_nothing_is_told_that_nothing_will_work_and_decides(
    last: str, code: int, tmp_path: Path
) -> None:
    async with unlike("key-record-403") as (uru, url):
        ran, seen = await in_terminal(tmp_path, url, f"n\nn\nn\n{last}", URU_API_KEY=uru.key().text)
    assert ran == code, seen
    assert "nothing will work" in seen
    assert file_of(tmp_path).exists() == (code == 3)


@pytest.mark.parametrize("difference", ["no-key-record", "key-record-422", "key-record-list", "key-record-503"])
async def test_without_a_terminal_the_entry_is_written_and_the_missing_option_is_said_last(
    difference: str, tmp_path: Path
) -> None:
    async with unlike(difference, "platform-no-queries") as (uru, url):
        ran = await install_with(url, tmp_path, "claude-desktop", URU_API_KEY=uru.key().text)
    assert ran.exit_code == 3, ran.output
    assert "URU_PERMISSIONS" not in entry_of(tmp_path)["env"]
    *_, why, line, which, last = ran.output.splitlines()
    assert "Uru does not report the permissions of this key" in why
    assert line == f"  {own_command('install', 'claude-desktop', '--permissions', 'read,write,execute')}"
    assert "Read, Write or Execute" in which
    assert last == "Until then, nothing will work."
    assert "ask: " not in ran.output


async def test_what_a_first_read_has_shown_is_said_too(tmp_path: Path) -> None:
    async with unlike("no-key-record") as (uru, url):
        ran = await install_with(url, tmp_path, "claude-desktop", URU_API_KEY=uru.key().text)
    assert ran.exit_code == 3, ran.output
    assert ran.output.endswith("Until then, only tools that need no more than Read will work.\n")


@pytest.mark.parametrize("how", ["option", "environment", "old entry", "told"])
async def test_nothing_is_asked_where_the_permissions_are_said_already(how: str, tmp_path: Path) -> None:
    async with unlike(*([] if how == "told" else ["no-key-record"])) as (uru, url):
        key = uru.key().text
        environ = {"URU_API_KEY": key} | ({"URU_PERMISSIONS": "Read, Execute"} if how == "environment" else {})
        if how == "old entry":
            put(tmp_path, json.dumps({"mcpServers": {"uru": {"command": "x", "env": {"URU_PERMISSIONS": "Read"}}}}))
        words = ["--permissions", "read"] if how == "option" else []
        code, seen = await in_terminal(tmp_path, url, "", *words, **environ)
        assert uru.sent("/execute/") == 0
    assert code == 0, seen
    assert "Which boxes" not in seen
    written = {"option": "read", "environment": "Read, Execute", "old entry": "Read"}
    assert entry_of(tmp_path)["env"].get("URU_PERMISSIONS") == written.get(how)


async def test_a_key_file_goes_with_the_question(tmp_path: Path) -> None:
    async with unlike("key-record-empty") as (uru, url):
        key = uru.key().text
        words = ("--key-file", str(tmp_path / "key"))
        code, seen = await in_terminal(tmp_path, url, "y\nn\nn\n", *words, URU_API_KEY=key)
    assert code == 0, seen
    env = {"URU_API_KEY_FILE": str(tmp_path / "key"), "URU_PROXY_URL": url, "URU_PERMISSIONS": "read"}
    assert entry_of(tmp_path)["env"] == env


def test_a_dry_run_asks_nothing(tmp_path: Path) -> None:
    ran = install(tmp_path, "claude-desktop", "--dry-run", URU_API_KEY="uru_test_0123456789abcdef")
    assert (ran.exit_code, "Which boxes" in ran.output) == (0, False)
