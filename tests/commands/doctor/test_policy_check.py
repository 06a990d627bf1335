"""`doctor` says that a policy limits, and who can mend one that cannot be used."""

from __future__ import annotations

from pathlib import Path

from tests.config.policies import place, written
from uru_mcp.commands.doctor.checks import Check, Examination
from uru_mcp.commands.doctor.settings_checks import examine_policy
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
