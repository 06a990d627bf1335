"""`uru-mcp doctor` in a terminal and for programs."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import anyio.to_thread
from click.testing import CliRunner, Result

from tests.commands.doctor.patient import Patient
from tests.process import SYSTEM
from uru_mcp.cli import main


def doctor(home: Path, *words: str, **variables: str) -> Result:
    other = dict.fromkeys((name for name in SYSTEM if name.startswith("XDG_")), None)
    environ = {**other, "HOME": str(home), "USERPROFILE": str(home), "URU_API_KEY": None, **variables}
    return CliRunner().invoke(main, ["doctor", *words], env=environ)


def test_what_failed_is_told_with_its_remedy_and_the_exit_code_is_1(tmp_path: Path) -> None:
    ran = doctor(tmp_path, URU_API_KEY="uru_test_0123456789abcdef", URU_PERMISSION="read")
    assert ran.exit_code == 1
    assert "✗ configuration  URU_PERMISSION is not a variable that uru-mcp knows.\n" in ran.stdout
    assert "    Fix: Did you mean URU_PERMISSIONS? Rename it, or remove it.\n" in ran.stdout
    assert "- not checked    key, address, service, TLS, " in ran.stdout
    assert "because this failed: configuration\n" in ran.stdout
    assert ran.stdout.endswith("1 of 11 checks failed. Start with “configuration”.\n")
    assert "\x1b" not in ran.output
    assert "0123456789abcdef" not in ran.output


def test_programs_get_each_check_as_json(tmp_path: Path) -> None:
    ran = doctor(tmp_path, "--json", URU_API_KEY="sk_0123456789abcdef")
    found = json.loads(ran.stdout)
    assert (found["ok"], ran.exit_code) == (False, 1)
    key = next(check for check in found["checks"] if check["name"] == "key")
    assert set(key) == {"name", "verdict", "seen", "remedy"}
    assert key["verdict"] == "failed"
    assert "0123456789abcdef" not in ran.output


def test_the_summary_points_to_the_client_s_configuration_and_not_to_the_terminal(tmp_path: Path) -> None:
    cursor = tmp_path / ".cursor" / "mcp.json"
    cursor.parent.mkdir()
    server = {"command": sys.executable, "args": ["-P", "-m", "uru_mcp", "--sandbx"]}
    cursor.write_text(json.dumps({"mcpServers": {"uru": server}}))
    ran = doctor(tmp_path)
    assert ran.exit_code == 1
    assert "✗ Cursor “uru”   its arguments do not start a server; it was not started.\n" in ran.stdout
    assert "Start with “Cursor “uru””.\n" in ran.stdout
    cursor.write_text('{"mcpServers": {},}')
    assert doctor(tmp_path).stdout.endswith("Start with “Cursor”.\n")
    cursor.unlink()
    assert doctor(tmp_path).stdout.endswith("Start with “configuration”.\n")


def test_what_a_sandbox_leaves_unchecked_has_not_passed(tmp_path: Path) -> None:
    cursor = tmp_path / ".cursor" / "mcp.json"
    cursor.parent.mkdir()
    server = {"command": sys.executable, "args": ["-P", "-m", "uru_mcp", "--sandbox"]}
    cursor.write_text(json.dumps({"mcpServers": {"uru": server}}))
    said = doctor(tmp_path).stdout
    assert re.search(r"\n\nAll checks passed; \d+ were not made, since there is no Uru to check\.\n$", said), said


def test_it_does_not_go_with_a_sandbox_which_needs_no_doctor() -> None:
    ran = CliRunner().invoke(main, ["--sandbox", "doctor"])
    assert ran.exit_code == 2
    assert "not with doctor" in ran.stderr


async def test_a_healthy_machine_ends_with_0(patient: Patient) -> None:
    ran = await anyio.to_thread.run_sync(lambda: doctor(patient.home, **patient.variables))
    assert ran.exit_code == 0, ran.output
    assert "✓ key accepted   “Claude”, …" in ran.stdout
    assert ran.stdout.endswith("\n\nAll checks passed.\n")
    assert ran.stderr == ""


async def test_a_warning_is_not_a_failure(patient: Patient) -> None:
    patient.key_file(patient.key.text, mode=0o644)
    ran = await anyio.to_thread.run_sync(lambda: doctor(patient.home, **patient.variables))
    assert ran.exit_code == 0, ran.output
    assert "Fix: Run chmod 600 " in ran.stdout
    assert ran.stdout.endswith("All checks passed, with 1 warning.\n")
