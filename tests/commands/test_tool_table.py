"""`uru-mcp tools` names who takes tools away: the administrator's policy, or the user."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.config.policies import written
from tests.world import Uru
from uru_mcp.bridge import Bridge
from uru_mcp.commands.tool_table import listed
from uru_mcp.config.environment import read_settings
from uru_mcp.untrusted_input.redaction import Redaction

BY_POLICY, BY_USER = "Not allowed by the administrator's policy: 6", "Taken away by URU_TOOLS: 4"


@pytest.mark.parametrize("blocked", [False, True])
@pytest.mark.parametrize(
    ("policy", "user_s", "said", "not_said"),
    [
        ('tools = ["*", "!gmail_*"]', "*", [BY_POLICY], ["URU_TOOLS"]),
        ('tools = ["*", "!gmail_*"]', "!company_*,!gmail_*", [BY_POLICY, BY_USER], []),
        ('permissions = ["read"]', "!company_*", [BY_USER], ["policy"]),
        ('permissions = ["read"]', "*", [], ["URU_TOOLS", "policy"]),
    ],
)
async def test_who_takes_tools_away_is_named_with_how_many(
    policy: str, user_s: str, said: list[str], not_said: list[str], blocked: bool, uru: Uru, tmp_path: Path
) -> None:
    environ = {"URU_API_KEY": uru.key({"read"}).text, "URU_PROXY_URL": "http://127.0.0.1:1", "URU_TOOLS": user_s}
    settings = read_settings(environ, written(tmp_path, policy))
    bridge = Bridge(settings, Redaction(), transport=httpx2.ASGITransport(app=uru.sandbox.app))
    async with bridge.running():
        note = (await listed(bridge, "", blocked=blocked)).note
    assert [one for one in said if one not in note] == []
    assert [one for one in not_said if one in note] == []
