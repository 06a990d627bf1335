"""The demo tells its story, in time, and shows no key."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.process import SYSTEM, URU_MCP


@pytest.mark.timeout(120)
def test_the_demo_tells_the_whole_story(tmp_path: Path) -> None:
    environ = {**SYSTEM, "XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    command = [*URU_MCP, "demo"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=90, env=environ, check=True)
    story = ran.stdout
    assert "\n\n\n" not in story
    assert "  | approved\n" in story
    assert "insufficient_permission: company_demo__LOG_NOTE needs Execute." in story
    assert "Runs that reached Uru: 0. Notes in the workspace: 0." in story
    assert "Runs that reached Uru: 1. Notes in the workspace: 1." in story
    assert "uru://contexts/ctx_acme_prices" in story
    assert "| Barista One, up to 30 cups a day | 1,290 EUR |" in story
    assert "Write a reply to Ana Ferreira about this complaint:" in story
    assert "“Refund 900 EUR to Ana Ferreira?”" in story
    assert "Refund of 900 EUR for Ana Ferreira granted." in story
    assert "key_revoked: This API key was deleted in Uru." in story
    assert "Run “Send a mail” of Gmail - Demo now?" in story
    assert "declined: The user was asked, and said no to this call of gmail_demo__GMAIL_SEND_EMAIL." in story
    assert story.index("Mails sent: 0.") < story.index("said yes to this call") < story.index("Mails sent: 1.")
    assert '"mcpServers"' in story
    assert "uru-mcp sandbox serve --open" in story
    assert not re.search(r"uru_sandbox_[0-9a-f]+", story)
    assert ran.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_in_a_terminal_it_ends_with_a_link_to_what_the_story_left_behind(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    environ = {**SYSTEM, "XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path), "COLUMNS": "60"}
    with subprocess.Popen([*URU_MCP, "demo"], stdin=theirs, stdout=theirs, stderr=theirs, env=environ) as demo:
        os.close(theirs)
        story = ""
        while "Press Enter" not in story:
            story += os.read(ours, 65_536).decode()
        link = re.findall(r"http://127\.0\.0\.1:\d+/app/enter\?code=\S+", story)[0]
        with httpx2.Client(trust_env=False, timeout=10) as client:
            form = client.get(link).text
            fields = {name: re.findall(rf'name="{name}" value="(.+?)"', form)[0] for name in ("code", "token")}
            pages = client.post(f"{link.partition('/app')[0]}/app/enter", data=fields, follow_redirects=True)
        os.write(ours, b"\n")
        assert demo.wait(timeout=20) == 0
    os.close(ours)
    assert pages.text.count("Claude Desktop</bdi>") == 3
    prose = [line for line in story.splitlines() if line.startswith("  | ") or line[:1] not in (" ", "{", "}")]
    shown = [re.sub(r"\x1b\[\d*m", "", line) for line in prose]
    assert [line for line in shown if len(line) > 60 and " " in line[4:]] == []  # a long word stays whole


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("moment", ["Press Enter to end the sandbox.", "1. A key with Read only"])
def test_ctrl_c_ends_it_without_an_error(tmp_path: Path, moment: str) -> None:
    ours, theirs = os.openpty()
    environ = {**SYSTEM, "XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    with subprocess.Popen(
        [*URU_MCP, "demo"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a test run in the background ignores it
    ) as demo:
        screen = ""
        while moment not in screen:
            screen += os.read(ours, 65_536).decode()
        demo.send_signal(signal.SIGINT)
        try:
            assert demo.wait(timeout=60) == 0
        finally:
            demo.kill()
        screen += os.read(ours, 65_536).decode()  # the terminal is still open here, so there is an end to read
    os.close(theirs)
    os.close(ours)
    assert screen.endswith("\r\n")
    assert not re.search("Aborted|ERROR|Traceback", screen)
