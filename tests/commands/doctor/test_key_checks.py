"""Every key of every configuration is asked about, as its client would use it, whatever the shell sets."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.commands.doctor.patient import Patient
from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.commands.doctor.checks import Check
from uru_mcp.commands.doctor.desktop_environment import environment_for

WINDSURF, CURSOR = ".codeium/windsurf/mcp_config.json", ".cursor/mcp.json"


def configure(patient: Patient, place: str, **env: str) -> None:
    """An entry of another client than Claude Desktop, whose program is gone."""
    file = patient.home / place
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"mcpServers": {"uru": entry(**env)}}))


def entry(command: str = "/gone/uru-mcp", **env: str) -> dict[str, Any]:
    return {"command": command, "env": env}


async def of_keys(patient: Patient) -> dict[str, Check]:
    checks = [
        check for check in await patient.checks() if check.name.startswith("key ") and check.name != "key accepted"
    ]
    return {check.name: check for check in checks}


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def test_each_key_is_asked_about_once_whatever_the_terminal_sets(patient: Patient) -> None:
    shared, deleted = patient.uru.key({"read"}), patient.uru.key()
    patient.uru.sandbox.keys.delete(deleted.record.id)
    as_set = {"URU_API_KEY": shared.text, "URU_PROXY_URL": patient.url}
    patient.configure(uru=entry(**as_set, URU_LOG_LEVEL="debug"), again=entry(**as_set, URU_CALL_DEADLINE="soon"))
    configure(patient, CURSOR, **{**as_set, "URU_API_KEY": f' "{shared.text}" '})
    configure(patient, WINDSURF, **{**as_set, "URU_API_KEY": deleted.text})

    found = await of_keys(patient)
    assert {name: check.verdict for name, check in found.items()} == {
        f"key …{shared.record.last4}": "ok",
        f"key …{deleted.record.last4}": "failed",
    }
    assert found[f"key …{shared.record.last4}"].seen == (
        "accepted; workspace “Acme”; Read yes (as Uru says), Write no (as Uru says), Execute no (as Uru says);"
        " used by Claude Desktop “uru”, Claude Desktop “again”, Cursor “uru”"
    )
    assert "was deleted" in found[f"key …{deleted.record.last4}"].seen
    assert found[f"key …{deleted.record.last4}"].seen.endswith("(used by Windsurf “uru”)")
    remedy = found[f"key …{deleted.record.last4}"].remedy or ""
    assert remedy.endswith(f"restart the client. It is set in {patient.home / WINDSURF}.")
    records = [request for request in patient.uru.sandbox.requests if request.path == "/keys/self"]
    assert len(records) == 3, "the terminal's key and two others"


@pytest.mark.parametrize(
    ("client", "platform", "inherited"),
    [
        ("claude-desktop", "darwin", {"HOME": "/h", "LC_ALL": "C", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}),
        ("codex", "linux", {"HOME": "/h", "LC_ALL": "C", "PATH": "/mine", "SSL_CERT_FILE": "/c"}),
        ("cursor", "win32", {"HOME": "/h", "LC_ALL": "C", "PATH": "/mine", "PYTHONPATH": "/p"}),
        (
            "claude-code",
            "darwin",
            {
                "HOME": "/h",
                "LC_ALL": "C",
                "PATH": "/mine",
                "PYTHONPATH": "/p",
                "https_proxy": "p",
                "SSL_CERT_FILE": "/c",
            },
        ),
    ],
)
def test_a_client_hands_on_what_its_platform_gives_it(client: str, platform: str, inherited: dict[str, str]) -> None:
    shell = {"HOME": "/h", "LC_ALL": "C", "PATH": "/mine", "PYTHONPATH": "/p", "URU_API_KEY": "k"}
    shell |= {"https_proxy": "p", "SSL_CERT_FILE": "/c"}
    own = {"URU_PERMISSIONS": "read"}
    assert environment_for(CLIENTS[client].inherited, own, shell, platform) == {**inherited, **own}


async def test_the_address_and_the_proxy_are_those_of_the_entry(patient: Patient) -> None:
    proxy, hidden = f"http://127.0.0.1:{refused_port()}", f"http://127.0.0.1:{refused_port()}"
    elsewhere = {"URU_PROXY_URL": "https://uru.invalid", "URU_API_KEY": patient.key.text}
    patient.configure(uru=entry(**elsewhere, HTTPS_PROXY=proxy))
    configure(patient, CURSOR, **elsewhere)
    patient.variables |= {"HTTPS_PROXY": hidden}
    checks = [check for check in await patient.checks() if check.name == f"key …{patient.key.record.last4}"]
    with_proxy, without = checks
    assert f"through the proxy of HTTPS_PROXY ({proxy.removeprefix('http://')})" in with_proxy.seen
    assert "This terminal sets" not in (with_proxy.remedy or "")
    assert "name cannot be resolved" in without.seen
    assert "This terminal sets HTTPS_PROXY, which that client does not pass on" in (without.remedy or "")


async def test_a_key_is_found_where_a_desktop_program_finds_it(patient: Patient) -> None:
    (patient.home / "key").touch(0o600)
    (patient.home / "key").write_text(patient.key.text)
    printing = Path(patient.program("print('uru_test_of_a_command')"))
    printing.rename(printing.with_name("print-a-key"))
    at = {"URU_PROXY_URL": patient.url}
    patient.configure(
        uru=entry(**at, URU_API_KEY_FILE=str(patient.home / "key")),
        short=entry(**at, URU_API_KEY_COMMAND="print-a-key"),
        wrapped=entry("env", **at, URU_API_KEY_COMMAND=f"touch {patient.home / 'started'}") | {"args": ["uru-mcp"]},
    )
    patient.variables = {"PATH": f"{printing.parent}:{patient.environ['PATH']}"}
    found = await of_keys(patient)
    assert found[f"key …{patient.key.record.last4}"].verdict == "ok"
    assert "The command print-a-key in URU_API_KEY_COMMAND returned no key: it was not found" in (
        found["key of URU_API_KEY_COMMAND"].seen
    )
    assert not (patient.home / "started").exists(), "what may be another program's command is not run"


async def test_a_variable_of_the_shell_does_not_turn_doctor_away_from_the_configurations(patient: Patient) -> None:
    env, patient.variables = patient.variables, {"URU_LOG_LEVEL": "debug"}
    patient.configure(uru=entry(**env))
    seen = {check.name: check for check in await patient.checks()}
    assert seen["configuration"].seen.startswith("in Claude Desktop “uru”, since no key is set in this terminal")
    assert seen["read"].verdict == "ok"


async def test_an_audit_log_that_cannot_be_written_is_a_fault_in_the_terminal_and_in_an_entry(patient: Patient) -> None:
    patient.variables["URU_AUDIT_LOG"] = str(patient.home / "none" / "audit.jsonl")
    patient.configure(uru=entry(**patient.variables, URU_AUDIT_LOG_REQUIRED="true"))
    seen = {check.name: check for check in await patient.checks()}
    mine, entries = seen["audit log"], seen["Claude Desktop “uru” audit log"]
    assert (mine.verdict, entries.verdict) == ("failed", "failed")
    assert mine.seen.startswith("Calls are not recorded, because the audit log ")
    assert entries.seen.startswith("The audit log is required, but ")
    assert (mine.remedy or "").startswith(f"Create the directory {patient.home / 'none'}")
    assert not (patient.home / "none").exists()


async def test_a_limit_that_install_has_set_is_nothing_to_warn_of(patient: Patient) -> None:
    patient.variables["URU_PERMISSIONS"] = "read"
    assert {check.verdict for check in await patient.checks()} == {"ok", "skipped"}
