"""The samples of `docs/teams.md` in `examples/managed/`: each is what its client reads, and covers what is shown to it.

Source: https://claude.com/docs/third-party/claude-desktop/configuration (`managedMcpServers`),
https://code.claude.com/docs/en/managed-mcp, and VS Code's `build/lib/policies/policyData.jsonc`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.documents import DOCUMENTS, ROOT
from tests.world import CARDS, Connect, Uru
from uru_mcp import __version__
from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.config.environment import read_settings
from uru_mcp.config.settings import VARIABLES
from uru_mcp.permissions import Permission
from uru_mcp.tools.definitions import CARD_TOOLS, OWN

MANAGED = ROOT / "examples" / "managed"
TIERS = {"reader": {"read"}, "editor": {"read", "write"}, "operator": {"read", "write", "execute"}}
DOCUMENT = DOCUMENTS["docs/teams.md"]
ANSWER = "uru_decide"  # the button of a card, which a person has just pressed
COMMAND = "/opt/uru-mcp/bin/uru-mcp"


def sample(name: str) -> Any:
    return json.loads((MANAGED / name).read_text(encoding="utf-8"))


def desktop(tier: str) -> dict[str, Any]:
    (server,) = sample(f"claude-desktop/{tier}.json")
    assert isinstance(server, dict)
    return server


SERVERS = [*map(desktop, TIERS), sample("claude-code/managed-mcp.json")["mcpServers"]["uru"]]


@pytest.mark.parametrize("server", SERVERS, ids=[*TIERS, "claude-code"])
def test_the_command_line_is_the_same_everywhere_and_its_settings_are_read(
    server: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert [server["command"], *server["args"]] == [COMMAND]
    assert server["env"].keys() <= set(VARIABLES)
    assert read_settings(server["env"]).api_key_file == tmp_path / ".config" / "uru" / "key", "~ is the user's own"


def test_claude_code_s_allow_list_has_that_command_line_word_for_word() -> None:
    settings = sample("claude-code/managed-settings.json")
    assert settings["allowedMcpServers"] == [{"serverCommand": [COMMAND]}]
    assert settings["allowManagedMcpServersOnly"] is True
    assert sample("claude-code/managed-mcp.json").keys() == {"mcpServers"}
    assert all(server.get("type", "stdio") == server.get("transport", "stdio") == "stdio" for server in SERVERS)


@pytest.mark.parametrize("tier", TIERS)
async def test_a_tier_s_policy_names_every_tool_and_opens_what_the_tier_may_do(
    connect_once: Connect, uru: Uru, tier: str
) -> None:
    server = desktop(tier)
    policy = server["toolPolicy"]
    assert set(policy.values()) <= {"allow", "ask", "blocked"}
    assert policy["*"] == "blocked"
    variables = {name.removeprefix("URU_"): value for name, value in server["env"].items()}
    del variables["API_KEY_FILE"]
    async with connect_once(extensions=CARDS, **variables) as claude:
        shown = await claude.tools()
        assert set((await claude.whoami())["permissions"]["effective"]) == TIERS[tier]
    assert shown.keys() | OWN.keys() | CARD_TOOLS.keys() == policy.keys() - {"*"}
    for name, tool in shown.items():
        is_allowed = name == ANSWER or (tool.annotations is not None and tool.annotations.read_only_hint)
        assert policy[name] == ("allow" if is_allowed else "ask"), name
    lacking = {f"uru_{permission}" for permission in Permission} - {f"uru_{one}" for one in TIERS[tier]}
    assert {name for name, rule in policy.items() if rule == "blocked"} == {*lacking, "*"}


def test_claude_code_s_rules_are_those_of_the_highest_tier() -> None:
    rules = sample("claude-code/managed-settings.json")["permissions"]
    policy = desktop("operator")["toolPolicy"]
    for rule in ("allow", "ask"):
        named = {name.removeprefix("mcp__uru__") for name in rules[rule]}
        assert named == {name for name, decided in policy.items() if decided == rule}


def test_vs_code_s_policies_have_values_that_it_knows() -> None:
    policies = sample("vscode/policy.json")
    assert policies.pop("ChatMCP") in ("none", "registry", "all")
    assert policies == {"ChatToolsAutoApprove": False}


def test_the_document_leads_to_every_sample_and_installs_this_version() -> None:
    for path in MANAGED.rglob("*.json"):
        assert f"`{path.name}`" in DOCUMENT or path.relative_to(MANAGED).as_posix() in DOCUMENT, path
    assert f"/opt/uru-mcp-{__version__}" in DOCUMENT
    assert f"`uru-mcp-{__version__}.mcpb`" in DOCUMENT
    for name, value in desktop("reader")["env"].items():
        assert f"| `{name}` | `{value}`" in DOCUMENT
    assert f"for client in {' '.join(CLIENTS)}; do" in DOCUMENT, "removing leaves no client out"
