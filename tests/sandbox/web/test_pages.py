"""Each page at two widths, light and dark: nothing sideways, nothing that axe-core finds, nothing that a name does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize

from uru_mcp.sandbox import Sandbox

from . import hostile
from .browsing import NARROW, NEEDS_CHROMIUM, WIDE, Person, Served, person_at, served_pages, signed_in

pytestmark = [NEEDS_CHROMIUM, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

AXE = files("axe_playwright_python").joinpath("axe.min.js")
RUN_AXE = "(tags) => axe.run(document, { runOnly: tags, resultTypes: ['violations'] })"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

WORKSPACE = "/workspaces/{workspace}"
PAGES = (
    "/keys",
    "/keys/new",
    "/keys/{key}",
    "/keys/{key}/rotate",
    "/keys/{key}/delete",
    "/keys/{key}/claude",
    "/keys/nothing",
    "/activity",
    f"{WORKSPACE}/contexts",
    f"{WORKSPACE}/automations",
    f"{WORKSPACE}/mail",
    f"{WORKSPACE}/calendar",
    f"{WORKSPACE}/notes",
)


class Stage(NamedTuple):
    served: Served
    key: str
    light: Person
    dark: Person

    def path(self, page: str) -> str:
        return page.format(key=self.key, workspace=self.served.sandbox.workspaces[0].id)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(browser: Browser) -> AsyncIterator[Stage]:
    """A hostile sandbox, and two people who look at it, one in the light and at a desk."""
    sandbox = Sandbox.open()
    key = hostile.fill(sandbox)
    async with (
        served_pages(sandbox, with_server=True) as served,
        signed_in(browser, served, viewport=WIDE, color_scheme="light") as light,
        signed_in(browser, served, viewport=NARROW, color_scheme="dark") as dark,
    ):
        yield Stage(served, key, light, dark)
    sandbox.close()


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_full_of_hostile_names_fits_and_can_be_used_by_everybody(stage: Stage, page: str) -> None:
    for person in (stage.light, stage.dark):
        await person.open(stage.path(page))
        await check(person.page)
    await stage.light.page.set_viewport_size(NARROW)
    assert await stage.light.page.evaluate(SIDEWAYS) <= 0
    await stage.light.page.set_viewport_size(WIDE)
    assert harmless(stage.light, stage.dark)


@pytest.mark.parametrize(("viewport", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
async def test_the_pages_around_a_key_fit_too(
    browser: Browser, sandbox: Sandbox, viewport: ViewportSize, scheme: str
) -> None:
    """Signing in, an empty list, a form with errors, and a key that is shown."""
    async with served_pages(sandbox, with_server=True) as served:
        options: dict[str, Any] = {"viewport": viewport, "color_scheme": scheme}
        async with person_at(browser, **options) as stranger:
            await stranger.page.goto(served.url)
            await stranger.page.get_by_label("Code").fill("WRNG-WRNG-WRNG")
            await stranger.page.get_by_role("button", name="Sign in").click()
            await stranger.page.get_by_role("alert").wait_for()
            await check(stranger.page)
        async with signed_in(browser, served, **options) as person:
            await check(person.page)
            await person.open("/keys/new")
            await person.page.get_by_role("button", name="Generate").click()
            await person.page.get_by_role("alert").wait_for()
            await check(person.page)
            await person.page.get_by_label("Name").fill("W" * 100)
            await person.page.get_by_label("Write").check()
            await person.page.get_by_role("button", name="Generate").click()
            await person.page.get_by_role("heading", name="Copy your key now").wait_for()
            await check(person.page)


async def check(page: Page) -> None:
    """Raises: AssertionError with what is wrong."""
    await page.wait_for_load_state()  # with its style
    if await page.get_by_role("group").count():
        await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert await page.evaluate(SIDEWAYS) <= 0, f"{page.url} scrolls sideways"
    await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate(RUN_AXE, RULES)
    first = [(one["id"], one["nodes"][0]) for one in found["violations"]]
    assert [f"{rule}: {node['html'][:200]} {node['failureSummary']}" for rule, node in first] == []


def harmless(*people: Person) -> bool:
    """Whether no text of a stranger did anything: no script ran or was kept from running, nothing was loaded."""
    complaints = [text for person in people for text in person.complaints if "status of 404" not in text]
    assert complaints == []
    return True
