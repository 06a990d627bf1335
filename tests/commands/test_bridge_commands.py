"""`uru-mcp whoami`, `tools` and `call` show in a terminal what Claude would see, through the same gate."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from tests.process import CACHES, SYSTEM
from tests.world import Connect, Uru
from uru_mcp.cli import main
from uru_mcp.sandbox.serve import serving
from uru_mcp.text_layout import width_of
from uru_mcp.tools.definitions import OWN

ALL_TOLD = "Permissions: Read yes (as Uru says), Write yes (as Uru says), Execute yes (as Uru says)\n"
Run = Callable[..., Coroutine[Any, Any, Result]]

SETTINGS = {
    "PATH": str(Path(sys.executable).parent),  # so that commands are told by name
    "URU_API_KEY": None,
    "XDG_CACHE_HOME": "/dev/null",
    **dict.fromkeys(CACHES - {"XDG_CACHE_HOME"}, "/dev/null"),
}


@pytest.fixture
async def url(uru: Uru) -> AsyncIterator[str]:
    async with serving(uru.sandbox) as address:
        yield address


@pytest.fixture
def run(uru: Uru, url: str) -> Run:
    async def invoke(*words: str, permissions: set[str] | None = None, stdin: str = "", **variables: str) -> Result:
        """`uru-mcp` with these words and a key with these permissions, which is in nothing that it prints."""
        key = uru.key(permissions if permissions is not None else {"read"}).text
        environ = {**SETTINGS, "URU_API_KEY": key, "URU_PROXY_URL": url, **variables}
        ran = await anyio.to_thread.run_sync(
            lambda: CliRunner().invoke(main, list(words), env=environ, input=stdin, catch_exceptions=False)
        )
        assert key not in ran.output
        return ran

    return invoke


def in_sandbox(*words: str, **variables: str) -> Result:
    return CliRunner().invoke(main, ["--sandbox", *words], env={**SETTINGS, **variables}, catch_exceptions=False)


@pytest.mark.parametrize("way", ["variable", "file", "command", "both"])
def test_with_sandbox_what_is_set_for_the_real_uru_is_left_out_and_named(way: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("uru_test_0123456789abcdef")
    key = {"URU_API_KEY": "Bearer uru_test_0123456789abcdef"}
    file = {"URU_API_KEY_FILE": str(tmp_path / "key")}
    command = {"URU_API_KEY_COMMAND": f"touch {tmp_path / 'run'}"}
    here = {"variable": key, "file": file, "command": command, "both": {**key, **file}}[way]
    workspace = {"URU_WORKSPACE_ID": "00000000-0000-4000-8000-000000000000", "URU_PERMISSIONS": "read"}
    ran = in_sandbox("whoami", **here, **workspace)
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.startswith("State: ready")
    named = ", ".join([*here, "URU_WORKSPACE_ID"])
    assert f"not used, since the sandbox does not know it: {named}\n" in ran.stderr
    assert ", from the sandbox\n" in ran.stdout
    assert not (tmp_path / "run").exists()


def test_with_sandbox_a_key_of_its_own_file_is_used(tmp_path: Path) -> None:
    words = ["sandbox", "keys", "create", "--db", str(tmp_path / "x.db"), "--name", "mine", "--permissions", "read"]
    made = CliRunner().invoke(main, [*words, "--workspace", "Acme"]).output
    (key,) = re.findall(r"uru_sandbox_\w+", made)
    ran = in_sandbox("--db", str(tmp_path / "x.db"), "whoami", URU_API_KEY=key)
    assert f"Key: “mine”, ending in {key[-4:]}, 0 days old, from URU_API_KEY\n" in ran.stdout
    assert "Write no" in ran.stdout
    assert ran.stderr == ""


async def test_whoami_prints_what_claude_is_told(run: Run) -> None:
    ran = await run("whoami")
    assert ran.exit_code == 0
    assert ran.stdout.startswith("State: ready\nKey: “Claude”, ending in ")
    assert "Permissions: Read yes (as Uru says), Write no (as Uru says), Execute no (as Uru says)\n" in ran.stdout
    structure = json.loads((await run("whoami", "--json")).stdout)
    assert structure["permissions"]["effective"] == ["read"]


async def test_whoami_ends_with_1_when_something_is_wrong_with_the_key(run: Run) -> None:
    ran = await run("whoami", URU_API_KEY="uru_test_" + "0" * 40)
    assert ran.exit_code == 1
    assert "State: key_rejected\nProblem: Uru does not know this API key. " in ran.stdout


async def test_tools_lists_what_claude_is_shown_with_what_each_needs(run: Run) -> None:
    ran = await run("tools")
    lines = {line.split()[0]: line for line in ran.stdout.splitlines()}
    assert "  needs nothing  " in lines["uru_whoami"]
    assert "  read   " in lines["platform__context_query"]
    assert "company_demo__LOG_NOTE" not in lines
    assert ran.stderr == (
        "Listed: 6 of Uru's tools, 6 of our own. Blocked or left out: 21; uru-mcp tools --blocked shows why.\n"
        "Permissions: Read yes (as Uru says), Write no (as Uru says), Execute no (as Uru says)\n"
    )


async def test_tools_that_are_not_listed_one_by_one_are_counted(run: Run) -> None:
    ran = await run("tools", permissions={"read", "write", "execute"}, URU_DIRECT_TOOLS="none")
    assert ran.stderr == (
        "Listed: 2 of Uru's tools, 8 of our own. Not listed but callable: 25; find them with uru-mcp tools QUERY.\n"
        + ALL_TOLD
    )


async def test_tools_are_found_as_claude_finds_them(run: Run) -> None:
    found = json.loads((await run("tools", "mail", "--json")).stdout)
    assert {tool["tool"].partition("__")[0] for tool in found["tools"]} == {"gmail_demo"}
    assert found["tools"][0]["missing"] == ["execute"]
    assert "Nothing fits." in (await run("tools", "zeppelin")).stderr


def test_the_numbers_of_tools_are_the_same_in_each_command() -> None:
    assert "Tools: 27 of Uru's tools allowed, 0 blocked\n" in in_sandbox("whoami").stdout
    assert "Listed: 27 of Uru's tools, 8 of our own.\n" in in_sandbox("tools").stderr


@pytest.mark.parametrize("name", ["gmail_demo__GMAIL_SEND_EMAIL", "Gmail-Demo--gmail_send_email", "GMAIL_SEND_EMAIL"])
async def test_one_tool_is_shown_whole_by_its_name_and_its_example_is_one_that_fits(run: Run, name: str) -> None:
    ran = await run("tools", name)
    shown = ran.stdout
    assert shown.startswith("gmail_demo__GMAIL_SEND_EMAIL\n  Gmail - Demo: Send a mail\n")
    assert "Execute; this key lacks Execute\n" in shown
    assert "Needs a recipient, and a subject or a body.\n" in shown
    assert "    recipient_email  text, at least 3 characters, as email; required. Main recipient\n" in shown
    assert shown.endswith("""uru-mcp call gmail_demo__GMAIL_SEND_EMAIL '{"recipient_email": "…"}'\n""")
    (as_json,) = json.loads((await run("tools", name, "--json")).stdout)["tools"]
    assert as_json["input_schema"]["required"] == ["recipient_email"]


def test_the_example_of_a_tool_runs() -> None:
    shown = in_sandbox("tools", "platform__context_query").stdout
    words = shlex.split(shown.splitlines()[-1])
    assert words[:3] == ["uru-mcp", "call", "--sandbox"]
    ran = CliRunner().invoke(main, words[1:], env=SETTINGS)
    assert json.loads(ran.stdout)["items"]


@pytest.mark.parametrize("name", [*OWN])
def test_our_own_tools_are_shown_too(name: str) -> None:
    assert in_sandbox("tools", name.upper()).stdout.startswith(f"{name}\n  {OWN[name].title}\n")


def test_a_slip_in_a_name_still_finds_the_tool() -> None:
    ran = in_sandbox("tools", "platfrom__automation_edit")
    assert ran.stderr.startswith("Did you mean uru-mcp tools platform__automation_edit?")


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize(
    "words",
    [["whoami"], ["tools"], ["tools", "--blocked"], ["tools", "uru_execute"], ["tools", "platform__prompt_edit"]],
)
def test_what_is_printed_fits_the_terminal(words: list[str], columns: int) -> None:
    ran = in_sandbox(*words, COLUMNS=str(columns), URU_PERMISSIONS="read")
    lines = [line for line in ran.output.splitlines() if not line.lstrip().startswith("uru-mcp call")]
    assert len(lines) > 8
    assert [line for line in lines if width_of(line) > columns] == []


@pytest.mark.parametrize("words", [["whoami"], ["tools", "mail"], ["call", "uru_whoami"]])
def test_the_options_for_a_sandbox_stand_before_or_after_the_command(words: list[str], tmp_path: Path) -> None:
    kept = ["--db", str(tmp_path / "uru.db")]
    for before, after in (["--sandbox", *kept], []), ([], ["--sandbox", *kept]), (kept, ["--sandbox"]):
        ran = CliRunner().invoke(main, [*before, *words, *after], env=SETTINGS, catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
    alone = CliRunner().invoke(main, [*words, *kept], env=SETTINGS)
    assert (alone.exit_code, alone.stdout) == (2, "")
    assert "--db, --tools and --catalog require --sandbox." in alone.stderr


async def test_without_a_workspace_no_kind_is_said_to_lack_a_tool(connect: Connect) -> None:
    async with connect(workspace=None) as claude:
        report = await claude.whoami()
    assert report["state"] == "workspace_selection_required"
    assert report["resources"] == {"kinds": [], "not_offered": []}


async def test_blocked_tools_are_told_with_what_the_key_lacks(run: Run) -> None:
    blocked = (await run("tools", "--blocked")).stdout.splitlines()
    assert len(blocked) == 21
    assert any(line.startswith("company_demo__LOG_NOTE ") and "  lacks execute  " in line for line in blocked)
    everything = {"read", "write", "execute"}
    ran = await run("tools", "--blocked", permissions=everything)
    assert (ran.stdout, ran.stderr) == ("", "Nothing is blocked: this key may call every tool.\n" + ALL_TOLD)


async def test_where_nobody_tells_the_permissions_that_is_the_reason(run: Run, uru: Uru) -> None:
    uru.faults.status("/keys/self", 404)
    said = (await run("tools", "--blocked")).stderr
    assert "set URU_PERMISSIONS to just those, such as read,write,execute.\n" in said
    assert "the user" not in said


async def test_tools_that_are_left_out_are_told_with_the_reason(run: Run, uru: Uru) -> None:
    body = {"tools": [{"name": "BROKEN", "inputSchema": {"type": "array"}}]}
    uru.faults.status("/list/apps/gmail_demo", 200, body=body)
    assert "gmail_demo: BROKEN is left out because " in (await run("tools", "--blocked")).stdout


async def test_tools_of_a_key_that_is_no_good_are_few_and_the_reason_is_told(run: Run) -> None:
    ran = await run("tools", URU_API_KEY="uru_test_" + "0" * 40)
    assert ran.exit_code == 1
    assert [line.split()[0] for line in ran.stdout.splitlines()] == ["uru_whoami"]
    assert ran.stderr.startswith("key_rejected: Uru does not know this API key. ")


async def test_a_call_prints_the_result(run: Run) -> None:
    ran = await run("call", "platform__context_query", '{"op": "list", "limit": 1}')
    assert ran.exit_code == 0
    assert ran.stderr.startswith("[From records of the Uru workspace, whoever wrote them.]\n")
    assert len(json.loads(ran.stdout)["items"]) == 1
    own = await run("call", "uru_read", "-", stdin='{"tool": "platform__prompt_query", "input": {"op": "list"}}')
    assert json.loads(own.stdout)["items"]


async def test_a_call_that_the_key_may_not_make_is_refused_and_nothing_is_sent(run: Run, uru: Uru) -> None:
    ran = await run("call", "company_demo__LOG_NOTE", '{"text": "hi"}')
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert ran.stderr.startswith("insufficient_permission: company_demo__LOG_NOTE needs Execute.")
    assert "\n  Fix: Give the key Execute in Uru → Settings → API Keys, or use a key that has it.\n" in ran.stderr
    assert uru.sent("/execute/") == 0
    assert uru.notes == []
    as_json = await run("call", "company_demo__LOG_NOTE", '{"text": "hi"}', "--json")
    assert as_json.exit_code == 1
    error = json.loads(as_json.stdout)["error"]
    assert error["missing"] == ["execute"]
    assert error["fix"].startswith("Ask the user to give the key Execute")  # what a model gets


async def test_a_run_is_waited_for_until_it_ends_however_short_a_call_is(run: Run, uru: Uru) -> None:
    uru.faults.delay("/execute/", 0.7)
    arguments = '{"text": "hi"}'
    ran = await run("call", "company_demo__LOG_NOTE", arguments, permissions={"execute"}, URU_CALL_DEADLINE="1")
    assert ran.exit_code == 0, ran.stderr
    assert json.loads(ran.stdout)["text"] == "hi"


async def test_a_run_that_takes_longer_than_it_may_is_unconfirmed(run: Run, uru: Uru) -> None:
    uru.faults.delay("/execute/", 30)
    ran = await run(
        "call", "company_demo__LOG_NOTE", '{"text": "hi"}', permissions={"execute"}, URU_EXECUTE_TIMEOUT="1"
    )
    assert ran.exit_code == 1
    assert ran.stderr.startswith("unconfirmed: Uru did not answer the run within 1 seconds.")


async def test_a_long_result_comes_whole(run: Run) -> None:
    ran = await run(
        "call", "platform__context_query", '{"op": "get", "id": "ctx_acme_handbook"}', URU_RESULT_CHARS="1000"
    )
    assert len(ran.stdout) > 5_000
    assert "[Cut:" not in ran.stdout


async def test_a_tool_that_nobody_has_is_told_with_those_that_are_near(run: Run) -> None:
    ran = await run("call", "company_demo__LOG_NOTES")
    assert ran.exit_code == 1
    assert ran.stderr.startswith("unknown_tool: This workspace has no tool “company_demo__LOG_NOTES”.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,\n "b" 2}', "expecting ':' delimiter at line 2, column 6"),
        ("[1]", "not a JSON object"),
        ("[" * 100_000, "cannot be read"),
        ("uru_test_0123456789abcdef", "Do not put an API key on the command line"),
    ],
)
def test_arguments_that_are_no_json_object_are_a_wrong_command_line(text: str, said: str) -> None:
    ran = in_sandbox("call", "uru_whoami", text)
    assert ran.exit_code == 2
    assert said in " ".join(ran.stderr.split())
    assert "0123456789abcdef" not in ran.output


@pytest.mark.parametrize("words", [["whoami"], ["tools"], ["call", "uru_whoami"]])
def test_with_wrong_settings_each_says_what_uru_mcp_says_and_ends_with_2(words: list[str]) -> None:
    ran = CliRunner().invoke(main, words, env={**SETTINGS, "URU_PERMISSION": "read"})
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "In this terminal, URU_PERMISSION is not a variable that uru-mcp knows.\n" in ran.stderr
    assert "  Fix: Did you mean URU_PERMISSIONS? Rename it, or remove it.\n" in ran.stderr
    as_json = CliRunner().invoke(main, [*words, "--json"], env=SETTINGS)
    assert as_json.exit_code == 2
    assert json.loads(as_json.stdout)["error"]["code"] == "not_configured"


def test_a_sandbox_can_be_looked_at_too_and_kept(tmp_path: Path) -> None:
    file = ["--db", str(tmp_path / "uru.db")]
    assert in_sandbox("whoami").stdout.startswith("State: ready\n")
    assert in_sandbox(*file, "call", "company_demo__LOG_NOTE", '{"text": "Zeppelin"}').exit_code == 0
    assert "Zeppelin" in in_sandbox(*file, "call", "company_demo__LIST_NOTES").stdout


async def test_what_a_stranger_wrote_moves_no_cursor(run: Run, uru: Uru) -> None:
    uru.faults.status("/execute/", 200, body={"data": "\x1b[2Jgone\x9b1m", "successful": True})
    ran = await run("call", "company_demo__LOG_NOTE", '{"text": "hi"}', permissions={"execute"})
    assert ran.stdout == "[2Jgone1m\n"


@pytest.mark.parametrize(("variables", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_and_not_where_no_color_is_set(variables: dict[str, str], is_coloured: bool) -> None:
    terminal, other_end = pty.openpty()
    environ = {**SYSTEM, "TERM": "xterm", "URU_PERMISSIONS": "read", **variables}
    subprocess.run(
        [sys.executable, "-P", "-m", "uru_mcp", "--sandbox", "tools", "--blocked"],
        stdin=subprocess.DEVNULL, stdout=other_end, stderr=subprocess.DEVNULL, timeout=20, env=environ, check=True,
    )  # fmt: skip
    printed = os.read(terminal, 10_000).decode()
    os.close(terminal)
    os.close(other_end)
    assert ("\x1b[" in printed) is is_coloured
    assert "company_demo__LOG_NOTE" in printed


@pytest.mark.parametrize(("typed", "sent", "code"), [("y\n", 1, 0), ("n\n", 0, 1), ("\n", 0, 1), ("\x04", 0, 1)])
def test_a_call_that_needs_a_yes_is_shown_and_asked_about(typed: str, sent: int, code: int, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    terminal, other_end = pty.openpty()
    environ = {**SYSTEM, "URU_CONFIRM": "execute", "URU_AUDIT_LOG": str(log), "XDG_CACHE_HOME": str(tmp_path)}
    words = [sys.executable, "-m", "uru_mcp", "--sandbox", "call", "company_demo__LOG_NOTE", '{"text": "a\\u001b[2Jb"}']
    with subprocess.Popen(words, stdin=other_end, stderr=other_end, stdout=subprocess.PIPE, env=environ) as process:
        os.close(other_end)
        seen = b""
        while b"Run it?" not in seen:
            seen += os.read(terminal, 10_000)
        os.write(terminal, typed.encode())
        out = (process.communicate(timeout=20)[0] or b"").decode()
    os.close(terminal)
    assert process.returncode == code
    assert b"  text: a" in seen
    assert b"\x1b[2J" not in seen
    assert ("note" in out) is bool(sent)
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [one["outcome"] for one in entries] == ["waiting", "ok" if sent else "declined"]
    assert entries[-1]["decided_how"] == "terminal"
    assert entries[-1]["decided_by"] == ("nobody" if typed == "\x04" else "person")


async def test_a_call_that_needs_a_yes_is_refused_where_nobody_can_type_one(run: Run, uru: Uru) -> None:
    ran = await run(
        "call", "company_demo__LOG_NOTE", '{"text": "hi"}', permissions={"execute"}, stdin="y\n", URU_CONFIRM="execute"
    )
    assert ran.exit_code == 1
    assert ran.stderr.startswith("declined: “Log a note” (Company workflows) runs only after a person's yes")
    assert uru.notes == []


async def test_what_the_answer_of_a_call_does_not_say_is_a_warning_on_stderr(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "none" / "audit.jsonl"
    ran = await run("call", "uru_search_tools", '{"query": "mail"}', "--json", URU_AUDIT_LOG=str(log), URU_DEBUG="1")
    assert ran.exit_code == 0
    json.loads(ran.stdout)
    assert ran.stderr.startswith(
        f"Warning: Calls are not recorded, because the audit log {log} cannot be written: its directory does not"
        " exist.\n"
        f"  Fix: Create the directory {log.parent}, or correct URU_AUDIT_LOG and restart the client.\n"
        "Warning: Ignored variables: URU_DEBUG\n"
    )
