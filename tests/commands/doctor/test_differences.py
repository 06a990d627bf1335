"""The doctor of a service that differs: it blames no good key, and nothing fails where a read and a run work."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.doctor.patient import Patient
from tests.world import Uru
from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.differences import DIFFERENCES
from uru_mcp.sandbox.serve import serving

SLOW = {"key-record-slow", "key-record-429", "gateway-502-once-each"}
FAMILIES = ("key record missing", "key record refused", "key record failing", "key record unusable", "tool version")
ROWS = [
    *(one.name for one in DIFFERENCES.values() if one.family in FAMILIES and one.name not in SLOW),
    *("list-apps", "older-service", "oldest-service", "namespaces-names", "tools-composio", "results-mcp"),
    *("platform-other-ops", "platform-split", "platform-no-queries", "no-platform", "undeclared", "gateway-gzip"),
    *("permissions-object", "permissions-level", "record-in-data", "gateway-503-on-key-record", "errors-html"),
]
BLAME = ("rejected", "revoked", "deleted", "expired", "does not know this API key", "switched off", "new key")


@pytest.mark.parametrize("name", ROWS)
async def test_no_good_key_is_blamed_and_with_declared_permissions_nothing_fails(name: str, tmp_path: Path) -> None:
    uru = Uru(Sandbox.open(unlike=[name]))
    try:
        async with serving(uru.sandbox) as url:
            patient = Patient(uru, url, tmp_path)
            patient.variables["URU_PERMISSIONS"] = "read,write,execute"
            checks = await patient.checks()
    finally:
        uru.close()
    said = {check.name: f"{check.verdict}: {check.seen} {check.remedy}" for check in checks}
    assert not [text for text in said.values() if any(word in text for word in BLAME)], said
    failed = {check.name: check.seen for check in checks if check.verdict == "failed"}
    assert failed == {}
    assert "Read yes" in said["permissions"]


@pytest.mark.parametrize("name", ["no-key-record", "key-record-401-revoked", "key-record-html"])
async def test_what_nobody_tells_or_declares_is_unknown_and_its_remedy_is_the_line_to_add(
    name: str, tmp_path: Path
) -> None:
    uru = Uru(Sandbox.open(unlike=[name]))
    try:
        async with serving(uru.sandbox) as url:
            checks = await Patient(uru, url, tmp_path).checks()
    finally:
        uru.close()
    (failed,) = [check for check in checks if check.verdict == "failed"]
    assert failed.name == "permissions"
    assert "Execute unknown (Uru does not say)" in failed.seen
    assert '"URU_PERMISSIONS": "read,write,execute"' in (failed.remedy or "")
    assert {check.name: check.verdict for check in checks}["key accepted"] == "ok"


async def test_kinds_of_resources_that_are_not_offered_are_named_with_the_reason(tmp_path: Path) -> None:
    uru = Uru(Sandbox.open(unlike=["platform-no-context-query"]))
    try:
        async with serving(uru.sandbox) as url:
            (found,) = [one for one in await Patient(uru, url, tmp_path).checks() if one.name == "catalog"]
    finally:
        uru.close()
    assert found.seen.endswith("; not offered: contexts, because this workspace has no tool platform__context_query")
