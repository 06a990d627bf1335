"""The bridge's view of what each tool needs is the sandbox's, which was written from the API's description alone.

Calls go straight to the sandbox here, with the gate taken out: what it forbids is what the gate would have refused.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import combinations
from typing import NamedTuple

import httpx2
import pytest

from tests.world import ALL, CATALOG, Uru, connector
from uru_mcp.gate import allows
from uru_mcp.key_status import Standing
from uru_mcp.names import shown_name
from uru_mcp.permission_names import read_names
from uru_mcp.permissions import Grant, Permissions
from uru_mcp.policy import PLATFORM, needs_of

SETS = [frozenset(chosen) for n in range(4) for chosen in combinations(sorted(ALL), n)]
HEADERS = {"connected_account_id": "X-Connected-Account-Id", "server_id": "X-Server-Id"}


class Listed(NamedTuple):
    """A tool as the sandbox lists it, and the headers of a call of it."""

    namespace: str
    name: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def large() -> Iterator[Uru]:
    world = Uru.open(catalog=CATALOG)
    yield world
    world.close()


async def every_tool(uru: httpx2.AsyncClient) -> list[Listed]:
    found: list[Listed] = []
    for namespace in (await uru.get("/namespaces")).json()["namespaces"]:
        name = namespace["name"]
        headers = {"X-Namespace": name} | {HEADERS[field]: namespace[field] for field in HEADERS if field in namespace}
        for tool in (await uru.get(f"/list/apps/{name}/tools")).json()["tools"]:
            own = tool.get("name") or tool.get("id") or tool["function"]["name"]
            found.append(Listed(name, own, headers))
    return found


async def needs_by_name(uru: Uru) -> dict[str, list[str]]:
    """What the bridge says that each tool needs, by the name under which it shows it."""
    needs: dict[str, list[str]] = {}
    async with connector(uru, "legacy")(ALL) as claude:
        for namespace in (await claude.data("uru_search_tools"))["namespaces"]:
            offset: int | None = 0
            while offset is not None:
                search = {"namespace": namespace["namespace"], "limit": 50, "offset": offset}
                page = await claude.data("uru_search_tools", search)
                needs |= {hit["tool"]: hit["needs"] for hit in page["hits"]}
                offset = page["next_offset"]
    return needs


async def is_forbidden(uru: httpx2.AsyncClient, key: str, tool: Listed) -> bool:
    """Whether the key lacks a permission for the tool; one that it may call is called with nothing to do."""
    answer = await uru.post(
        f"/execute/{tool.namespace}__execute_tool",
        json={"tool_name": tool.name, "parameters": {}},
        headers={**tool.headers, "Authorization": f"Bearer {key}"},
    )
    assert answer.status_code in (200, 403), answer.text
    return answer.status_code == 403 and bool(answer.json()["error"]["code"] == "insufficient_permission")


def telling(needed: frozenset[str]) -> list[frozenset[str]]:
    """The grants that tell whether a tool needs these permissions exactly: these alone, and all but each of them."""
    return [needed, *(ALL - {permission} for permission in needed)]


@asynccontextmanager
async def straight_to(uru: Uru) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=uru.sandbox.app)
    headers = {"Authorization": f"Bearer {uru.key(ALL).text}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://uru.test", headers=headers) as client:
        yield client


def may(granted: frozenset[str], needs: Permissions) -> bool:
    """What the gate says."""
    return allows(needs, Standing(grant=Grant(told=read_names(sorted(granted)).granted)))


async def test_what_uru_forbids_is_exactly_what_the_gate_would_have_refused(large: Uru) -> None:
    keys = {granted: large.key(granted).text for granted in SETS}
    needs = await needs_by_name(large)
    async with straight_to(large) as uru:
        offered = {shown_name(tool.namespace, tool.name): tool for tool in await every_tool(uru)}
        left_out = offered.keys() - needs.keys()
        seen: set[tuple[str, ...]] = set()
        for name, needed in needs.items():
            is_new = (offered[name].namespace, *needed) not in seen
            seen.add((offered[name].namespace, *needed))
            for granted in SETS if is_new else telling(frozenset(needed)):
                key = keys[granted]
                allowed = may(granted, read_names(sorted(needed)).granted)
                assert await is_forbidden(uru, key, offered[name]) is not allowed, (name, sorted(granted))

    assert len(needs) > 540
    assert left_out == {"hubspot_sales__HUBSPOT_ARCHIVE_BATCH_OF_DEALS"}


async def test_the_bridge_s_own_table_says_of_the_platform_what_uru_declares(uru: Uru) -> None:
    keys = {granted: uru.key(granted).text for granted in SETS}
    async with straight_to(uru) as client:
        for tool in [tool for tool in await every_tool(client) if tool.namespace == PLATFORM]:
            needed = needs_of(PLATFORM, tool.name, declared=None, read_only=None)
            for granted, key in keys.items():
                assert await is_forbidden(client, key, tool) is not may(granted, needed), (tool.name, sorted(granted))
