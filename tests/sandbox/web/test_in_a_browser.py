"""What only a real browser shows: cookies and ports, frames, no script, the keyboard, "back", and what is live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.sandbox.callers import connected
from uru_mcp.sandbox import Sandbox

from .browsing import NEEDS_CHROMIUM, person_at, served_pages, signed_in

pytestmark = [NEEDS_CHROMIUM, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

REFUND = {
    "id": "aut_acme_refund",
    "input": {"customer": "Ana Ferreira", "email": "ana@hotel-adler.example", "amount": 900},
}


@asynccontextmanager
async def somebody_else_s_port(page: str = "") -> AsyncIterator[tuple[str, list[str]]]:
    """A server of another user of this machine: its address, and the requests that it got."""
    got: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n{page}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", got
    finally:
        server.close()


async def test_another_port_of_this_machine_gets_neither_cookie_nor_address(browser: Browser, sandbox: Sandbox) -> None:
    """To a browser it is the same site, with the same cookies."""
    async with (
        served_pages(sandbox) as served,
        signed_in(browser, served) as person,
        somebody_else_s_port() as (address, got),
    ):
        await person.page.evaluate("(url) => { location.href = url }", address)
        await person.page.wait_for_url(f"{address}/")
        place = person.base.rpartition("/")[2]
        assert got
        assert not [text for text in got if "cookie" in text.lower() or place in text]


async def test_the_pages_are_in_no_other_page_s_frame(browser: Browser, sandbox: Sandbox) -> None:
    async with served_pages(sandbox) as served, signed_in(browser, served) as person:
        frame = f'<iframe src="{person.base}/keys"></iframe>'
        async with somebody_else_s_port(frame) as (address, _):
            await person.page.goto(address)
            assert any("frame-ancestors" in text for text in person.complaints)


async def test_a_link_leaves_no_code_in_the_history(browser: Browser, sandbox: Sandbox) -> None:
    async with served_pages(sandbox) as served, signed_in(browser, served) as person:
        protocol = await person.context.new_cdp_session(person.page)
        history = await protocol.send("Page.getNavigationHistory")
        addresses = [entry["url"] for entry in history["entries"]]
        assert addresses[-1].endswith("/keys")
        assert not [address for address in addresses if "code=" in address]


async def test_all_of_it_works_without_script(browser: Browser, sandbox: Sandbox) -> None:
    async with served_pages(sandbox) as served, person_at(browser, java_script_enabled=False) as person:
        page = person.page
        await page.goto(served.link)
        await page.get_by_role("button", name="Open").click()
        await page.get_by_role("link", name="Create API Key").click()
        await page.get_by_label("Name").fill("Plain")
        await page.get_by_label("Read").check()
        await page.get_by_role("button", name="Generate").click()
        shown = await page.locator("#key").inner_text()
        assert sandbox.keys.find(shown) is not None
        await expect(page.get_by_role("button", name="Copy key")).to_be_hidden()
        await page.reload()
        await expect(page.get_by_role("heading", name="Sent already")).to_be_visible()
        assert shown not in await page.content()
        assert len(sandbox.keys.list()) == 1
        await page.goto(f"{served.url}/")
        await page.get_by_label("Code").fill(served.site.sessions.code)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("link", name="Activity").click()
        await expect(page.get_by_text("Reload the page to see newer calls.")).to_be_visible()


async def test_a_key_is_made_with_the_keyboard_alone(browser: Browser, sandbox: Sandbox) -> None:
    async with served_pages(sandbox) as served, signed_in(browser, served) as person:
        page = person.page
        await page.keyboard.press("Tab")
        assert await focused(page) == "Skip to the content"
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        assert await focused(page) == "Create API Key"
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Create API Key").wait_for()
        await page.get_by_role("main").focus()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.type("By hand")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Copy your key now").wait_for()
    (key,) = sandbox.keys.list()
    assert key.name == "By hand"
    assert key.permissions == {"read"}


async def test_a_key_is_gone_when_its_page_is_left(browser: Browser, sandbox: Sandbox) -> None:
    async with served_pages(sandbox) as served, signed_in(browser, served) as person:
        page = person.page
        await person.open("/keys/new")
        await page.get_by_label("Name").fill("Once")
        await page.get_by_label("Read").check()
        await page.get_by_role("button", name="Generate").click()
        shown = await page.locator("#key").inner_text()
        await page.get_by_role("link", name="Done").click()
        await page.wait_for_url("**/keys")
        await page.go_back()
        await expect(page.get_by_role("heading", name="Once")).to_be_visible()
        assert shown not in await page.content()
        assert len(sandbox.keys.list()) == 1


async def test_a_call_appears_while_somebody_looks(browser: Browser, sandbox: Sandbox) -> None:
    async with served_pages(sandbox) as served, signed_in(browser, served) as person:
        await person.open("/activity")
        await expect(person.page.get_by_role("status")).to_have_text("Live")
        async with connected(sandbox, url=served.url) as claude:
            await claude.use("company_demo__LOG_NOTE", text="hi")
        await expect(person.page.get_by_role("rowheader", name="company_demo__LOG_NOTE")).to_be_visible()


async def test_what_claude_sees_follows_the_permissions_that_are_tried(browser: Browser, sandbox: Sandbox) -> None:
    key = sandbox.keys.create(name="Claude", workspace="Acme", permissions={"read"}).record
    async with served_pages(sandbox, with_server=True) as served, signed_in(browser, served) as person:
        listed, blocked = (person.page.get_by_role("region", name=name) for name in ("Listed", "Blocked"))
        await person.open(f"/keys/{key.id}/claude")
        await expect(told_of(listed, "Run a reading tool")).to_contain_text("needs Read")
        await expect(told_of(blocked, "GMAIL_SEND_EMAIL")).to_contain_text("lacks Execute")
        await person.page.get_by_label("Read").uncheck()
        await person.page.get_by_label("Execute").check()
        await person.page.get_by_role("button", name="Try").click()
        await expect(told_of(listed, "GMAIL_SEND_EMAIL")).to_contain_text("needs Execute")
        await expect(told_of(blocked, "Run a reading tool")).to_contain_text("lacks Read")
    assert sandbox.keys.get(key.id).permissions == {"read"}
    assert len(sandbox.keys.list()) == 1


async def test_a_run_that_waits_is_approved_here_and_goes_on(browser: Browser, sandbox: Sandbox) -> None:
    async with (
        served_pages(sandbox) as served,
        signed_in(browser, served) as person,
        connected(sandbox, url=served.url) as claude,
    ):
        run = await claude.use("platform__automation_run", **REFUND)
        assert run["status"] == "waiting_for_approval"
        await person.page.get_by_role("link", name="Workspaces").click()
        await person.page.get_by_role("link", name="Automations").click()
        await expect(person.page.get_by_role("paragraph").filter(has_text="Refund 900 EUR")).to_be_visible()
        await person.page.get_by_label("Comment").fill("Well deserved")
        await person.page.get_by_role("button", name="Approve").click()
        await expect(person.page.get_by_role("status")).to_have_text(f"The run {run['id']} is approved.")
        after = await claude.use("platform__automation_query", op="run", run_id=run["id"])
        await person.page.get_by_role("link", name="Mail").click()
        await expect(person.page.get_by_role("article").first).to_contain_text("ana@hotel-adler.example")
    assert after["status"] == "completed"
    assert ("approved", "Well deserved") in [(event["type"], event["detail"]) for event in after["events"]]


def told_of(region: Locator, tool: str) -> Locator:
    """What the region tells of a tool."""
    return region.get_by_role("listitem").filter(has_text=tool)


async def focused(page: Page) -> str:
    text: str = await page.evaluate("document.activeElement.textContent")
    return text.strip()
