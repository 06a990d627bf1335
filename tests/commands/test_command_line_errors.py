"""A key that a person gives on the command line by mistake is refused, and printed back by nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.commands.test_install import UNSET
from uru_mcp.cli import main

SECRET = "0123456789abcdefghij0123456789"  # noqa: S105  # made up
KEYS = [f"uru_{SECRET}", f"uru_live-{SECRET}==", f"uru_{SECRET}!$%&/+", f"uru%5F{SECRET}", "uru_a1b2c3d4"]
LINES = [
    ["{}"],
    ["install", "{}"],
    ["install", "claude-desktop", "{}"],
    ["install", "--key", "{}"],
    ["install", "--key={}"],
    ["install", "--key-file", "{}"],
    ["install", "--name={}"],
    ["install", "--permissions", "{}"],
    ["install", "URU_API_KEY={}"],
    ["install", "'{}'"],
    ["install", "\u201c{}\u201d"],
    ["--whatever", "{}"],
    ["--db", "{}"],
    ["--catalog={}"],
    ["-k{}"],
    ["doctor", "{}"],
    ["whoami", "--key", '"{}"'],
    ["call", "{}"],
    ["call", "uru_whoami", "{}"],
    ["usage", "{}"],
    ["sandbox", "{}"],
    ["sandbox", "keys", "delete", "--db", "x.db", "{}"],
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_a_key_as_an_argument_is_refused_and_not_repeated(
    words: list[str], key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {**UNSET, "HOME": str(tmp_path)}
    ran = CliRunner().invoke(main, [word.format(key) for word in words], env=environ)
    assert ran.exit_code == 2, ran.output
    assert "Do not put an API key on the command line" in ran.stderr
    assert "Replace that key" in ran.stderr
    assert key.partition("uru")[2][1:] not in ran.output
    assert key[8:] not in ran.output
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    "words",
    [
        ["tools", "uru_search_tools"],
        ["call", "uru_search_tools", '{"query": "uru_0123456789abcdefghij"}'],
        ["--db", "uru_workspace_2026_11_29.db", "whoami"],
        ["call", "uru_lits_resources"],
    ],
)
def test_what_is_no_key_is_taken(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {**UNSET, "XDG_CACHE_HOME": str(tmp_path)}
    ran = CliRunner().invoke(main, ["--sandbox", *words], env=environ)
    assert "Do not put an API key on the command line" not in ran.output
    assert ran.exit_code in (0, 1)
