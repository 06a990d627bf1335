"""The pictures of `docs/sandbox.md`, made from the sandbox's own pages: `python -m proofs.screenshots`.

It wants Chromium on the PATH. What the pictures show is made up, the same each time but for the keys' last characters.
"""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from pathlib import Path

from tests.sandbox.web.browsing import Person, chromium, served_pages, signed_in

from uru_mcp.sandbox import Sandbox, clock
from uru_mcp.sandbox.database import new_id
from uru_mcp.sandbox.keys import Key

DOCS = Path(__file__).parent.parent / "docs"
SIZE = {"width": 1120, "height": 700}
SEED = 7

TOOLS = (
    ("platform", "context_query", "read"),
    ("company_demo", "SEARCH_TRANSCRIPTS", "execute"),
    ("gmail_demo", "GMAIL_CREATE_EMAIL_DRAFT", "execute"),
)


async def take_all(directory: Path = DOCS) -> list[Path]:
    """Take the pictures into the directory."""
    sandbox = Sandbox.open()
    read_only = furnish(sandbox)
    try:
        async with (
            served_pages(sandbox, with_server=True) as served,
            chromium() as browser,
            signed_in(browser, served, viewport=SIZE, color_scheme="light") as person,
        ):
            return [
                await taken(person, "/keys", directory / "sandbox-keys.png"),
                await taken(person, f"/keys/{read_only.id}/claude", directory / "sandbox-claude.png"),
            ]
    finally:
        sandbox.close()


async def taken(person: Person, path: str, file: Path) -> Path:
    await person.open(path)
    await person.page.screenshot(path=file)
    return file


def furnish(sandbox: Sandbox) -> Key:
    """Keys that were used for weeks; the one that may only read."""
    chance = random.Random(SEED)
    acme, globex = (workspace.id for workspace in sandbox.workspaces)
    used(sandbox, chance, key(sandbox, "Claude Desktop", acme, {"read", "execute"}, days=41), most=12)
    read_only = key(sandbox, "Weekly report", acme, {"read"}, days=118)
    used(sandbox, chance, read_only, most=5, refused=0.15)
    used(sandbox, chance, key(sandbox, "Travel desk", globex, {"read", "write", "execute"}, days=12), most=4)
    sandbox.keys.delete(key(sandbox, "Old laptop", acme, {"read"}, days=203).id)
    return read_only


def key(sandbox: Sandbox, name: str, workspace: str, permissions: set[str], *, days: int) -> Key:
    created = clock.now() - timedelta(days=days)
    return sandbox.keys.create(name=name, workspace=workspace, permissions=permissions, created_at=created).record


def used(sandbox: Sandbox, chance: random.Random, key: Key, *, most: int, refused: float = 0.0) -> None:
    """Give the key up to `most` calls a day, since it was made, of which this part was refused."""
    age = (clock.now() - clock.parse(key.created_at)).days
    for days in range(min(30, age), 0, -1):
        at = clock.stamp(clock.now() - timedelta(days=days - 1, hours=2))
        for _ in range(chance.randint(0, most)):
            wanted = TOOLS[0] if chance.random() > refused else TOOLS[1]
            namespace, tool, permission = wanted if "execute" not in key.permissions else chance.choice(TOOLS)
            outcome = "succeeded" if permission in key.permissions else "refused"
            sandbox.database.insert("uses", key_id=key.id, at=at)
            sandbox.database.insert(
                "calls",
                id=new_id("log"),
                key_id=key.id,
                workspace_id=key.workspace_id,
                namespace=namespace,
                tool=tool,
                arguments_json="{}",
                permission=permission,
                outcome=outcome,
                at=at,
            )


if __name__ == "__main__":
    for file in asyncio.run(take_all()):
        print(f"{file}: {file.stat().st_size:,} bytes")
