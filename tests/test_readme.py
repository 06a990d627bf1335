"""What the README says is so: its tables follow from the code. Its examples are run by `test_examples.py`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.documents import CODE, DOCUMENTS, ROOT, blocks
from tests.process import served
from tests.results.test_automation_approvals import GRANTED, REFUND, Person, run_ids, says
from tests.world import Connect, Uru
from uru_mcp import __version__
from uru_mcp.access.gate import require
from uru_mcp.access.key_status import KeyStatus
from uru_mcp.access.policy import CARD_TOOLS, EXECUTE, NAMING, OWN_TOOLS, PLATFORM_TOOLS, READ, RECORDS
from uru_mcp.commands.client_configs.entry import KEY, PERMISSIONS
from uru_mcp.config.environment import read_settings
from uru_mcp.config.settings import PREFIX, VARIABLES, Settings
from uru_mcp.config.variables import Variables
from uru_mcp.errors import PermissionMissing
from uru_mcp.permissions import Grant, Permission
from uru_mcp.resources.resources import NAMESPACE, RECORD_TEMPLATES
from uru_mcp.results.render import Renderer
from uru_mcp.tools.definitions import OWN
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.records import PROMPTS

README = DOCUMENTS["README.md"]
TABLE = DOCUMENTS["docs/permissions.md"]


def mark(needs: frozenset[Permission], permission: Permission) -> str:
    return "●" if permission in needs else ""


def rows_of(table: dict[str, frozenset[Permission]]) -> list[str]:
    return [
        f"| `{name}` | {' | '.join(mark(needs, permission) for permission in Permission)} |"
        for name, needs in table.items()
    ]


def test_the_permissions_table_is_the_policy() -> None:
    resources = dict.fromkeys(("uru://workspace", "uru://key", NAMESPACE), RECORDS)
    resources |= {form: RECORDS | PLATFORM_TOOLS[kind.query_tool] for form, kind in RECORD_TEMPLATES.items()}
    prompts = rows_of({"MCP prompts": RECORDS | PLATFORM_TOOLS[PROMPTS.query_tool]})
    platform = {f"platform__{name}": needs for name, needs in PLATFORM_TOOLS.items()}
    expected = "\n".join(
        [
            "| tool, resource or prompt | Read | Write | Execute |",
            "|---|:-:|:-:|:-:|",
            *rows_of({**OWN_TOOLS, **CARD_TOOLS, **resources}),
            *(row.replace("`", "") for row in prompts),
            *rows_of(platform),
        ]
    )
    assert f"\n\n{expected}\n\n" in TABLE, expected


def test_the_refusal_is_the_gate_s() -> None:
    with pytest.raises(PermissionMissing) as refused:
        require("company_demo__LOG_NOTE", EXECUTE, KeyStatus(grant=Grant(told=READ)))
    shown = Renderer(Redaction(), budget=0).error(refused.value)
    assert f"```text\n{shown.text}\n```" in README, shown.text


def test_the_extension_has_the_name_that_packing_gives_it() -> None:
    assert f"`dist/uru-mcp-{__version__}.mcpb`" in README


def test_it_takes_five_minutes() -> None:
    assert len(README.splitlines()) < 280
    sections = re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert sections == [
        "See it work",
        "Install",
        "Try it",
        "Permissions",
        "Settings",
        "When something is wrong",
        "Privacy Policy",
        "What is known of Uru's API",
        "Dependencies",
        "More",
    ]


def test_every_own_tool_has_a_place_in_the_policy() -> None:
    assert list(OWN) == list(OWN_TOOLS)


def test_the_naming_rules_are_told() -> None:
    for pattern in NAMING:
        assert f"`{pattern}`" in TABLE


def test_the_settings_table_is_the_settings() -> None:
    described = {PREFIX + name.upper(): field.description for name, field in Variables.model_fields.items()}
    assert list(described) == list(VARIABLES)
    defaults = {name: getattr(Settings(), name.removeprefix(PREFIX).lower()) for name in VARIABLES}
    expected = [f"| `{name}` | {shown(defaults[name])} | {described[name]} |" for name in VARIABLES]
    assert "\n".join(["| variable | default | meaning |", "|---|---|---|", *expected]) in README, "\n".join(expected)


def shown(default: Any) -> str:
    if default is None:
        return "\u2013"
    return "all" if default == () else f"`{str(default).lower() if default is False else default}`"


def test_the_sample_configurations_have_what_was_ticked_beside_the_key() -> None:
    example = json.loads((ROOT / "examples" / "claude_desktop_config.json").read_text())["mcpServers"]["uru"]["env"]
    assert example == dict([KEY, PERMISSIONS])
    assert f'"{PERMISSIONS[0]}": "{PERMISSIONS[1]}"' in README


async def test_what_the_readme_says_of_its_three_questions_happens(connect_once: Connect, uru: Uru) -> None:
    table = README.partition("| you ask |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| “.+” \| (.+) \|$", table, re.MULTILINE)
    tools = [CODE.findall(row)[0] for row in rows]
    assert tools == ["uru_whoami", "platform__context_query", "platform__automation_run"]
    person = Person(says("approve"))
    async with connect_once({"read"}) as reader:
        assert (await reader.whoami())["permissions"]["effective"] == ["read"]
        assert (await reader.data(tools[1], {"op": "search", "query": "refunds"}))["data"]["items"]
        refused = await reader.error("uru_execute", {**REFUND, "tool": tools[2]})
        assert (refused["code"], run_ids(uru)) == ("insufficient_permission", [])
    async with connect_once({"read", "execute"}, on_question=person) as runner:
        await runner.data(tools[2], REFUND["input"])
    assert len(person.asked) == 1
    assert uru.notes == GRANTED


def test_the_commands_for_windows_are_ones_for_powershell_5_1() -> None:
    """It has no `&&`, hands `~` on to programs as it is, and starts a program in quotation marks only after `&`."""
    ours = re.compile(r'"(\$HOME\\\.uru-mcp|C:\\Program Files\\uru-mcp)\\Scripts\\|\.\\\.venv\\Scripts\\|py -3 ')
    lines = [line for _, _, text in blocks("powershell") for line in text.splitlines()]
    assert len(lines) >= 5
    for line in lines:
        program = line.removeprefix("& ")
        assert not re.search(r"&&|\|\||~|(?<!\w)/", line), line
        assert line.startswith("& ") == program.startswith('"'), line
        assert ours.match(program), line


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
    section = DOCUMENTS["docs/keys.md"].partition("| password manager |")[2].partition("\n\n")[0]
    commands = re.findall(r"\| `(.+)` \|", section)
    assert len(commands) == 4
    for command in commands:
        program, *arguments = read_settings({"URU_API_KEY_COMMAND": command}).api_key_command or ()
        assert Path(program).is_absolute()
        assert arguments
