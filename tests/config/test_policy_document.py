"""The policies in the documents are ones that can be used, and the document names every member and its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.config.policies import written
from tests.documents import DOCUMENTS, blocks
from uru_mcp.config.managed_policy import MEMBERS, read_policy
from uru_mcp.config.policy_file import installed

POLICIES = [text for document, _, text in blocks("toml") if document == "docs/policy.md"]
TABLES = DOCUMENTS["docs/policy.md"]


@pytest.mark.parametrize("text", POLICIES)
def test_each_policy_of_the_document_can_be_used_and_limits_something(text: str, tmp_path: Path) -> None:
    policy = read_policy(written(tmp_path, text))
    assert policy is not None
    assert len(policy.limits) == len(text.splitlines())


def test_the_document_names_every_member_once() -> None:
    assert re.findall(r"^\| `([a-z_]+)` \|", TABLES, re.MULTILINE) == [*MEMBERS]


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_the_document_names_the_place_on_each_system(platform: str) -> None:
    assert f"| `{installed(platform).path}` |" in TABLES
    assert installed(platform).owner == 0
