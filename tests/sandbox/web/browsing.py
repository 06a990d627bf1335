"""A served sandbox with its pages, and a browser that is signed in."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, async_playwright, expect

from uru_mcp.commands.claude_view import InstalledServer
from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving
from uru_mcp.sandbox.web.app import beside
from uru_mcp.sandbox.web.opening import link_to
from uru_mcp.sandbox.web.visit import Site

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: apt-get install chromium")
WIDE = ViewportSize(width=1280, height=800)
NARROW = ViewportSize(width=360, height=740)
WITHIN = 60_000  # milliseconds for a step in the browser

expect.set_options(timeout=WITHIN)


@dataclass(frozen=True, slots=True)
class Served:
    """A sandbox that is served with its pages, and where."""

    sandbox: Sandbox
    site: Site
    url: str

    @property
    def link(self) -> str:
        """A new link that signs in, once."""
        return link_to(self.site, self.url)


@asynccontextmanager
async def served_pages(sandbox: Sandbox, *, with_server: bool = False) -> AsyncIterator[Served]:
    site = Site(sandbox, InstalledServer() if with_server else None)
    async with serving(sandbox, app=beside(sandbox.app, site)) as url:
        yield Served(sandbox, site, url)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # which Chromium wants of root
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*root, "--disable-dev-shm-usage", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Person:
    """Somebody at a browser. `complaints` are what the browser objected to, such as a script that it did not run."""

    context: BrowserContext
    page: Page
    base: str = ""
    complaints: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        """One of our pages, such as `/keys`."""
        await self.page.goto(self.base + path)

    def note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@asynccontextmanager
async def person_at(browser: Browser, **options: Any) -> AsyncIterator[Person]:
    context = await browser.new_context(**{"viewport": WIDE, **options})
    context.set_default_timeout(WITHIN)
    try:
        person = Person(context, await context.new_page())
        person.page.on("console", person.note)
        person.page.on("pageerror", lambda error: person.complaints.append(str(error)))
        person.page.on("dialog", lambda dialog: person.complaints.append(dialog.message))
        yield person
    finally:
        await context.close()


@asynccontextmanager
async def signed_in(browser: Browser, served: Served, **options: Any) -> AsyncIterator[Person]:
    async with person_at(browser, **options) as person:
        await person.page.goto(served.link)
        await person.page.wait_for_url("**/keys")
        person.base = person.page.url.removesuffix("/keys")
        yield person
