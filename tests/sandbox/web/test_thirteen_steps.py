"""The thirteen steps of Uru's guide to API keys, in a browser, with uru-mcp itself between Claude and the keys."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from playwright.async_api import Browser, Page, expect

from tests.process import served_in
from uru_mcp.sandbox import Sandbox, clock

from .browsing import NEEDS_CHROMIUM, Served, served_pages, signed_in

pytestmark = [NEEDS_CHROMIUM, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

NOTE = {"tool": "company_demo__LOG_NOTE", "input": {"text": "The customer was called back."}}
EDIT = {"op": "create", "title": "A block", "content": "Text"}


async def test_the_guide_s_thirteen_steps(browser: Browser, sandbox: Sandbox) -> None:
    async with served_pages(sandbox, with_server=True) as served, signed_in(browser, served) as person:
        page = person.page
        await person.context.grant_permissions(["clipboard-read", "clipboard-write"])

        # 1 to 7: Settings, API Keys, Create API Key, name, workspace, permissions, Generate
        await page.get_by_role("link", name="API keys", exact=True).click()
        await page.get_by_role("link", name="Create API Key").click()
        await page.get_by_label("Name").fill("Claude Desktop")
        await page.get_by_label("Workspace").select_option(label="Acme")
        await page.get_by_label("Read").check()
        await page.get_by_label("Execute").check()
        await page.get_by_role("button", name="Generate").click()

        # 8: copied once, and never shown again
        first = await copied(page)
        configuration = json.loads(await page.locator("#configuration").inner_text())
        assert configuration["mcpServers"]["uru"]["env"]["URU_API_KEY"] == first
        await page.reload()
        await expect(page.get_by_role("heading", name="Usage in the last 30 days")).to_be_visible()
        assert first not in await page.content()
        await page.go_back()
        assert first not in await page.content()
        assert len(sandbox.keys.list()) == 1, "the reload made no other key"

        # 9 and 10: stored, and used in Claude Desktop by the configuration that was shown
        wrote, refused = await asked(configuration, ("uru_execute", NOTE), ("platform__context_edit", EDIT))
        assert not wrote["isError"]
        assert refused["structuredContent"]["error"]["code"] == "insufficient_permission"
        assert blocks_named(sandbox, "A block") == 0
        await person.open("/activity")
        await expect(page.get_by_role("cell", name="Succeeded")).to_have_count(1)
        await expect(page.get_by_text("so this stays empty")).to_be_visible()

        # 11: usage has both the call that was allowed and one that another program sent in spite of the permissions
        assert await sent_without_uru_mcp(served, first) == 403
        await person.open("/keys")
        await expect(page.get_by_text("2 calls, 1 refused")).to_be_visible()
        await page.get_by_role("link", name="Claude Desktop", exact=True).click()
        await expect(page.get_by_text("1 call refused.")).to_be_visible()
        assert await usage_by_outcome(page) == {"Succeeded": "1", "Failed": "0", "Refused": "1"}
        await expect(page.get_by_role("listitem").filter(has_text="needed Write")).to_be_visible()

        # 12: rotated; the new key works, the old one until its end
        await page.get_by_role("link", name="Rotate").click()
        await page.get_by_label("In 24 hours").check()
        await page.get_by_role("button", name="Rotate").click()
        second = await copied(page)
        await expect(page.get_by_text("goes on working and ends in 24 hours")).to_be_visible()
        assert not (await asked(with_key(configuration, second), ("uru_execute", NOTE)))[0]["isError"]
        assert not (await asked(configuration, ("uru_execute", NOTE)))[0]["isError"]
        let_pass_a_day(sandbox)
        assert await state_of(configuration) == "key_expired"

        # 13: deleted, and refused as revoked
        await person.open("/keys")
        await page.get_by_role("row").filter(has_text=second[-4:]).get_by_role("link", name="Delete").click()
        await expect(page.get_by_text("stops working with the next call")).to_be_visible()
        await page.get_by_role("button", name="Delete key").click()
        await expect(page.get_by_role("status")).to_contain_text(f"ending in {second[-4:]} is deleted")
        assert await state_of(with_key(configuration, second)) == "key_revoked"

        await no_key_is_left(page, first, second)
        assert person.complaints == []


async def copied(page: Page) -> str:
    """The key that is shown, by the copy button."""
    await page.get_by_role("button", name="Copy key").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text: str = await page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("uru_sandbox_")
    assert text == await page.locator("#key").inner_text()
    return text


def with_key(configuration: Any, key: str) -> Any:
    entry = configuration["mcpServers"]["uru"]
    return {"mcpServers": {"uru": {**entry, "env": {**entry["env"], "URU_API_KEY": key}}}}


async def asked(configuration: Any, *calls: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What the calls come to in the server that a client starts by this configuration."""
    entry = configuration["mcpServers"]["uru"]
    async with served_in(None, entry["command"], *entry["args"], **entry["env"]) as claude:
        await claude.initialize("2025-11-25")
        return [await claude.call(*call) for call in calls]


async def state_of(configuration: Any) -> str:
    (report,) = await asked(configuration, ("uru_whoami", {}))
    state: str = report["structuredContent"]["state"]
    return state


async def sent_without_uru_mcp(served: Served, key: str) -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            f"{served.url}/execute/platform__execute_tool",
            headers={"Authorization": f"Bearer {key}", "X-Namespace": "platform"},
            json={"tool_name": "context_edit", "parameters": EDIT},
        )
    return answer.status_code


async def usage_by_outcome(page: Page) -> dict[str, str]:
    rows = page.get_by_role("table", name="Calls by outcome").get_by_role("row")
    texts = [await row.inner_text() for row in (await rows.all())[1:]]
    return {words[0]: words[-1] for words in map(str.split, texts)}


def blocks_named(sandbox: Sandbox, title: str) -> int:
    return len(sandbox.database.rows("SELECT id FROM contexts WHERE title = ?", title))


def let_pass_a_day(sandbox: Sandbox) -> None:
    """Make the end of the old key a moment ago."""
    (old,) = (key for key in sandbox.keys.list() if key.expires_at)
    sandbox.database.update("keys", old.id, expires_at=clock.stamp(clock.now() - timedelta(seconds=1)))


async def no_key_is_left(page: Page, *keys: str) -> None:
    stored = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, name])")
    for key in keys:
        assert key not in stored
        assert key not in await page.content()
        assert key not in page.url
