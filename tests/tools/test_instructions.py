"""Where nothing can be done, a client is told so at its start, in our own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.process import served
from tests.world import Uru
from uru_mcp.sandbox.serve import serving
from uru_mcp.tools.definitions import INSTRUCTIONS

BEGINNING = "Uru cannot be used now: call uru_whoami."
SETTINGS: list[dict[str, str]] = [
    {},
    {"URU_API_KEY": "uru_test_0123456789", "URU_PERMISSION": "read"},
    {"URU_API_KEY": "uru_test_0123456789", "URU_PROXY_URL": "ftp://x"},
]


@pytest.mark.parametrize("variables", SETTINGS, ids=["no key", "misspelt", "no address"])
@pytest.mark.parametrize("method", ["initialize", "server/discover"])
async def test_wrong_settings_are_told_at_the_start(variables: dict[str, str], method: str) -> None:
    async with served(**variables) as claude:
        if method == "initialize":
            hello = await claude.initialize("2025-11-25")
        else:
            claude.modern = True
            hello = await claude.result("server/discover")
    assert hello["instructions"].startswith(BEGINNING)
    assert "the configuration of uru-mcp is wrong" in hello["instructions"]
    assert hello["instructions"].endswith(INSTRUCTIONS)


async def told_after_a_look(**variables: str) -> str:
    """The instructions once a list has waited for Uru."""
    async with served(**variables) as claude:
        claude.modern = True
        await claude.result("tools/list")
        return str((await claude.result("server/discover"))["instructions"])


async def test_a_key_that_uru_refuses_is_told_as_soon_as_that_is_known(uru: Uru) -> None:
    made = uru.key()
    uru.sandbox.keys.delete(made.record.id)
    async with serving(uru.sandbox) as url:
        told = await told_after_a_look(URU_API_KEY=made.text, URU_PROXY_URL=url)
    assert told.startswith(BEGINNING)
    assert "the API key was deleted in Uru" in told


async def test_a_key_file_without_a_key_is_told(tmp_path: Path) -> None:
    told = await told_after_a_look(URU_API_KEY_FILE=str(tmp_path / "none"), URU_PROXY_URL="http://127.0.0.1:1")
    assert told.startswith(BEGINNING)
    assert "no API key was found where the configuration says it is" in told


async def test_a_key_that_works_and_a_service_that_is_only_down_are_not_told_of(uru: Uru) -> None:
    async with served("--sandbox") as claude:
        assert (await claude.initialize("2025-11-25"))["instructions"] == INSTRUCTIONS
    assert await told_after_a_look(URU_API_KEY=uru.key().text, URU_PROXY_URL="http://127.0.0.1:1") == INSTRUCTIONS
