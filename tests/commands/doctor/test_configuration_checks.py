"""Each client's configuration is looked at, and of its servers only ours are started."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands.doctor.patient import SANDBOXED, Patient
from tests.process import SYSTEM
from uru_mcp import __version__
from uru_mcp.commands.doctor.checks import Check
from uru_mcp.commands.doctor.handshake import is_tracked
from uru_mcp.commands.own_command import own_command

EVERY_ANSWER = '{"jsonrpc": "2.0", "id": 1, "result": {}}'


async def of_clients(patient: Patient) -> list[Check]:
    """What is told of the clients; the rest, without any variable, is skipped."""
    patient.variables = {}
    checks = [check for check in await patient.checks() if check.name[0].isupper() and check.name != "TLS"]
    assert checks
    return checks


async def fault_of(patient: Patient, *, verdict: str = "failed") -> tuple[str, str, str]:
    """Name, words and remedy of the one check that is not well."""
    (found,) = [check for check in await of_clients(patient) if check.verdict in ("failed", "warning")]
    assert found.verdict == verdict
    return found.name, found.seen, found.remedy or ""


async def test_a_server_of_ours_that_is_right_is_started_and_speaks_mcp(patient: Patient) -> None:
    patient.configure(uru=SANDBOXED)
    checks = await of_clients(patient)
    assert [(check.name, check.verdict) for check in checks] == [
        ("Claude Desktop", "ok"),
        ("Claude Desktop “uru” command", "ok"),
        ("Claude Desktop “uru” settings", "skipped"),
        ("Claude Desktop “uru” start", "ok"),
    ]
    assert "speaks MCP: uru-mcp " in checks[-1].seen


async def test_a_configuration_that_is_no_json_is_told_with_the_place(patient: Patient) -> None:
    patient.configure('{"mcpServers": {\n  "uru": {"command": "uru-mcp",}\n}}')
    name, seen, remedy = await fault_of(patient)
    assert name == "Claude Desktop"
    assert "line 2, column 31" in seen
    assert "Settings → Developer → Edit Config" in remedy


async def test_a_command_that_does_not_exist_is_told_with_one_that_does(patient: Patient) -> None:
    patient.configure(uru={**SANDBOXED, "command": "/gone/uru-mcp"})
    name, seen, remedy = await fault_of(patient)
    assert (name, seen) == ("Claude Desktop “uru” command", "/gone/uru-mcp does not exist.")
    script = str(Path(sys.executable).with_name("uru-mcp"))
    assert f'"command": "{script}", "args": ["--sandbox"]; or run ' in remedy
    assert f"or run {own_command('install', 'claude-desktop')} again." in remedy
    assert str(patient.desktop) in remedy


@pytest.mark.parametrize(
    ("file", "text", "written"),
    [
        (".codex/config.toml", '[mcp_servers.uru]\ncommand = "/gone/uru-mcp"\n', 'command = "{}", args = []'),
        (".config/goose/config.yaml", "extensions:\n  uru:\n    cmd: /gone/uru-mcp\n", 'cmd: "{}", args: []'),
        (".config/opencode/opencode.json", '{"mcp": {"uru": {"command": ["/gone/uru-mcp"]}}}', '"command": ["{}"]'),
    ],
)
async def test_what_to_write_is_told_as_the_client_has_it(file: str, text: str, written: str, patient: Patient) -> None:
    place = patient.home / file
    place.parent.mkdir(parents=True)
    place.write_text(text)
    (found,) = [check for check in await patient.checks() if check.name.endswith(" “uru” command")]
    assert found.seen == "/gone/uru-mcp does not exist."
    assert f"write {written.format(Path(sys.executable).with_name('uru-mcp'))}; or run" in (found.remedy or "")


async def test_a_server_that_is_switched_off_is_warned_of(patient: Patient) -> None:
    patient.configure(uru={**SANDBOXED, "disabled": True})
    name, seen, _ = await fault_of(patient, verdict="warning")
    assert (name, seen) == (
        "Claude Desktop “uru”",
        f"is switched off in {patient.desktop}, so Claude Desktop does not start it",
    )


async def test_a_deadline_that_the_client_does_not_wait_for_is_warned_of(patient: Patient) -> None:
    key = {"URU_API_KEY": patient.key.text, "URU_PROXY_URL": patient.url}
    patient.configure(uru={**SANDBOXED, "args": ["-P", "-m", "uru_mcp"], "env": {**key, "URU_CALL_DEADLINE": "60"}})
    name, seen, remedy = await fault_of(patient, verdict="warning")
    assert name == "Claude Desktop “uru” settings"
    assert seen == "URU_CALL_DEADLINE is 60 seconds, and Claude Desktop gives up after 60 by default"
    assert remedy.startswith("Set URU_CALL_DEADLINE below 60")


async def test_a_command_that_no_path_leads_to_is_told(patient: Patient) -> None:
    patient.configure(uru={**SANDBOXED, "command": "uru-mcp-of-nobody"})
    _, seen, _ = await fault_of(patient)
    assert seen == "uru-mcp-of-nobody is not on the PATH."


async def test_a_file_that_is_no_program_is_told(patient: Patient) -> None:
    program = Path(patient.program())
    program.chmod(0o600)
    patient.configure(uru={**SANDBOXED, "command": str(program)})
    assert (await fault_of(patient))[1] == f"{program} is not a program that you may run."


async def test_a_relative_command_is_warned_of_with_the_absolute_path(patient: Patient) -> None:
    program = patient.program(f"import sys; sys.stdin.readline(); print({HELLO!r})")
    env = {"PATH": str(Path(program).parent), "URU_API_KEY": patient.key.text}
    patient.configure(uru={"command": "uru-mcp", "env": env})
    name, seen, remedy = await fault_of(patient, verdict="warning")
    assert name == "Claude Desktop “uru” command"
    assert "desktop programs do not use the PATH of your shell" in seen
    assert f'Replace it with "{program}" in ' in remedy


HELLO = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"serverInfo": {"name": "uru-mcp", "version": __version__}}})


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("print('Hello!')", "answered with something that is not MCP"),
        (f"print({EVERY_ANSWER!r})", "answered with something that is not MCP"),
        ("import sys; sys.exit('No module named uru_mcp')", "exited at once with code 1: No module named"),
        ("import os; os.close(1)", "exited at once with code 0"),
    ],
)
async def test_a_command_that_starts_and_speaks_no_mcp_is_told(patient: Patient, does: str, said: str) -> None:
    patient.configure(uru={"command": patient.program(does), "env": {"URU_API_KEY": patient.key.text}})
    name, seen, remedy = await fault_of(patient)
    assert name == "Claude Desktop “uru” start"
    assert said in seen
    assert str(patient.desktop) in remedy


async def test_what_was_started_is_ended(patient: Patient) -> None:
    file = patient.home / "pid"
    does = f"import os, time; open({str(file)!r}, 'w').write(str(os.getpid())); print({HELLO!r}, flush=True)"
    patient.configure(
        uru={"command": patient.program(does, "time.sleep(60)"), "env": {"URU_API_KEY": patient.key.text}}
    )
    assert (await of_clients(patient))[-1].verdict == "ok"
    with pytest.raises(ProcessLookupError):
        os.kill(int(file.read_text()), 0)


async def test_what_a_server_prints_of_a_key_is_not_repeated(patient: Patient) -> None:
    program = patient.program("import os, sys; sys.exit('bad key ' + os.environ['URU_API_KEY'])")
    patient.configure(uru={"command": program, "env": {"URU_API_KEY": patient.key.text}})
    assert (await fault_of(patient))[1].endswith("bad key [key removed].")


async def test_a_misspelt_variable_in_a_configuration_is_told(patient: Patient) -> None:
    env = {"URU_API_KEY": patient.key.text, "URU_PERMISSION": "read"}
    patient.configure(uru={"command": patient.program(f"print({HELLO!r})"), "env": env})
    found = {check.name: check for check in await of_clients(patient)}
    assert found["Claude Desktop “uru” settings"].verdict == "failed"
    assert "Did you mean URU_PERMISSIONS?" in (found["Claude Desktop “uru” settings"].remedy or "")


async def test_two_servers_with_one_name_are_told(patient: Patient) -> None:
    one = json.dumps(SANDBOXED)
    patient.configure(f'{{"mcpServers": {{\n"uru": {{"command": "node"}},\n"uru": {one}}}}}')
    name, seen, remedy = await fault_of(patient)
    assert name == "Claude Desktop"
    assert seen == "2 servers have the name “uru” (lines 2, 3), and the client uses only the last one"
    assert "Rename or remove" in remedy


@pytest.mark.parametrize(("is_added", "verdict"), [(True, "warning"), (False, "ok")])
async def test_a_key_in_a_file_that_git_tracks_is_warned_of(patient: Patient, is_added: bool, verdict: str) -> None:
    env = {"URU_API_KEY": patient.key.text}
    patient.configure(uru={"command": patient.program(f"print({HELLO!r})"), "env": env})
    git = ["git", "-C", str(patient.desktop.parent)]
    subprocess.run([*git, "init", "-q"], check=True)  # noqa: ASYNC221  # nobody else waits
    subprocess.run([*git, "add", *(["."] if is_added else ["-n", "."])], check=True, capture_output=True)  # noqa: ASYNC221
    last = (await of_clients(patient))[-1]
    assert last.verdict == verdict
    if is_added:
        assert "is tracked by Git" in last.seen
        assert "URU_API_KEY_FILE" in (last.remedy or "")


async def test_where_a_link_leads_is_where_git_is_asked_whatever_repository_a_hook_means(patient: Patient) -> None:
    dotfiles, link = patient.home / "dotfiles", patient.desktop
    dotfiles.mkdir()
    link.parent.mkdir(parents=True)
    (dotfiles / "c[1].json").write_text("{}")
    link.symlink_to(dotfiles / "c[1].json")
    git = ["git", "-C", str(dotfiles)]
    subprocess.run([*git, "init", "-q"], check=True)  # noqa: ASYNC221  # nobody else waits
    subprocess.run([*git, "add", "."], check=True)  # noqa: ASYNC221
    assert await is_tracked(link, {**patient.environ, "GIT_DIR": str(patient.home), "GIT_WORK_TREE": "/"})


async def test_a_git_that_cannot_be_started_tracks_nothing(patient: Patient) -> None:
    git = Path(patient.program()).with_name("git")
    git.write_text("#!/there/is/none")
    git.chmod(0o700)
    assert not await is_tracked(patient.desktop, {"PATH": str(git.parent)})


@pytest.mark.parametrize("file", [["--db", "uru.db"], ["--db=uru.db"]])
async def test_the_file_of_a_sandbox_is_left_alone(patient: Patient, file: list[str]) -> None:
    does = f"import sys; print({HELLO!r} if sys.argv[1:] == ['--sandbox', '--tools', '3'] else sys.argv)"
    patient.configure(uru={"command": patient.program(does), "args": ["--sandbox", *file, "--tools", "3"]})
    last = (await of_clients(patient))[-1]
    name = f"uru-mcp {__version__}"
    assert last.seen == f"starts and speaks MCP: {name}, tested without --db so that nothing is written there"


async def test_a_server_of_another_version_is_warned_of(patient: Patient) -> None:
    hello = HELLO.replace(__version__, "9")
    patient.configure(uru={"command": patient.program(f"print({hello!r})"), "args": ["--sandbox"]})
    _, seen, remedy = await fault_of(patient, verdict="warning")
    assert seen == f"starts and speaks MCP: uru-mcp 9; this is uru-mcp {__version__}"
    assert str(Path(sys.executable).with_name("uru-mcp")) in remedy


async def test_foreign_servers_are_never_started(patient: Patient) -> None:
    mark = patient.home / "started"
    program = {"command": "touch", "args": [str(mark)], "env": {"URU_API_KEY": patient.key.text}}
    patient.configure(notes=program, remote={"url": "https://uru-mcp.example"})
    (check,) = await of_clients(patient)
    assert (check.verdict, check.seen) == ("skipped", f"{patient.desktop} does not contain uru-mcp")
    assert not mark.exists()


async def test_placeholders_are_left_to_the_clients_that_fill_them_in(patient: Patient) -> None:
    server = {"command": patient.program(f"print({HELLO!r})"), "env": {"URU_API_KEY": "${input:uru-key}"}}
    patient.configure(uru=server)
    code = patient.home / ".config" / "Code" / "User" / "mcp.json"
    code.parent.mkdir(parents=True)
    code.write_text(json.dumps({"servers": {"uru": server}}))
    found = {check.name: check for check in await of_clients(patient)}
    assert found["Claude Desktop “uru” settings"].verdict == "failed"
    assert found["VS Code “uru” settings"].verdict == "skipped"


async def test_what_is_not_ours_for_sure_is_never_started_and_its_key_command_neither(patient: Patient) -> None:
    marks = patient.home / "marks"
    marks.mkdir()
    env = {"URU_API_KEY_COMMAND": f"touch {marks}/key-command"}
    programs = patient.home / "bin"
    programs.mkdir()
    for name in ("npx", "docker", "bash", "env", "sudo", "node", "uru-mcp"):
        (programs / name).write_text(f"#!/bin/sh\necho > {marks}/{name}\n")
        (programs / name).chmod(0o755)
    lines = {
        "files": "npx -y server-filesystem /home/me/uru-mcp",
        "npx": "npx uru-mcp",
        "docker": "docker run uru-mcp",
        "bash": "bash -c uru-mcp",
        "env": "env X=1 uru-mcp",
        "sudo": "sudo uru-mcp",
        "node": "node /path/uru-mcp/index.js",
        "script": "uru-mcp",
    }
    servers: dict[str, Any] = {
        name: {"command": line.split()[0], "args": line.split()[1:], "env": env} for name, line in lines.items()
    }
    patient.configure(**servers)
    patient.variables = {"PATH": f"{programs}:{SYSTEM['PATH']}"}
    checks = {check.name: check for check in await patient.checks() if check.name.startswith("Claude Desktop")}
    assert [*marks.iterdir()] == []
    assert {check.verdict for check in checks.values()} == {"ok", "skipped"}
    assert checks.keys() == {"Claude Desktop", *(f"Claude Desktop “{name}”" for name in lines if name != "files")}
    assert "starts Uru's Node client" in checks["Claude Desktop “npx”"].seen
    assert "through docker" in checks["Claude Desktop “docker”"].seen


async def test_an_entry_for_a_copy_of_uvx_is_told_before_it_is_gone(patient: Patient) -> None:
    script = Path(patient.program("print()"))
    copy = patient.home / "archive-v0" / "4fssk3" / "bin" / "uru-mcp"
    shutil.copytree(script.parent.parent, copy.parent.parent)
    patient.configure(uru={**SANDBOXED, "command": str(copy), "args": ["--sandbox"]})
    found = [check for check in await of_clients(patient) if check.name == "Claude Desktop “uru” command"]
    assert [(check.verdict, check.seen) for check in found] == [
        ("warning", f"{copy} is a temporary copy that uvx made and may delete at any time.")
    ]
    assert "Install it permanently, with uv tool install" in (found[0].remedy or "")


async def test_backups_with_a_key_are_told_once_the_client_no_longer_has_one(patient: Patient) -> None:
    keyed = json.dumps({"mcpServers": {"uru": {**SANDBOXED, "env": {"URU_API_KEY": "uru_test_1"}}}})
    patient.configure(keyed)
    backup = patient.desktop.with_name(f"{patient.desktop.name}.uru-mcp-backup")
    backup.write_text(keyed)
    assert not [one for one in await of_clients(patient) if "still contain a key" in one.seen]

    for text, remedy in (
        ('{"theme": "dark"}', f"Remove them: rm {backup}"),
        ('{"mcpServers": {}}', f"Remove them: {own_command('install', 'claude-desktop', '--uninstall')}"),
        (None, f"Remove them: {own_command('install', 'claude-desktop', '--uninstall')}"),
    ):
        patient.configure(text or "")
        if text is None:
            patient.desktop.unlink()
        (told,) = [one for one in await of_clients(patient) if "still contain a key" in one.seen]
        assert (told.name, told.verdict, told.remedy) == ("Claude Desktop", "warning", remedy)
        assert told.seen.endswith(f"contain a key, which the client does not use: {backup}")


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
async def test_a_configuration_with_a_key_that_others_can_read_is_told_with_the_command(patient: Patient) -> None:
    patient.configure(uru={**SANDBOXED, "env": {"URU_API_KEY": "uru_test_1"}})
    patient.desktop.chmod(0o640)
    name, seen, remedy = await fault_of(patient, verdict="warning")
    assert (name, remedy) == ("Claude Desktop", f"Run chmod 600 {patient.desktop}")
    assert seen == f"{patient.desktop} contains a key, and other users of this machine can access it"
    patient.desktop.write_text('{"mcpServers": {"mine": {"command": "x", "env": {"URU_API_KEY": "uru_test_1"}}}}')
    assert not [one for one in await of_clients(patient) if one.verdict == "warning"]


KEYED = {"command": "/gone/bin/uru-mcp", "env": {"URU_API_KEY": "uru_test_1"}}


@pytest.mark.parametrize(
    ("file", "text", "where", "why"),
    [
        ("Claude/claude_desktop_config.json", {"mcpservers": {"uru": KEYED}}, "mcpservers → uru", "under mcpServers"),
        ("Claude/claude_desktop_config.json", {"uru": KEYED}, "uru", "under mcpServers"),
        ("Claude/claude_desktop_config.json", {"mcp": {"servers": {"x": KEYED}}}, "mcp → servers → x", "mcpServers"),
        (
            "Code/User/mcp.json",
            {"mcpServers": {"uru": {"command": "uvx", "args": ["uru-mcp"]}}},
            "mcpServers → uru",
            "under servers",
        ),
        ("Code/User/mcp.json", {"servers": {"uru": {"command": ["/gone/uru-mcp"]}}}, "servers → uru", "reads it"),
        ("opencode/opencode.json", {"mcp": {"uru": KEYED}}, "mcp → uru", "not as the client reads it"),
        ("goose/config.yaml", {"mcpServers": {"uru": KEYED}}, "mcpServers → uru", "under extensions"),
        (
            "../.codex/config.toml",
            "[mcp-servers.uru]\ncommand = '/gone/uru-mcp'\n",
            "mcp-servers → uru",
            "under mcp_servers",
        ),
    ],
)
async def test_uru_mcp_where_the_client_does_not_see_it_is_told(
    file: str, text: Any, where: str, why: str, patient: Patient
) -> None:
    place = patient.home / ".config" / file
    place.parent.mkdir(parents=True)
    place.write_text(text if isinstance(text, str) else json.dumps(text))
    patient.variables = {}
    (failed,) = [one for one in await patient.checks() if one.verdict == "failed"]
    assert f"contains uru-mcp as {where}" in failed.seen
    assert why in failed.seen
    assert f"or run {own_command('install')}" in (failed.remedy or "")


async def test_other_programs_and_local_servers_are_not_misplaced(patient: Patient) -> None:
    local = {"projects": {"/p": {"mcpServers": {"uru": KEYED}, "note": "uru-mcp", "command": "uru"}}}
    (patient.home / ".claude.json").write_text(json.dumps(local))
    patient.configure('{"mcpservers": {"node": {"command": "npx", "args": ["uru-mcp"]}}, "uru-mcp": {"command": 5}}')
    told = [one for one in await of_clients(patient) if one.name.startswith("Claude")]
    assert [(one.verdict, "does not contain uru-mcp" in one.seen) for one in told] == [("skipped", True)] * 2


@pytest.mark.parametrize("command", ["/gone/bin/uru-mcp --sandbox", "/my dir/uru-mcp.exe --sandbox", "uvx uru-mcp"])
async def test_arguments_inside_the_command_are_told_with_what_to_write(command: str, patient: Patient) -> None:
    patient.configure(uru={"command": command})
    patient.variables = {}
    (failed,) = [one for one in await patient.checks() if one.verdict == "failed"]
    assert failed.name == "Claude Desktop “uru”"
    assert "its command contains arguments, which belong in args" in failed.seen
    assert ('"args": ["--sandbox"]' in (failed.remedy or "")) == ("--sandbox" in command)
