"""`doctor` says that a policy limits, and who can mend one that cannot be used."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.config.policies import place, written
from uru_mcp.cli import main
from uru_mcp.commands.doctor.checks import Check, Examination
from uru_mcp.commands.doctor.settings_checks import examine_draft_policy, examine_policy
from uru_mcp.config.policy_file import PolicyFile
from uru_mcp.untrusted_input.redaction import Redaction


def checks(file: PolicyFile) -> list[Check]:
    examination = Examination(Redaction(), begin=lambda _: None, tell=lambda _: None)
    examine_policy(examination, file)
    return examination.checks


def test_a_policy_is_named_with_its_limits(tmp_path: Path) -> None:
    file = written(tmp_path, 'permissions = ["read"]\ntools = ["*", "!stripe_*"]\naudit_log_required = true\n')
    seen = f"{file.path}, of the administrator: permissions read; tools *,!stripe_*; audit_log_required true"
    assert checks(file) == [Check("policy", "ok", seen, None)]


def test_each_fault_of_a_policy_is_a_failure(tmp_path: Path) -> None:
    found = checks(written(tmp_path, 'permissions = []\ntools = ["stripe"]\n'))
    assert [(check.name, check.verdict) for check in found] == [("policy", "failed")] * 2
    assert all("Ask the administrator" in (check.remedy or "") for check in found)


def test_nothing_is_said_where_there_is_none(tmp_path: Path) -> None:
    assert checks(place(tmp_path)) == []


def test_a_policy_that_limits_nothing_is_a_warning(tmp_path: Path) -> None:
    (check,) = checks(written(tmp_path, 'approvals = "ask"\naudit_log_required = false\n'))
    assert (check.verdict, "it limits nothing" in check.seen) == ("warning", True)
    assert "remove the file" in (check.remedy or "")


def doctor(*words: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *words], env={"URU_API_KEY": None}, catch_exceptions=False)


def test_a_policy_is_checked_before_it_is_put_in_place_without_a_key(tmp_path: Path) -> None:
    draft = tmp_path / "draft.toml"
    draft.write_text('permissions = ["read"]\nconfirm = ["destructive"]\n')
    draft.chmod(0o666)  # whoever may write to it here
    ran = doctor("--policy", str(draft), "--json")
    seen = f"{draft} can be used as a policy: permissions read; confirm destructive"
    assert ran.exit_code == 0
    assert json.loads(ran.stdout)["checks"] == [{"name": "policy", "verdict": "ok", "seen": seen, "remedy": None}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('permissions = ["reed"]', "permissions has 'reed', which is none of read, write and execute"),
        ('tool = ["*"]', "Use only permissions, base_urls"),
        ('confirm = ["never"]', "'never' is a value of URU_CONFIRM only"),
        ("tools = [", "it is not TOML"),
        ("", "it sets nothing"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_would_stop_everybody_is_told_before(content: str | None, said: str, tmp_path: Path) -> None:
    draft = tmp_path / "draft.toml"
    if content is not None:
        draft.write_text(content)
    ran = doctor("--policy", str(draft))
    assert ran.exit_code == 1
    assert said in " ".join(ran.stdout.split())
    assert "Ask the administrator" not in ran.stdout


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo])
def test_what_is_no_file_is_not_waited_for(make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / "draft.toml")
    ran = doctor("--policy", str(tmp_path / "draft.toml"))
    assert (ran.exit_code, "it is not a regular file" in " ".join(ran.stdout.split())) == (1, True)


@pytest.mark.parametrize(("mode", "verdict"), [(0o644, "ok"), (0o666, "failed")])
def test_a_policy_in_its_place_is_checked_with_its_place(mode: int, verdict: str, tmp_path: Path) -> None:
    file = written(tmp_path, 'permissions = ["read"]')
    Path(file.path).chmod(mode)
    examination = Examination(Redaction(), begin=lambda _: None, tell=lambda _: None)
    examine_draft_policy(examination, file.path, file)
    assert [check.verdict for check in examination.checks] == [verdict]


def test_a_check_of_a_policy_writes_no_report(tmp_path: Path) -> None:
    ran = doctor("--policy", str(tmp_path / "draft.toml"), "--report", str(tmp_path / "report.md"))
    assert (ran.exit_code, list(tmp_path.iterdir())) == (2, [])
