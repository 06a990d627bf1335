"""What the README says is so: its tables follow from the code, its examples run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.process import served
from uru_mcp.own_tools import OWN
from uru_mcp.permissions import Permission
from uru_mcp.policy import NAMING, OWN_TOOLS, PLATFORM_TOOLS
from uru_mcp.settings import PREFIX, VARIABLES, Settings, read_settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def mark(needs: frozenset[Permission], permission: Permission) -> str:
    return "●" if permission in needs else ""


def rows_of(table: dict[str, frozenset[Permission]]) -> list[str]:
    return [
        f"| `{name}` | {' | '.join(mark(needs, permission) for permission in Permission)} |"
        for name, needs in table.items()
    ]


def test_the_permissions_table_is_the_policy() -> None:
    platform = {f"platform__{name}": needs for name, needs in PLATFORM_TOOLS.items()}
    expected = "\n".join(
        ["| tool | Read | Write | Execute |", "|---|:-:|:-:|:-:|", *rows_of({**OWN_TOOLS, **platform})]
    )
    assert expected in README, expected


def test_every_own_tool_has_a_place_in_the_policy() -> None:
    assert list(OWN) == list(OWN_TOOLS)


def test_the_naming_rules_are_told() -> None:
    for pattern in NAMING:
        assert f"`{pattern}`" in README


def test_the_settings_table_is_the_settings() -> None:
    fields = {PREFIX + name.upper(): field for name, field in Settings.model_fields.items()}
    expected = [f"| `{name}` | {shown(fields[name].default)} | {fields[name].description} |" for name in VARIABLES]
    assert "\n".join(["| variable | default | meaning |", "|---|---|---|", *expected]) in README, "\n".join(expected)


def shown(default: Any) -> str:
    if default is None or repr(default) == "PydanticUndefined":
        return "\u2013"
    return "all" if default == () else f"`{default}`"


def test_every_json_example_is_json() -> None:
    blocks = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        json.loads(block)


async def test_the_example_configuration_starts_what_it_names() -> None:
    servers = json.loads((ROOT / "examples" / "claude_desktop_config.json").read_text())["mcpServers"]
    assert {server["command"] for server in servers.values()} == {"uru-mcp"}
    states = {}
    for name, server in servers.items():
        async with served(*server.get("args", []), **server.get("env", {})) as claude:
            await claude.initialize("2025-11-25")
            states[name] = (await claude.call("uru_whoami"))["structuredContent"]["state"]
    assert states == {"uru": "malformed_key", "uru-sandbox": "ready"}


def test_every_command_for_a_key_is_one_that_can_be_set() -> None:
    section = README.partition("| password manager |")[2].partition("\n\n")[0]
    commands = re.findall(r"\| `(.+)` \|", section)
    assert len(commands) == 4
    for command in commands:
        program, *arguments = read_settings({"URU_API_KEY_COMMAND": command}).api_key_command or ()
        assert Path(program).is_absolute()
        assert arguments
