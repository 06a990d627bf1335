"""What the pages say of keys, calls and workspaces, without a browser."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx2
import pytest

from tests.sandbox.callers import connected
from uru_mcp.sandbox import Sandbox, clock
from uru_mcp.sandbox.web import usage
from uru_mcp.sandbox.web.charts import HEIGHT, LEAST, columns
from uru_mcp.sandbox.web.templates import moment

from .visiting import signed_in


def words_of(html: str) -> str:
    """The text of a page, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(("days", "is_told"), [(0, False), (89, False), (90, True), (400, True)])
async def test_a_key_is_to_be_rotated_from_ninety_days_on(sandbox: Sandbox, days: int, is_told: bool) -> None:
    created = clock.now() - timedelta(days=days, minutes=1)
    key = sandbox.keys.create(name="a", workspace="Acme", permissions={"read"}, created_at=created).record
    async with signed_in(sandbox) as person:
        assert ('class="due"' in (await person.get("/keys")).text) is is_told
        assert ("Rotate it:" in (await person.get(f"/keys/{key.id}")).text) is is_told


async def test_a_deleted_key_comes_last_and_is_not_to_be_rotated(sandbox: Sandbox) -> None:
    created = clock.now() - timedelta(days=100)
    for name in ("Old", "Gone", "New"):
        key = sandbox.keys.create(name=name, workspace="Acme", permissions={"read"}, created_at=created).record
        if name == "Gone":
            sandbox.keys.delete(key.id)
        created += timedelta(days=50)
    async with signed_in(sandbox) as person:
        text = (await person.get("/keys")).text
    assert re.findall(r"<bdi>(Old|Gone|New)</bdi>", text) == ["New", "Old", "Gone"]
    assert text.count('class="due"') == 1


async def test_a_key_for_any_workspace_that_ends_is_made_so(sandbox: Sandbox) -> None:
    async with signed_in(sandbox) as person:
        fields = {"name": "Roaming", "workspace": "any", "permissions": "execute", "expiry": "30d"}
        await person.post("/keys/new", fields, token=await person.token())
    (key,) = sandbox.keys.list()
    assert not key.fixed
    assert key.ends is not None
    assert timedelta(days=29) < key.ends - clock.now() <= timedelta(days=30)


async def test_usage_counts_by_day_permission_and_outcome(sandbox: Sandbox) -> None:
    async with connected(sandbox, permissions={"read", "execute"}) as claude:
        await claude.use("platform__context_query", op="list")
        await claude.call("company_demo__LOG_NOTE", text=5)
        await claude.call("platform__context_edit", op="create", title="t", content="c")
        await claude.use("platform__list_workspaces")
        used = usage.of_key(sandbox.database, claude.key.id)
    assert used.by_outcome == {"succeeded": 2, "failed": 1, "refused": 1}
    assert [(row.name, row.total) for row in used.permissions] == [
        ("Read", 1),
        ("Write", 1),
        ("Execute", 1),
        ("None needed", 1),
    ]
    assert [day.total for day in used.days] == [0] * 29 + [4]
    assert [call["tool"] for call in used.refused] == ["context_edit"]


async def test_deleting_says_what_stops_working_first(sandbox: Sandbox) -> None:
    async with connected(sandbox) as claude, signed_in(sandbox) as person:
        for _ in range(3):
            await claude.use("platform__context_query", op="list")
        said = words_of((await person.get(f"/keys/{claude.key.id}/delete")).text)
        assert "made 3 calls in the last 30 days: platform__context_query 3 calls" in said
        assert sandbox.keys.get(claude.key.id).status == "active"


async def test_activity_tells_refused_calls_and_keys_that_are_not_good(sandbox: Sandbox) -> None:
    async with connected(sandbox, permissions={"read"}) as claude, signed_in(sandbox) as person:
        await claude.use("platform__context_query", op="list")
        quiet = words_of((await person.get("/activity/rows")).text)
        await claude.call("company_demo__LOG_NOTE", text="hi")
        async with httpx2.AsyncClient(trust_env=False) as stranger:
            await stranger.get(f"{person.url}/namespaces", headers={"Authorization": "Bearer uru_test_unknown"})
        told = words_of((await person.get("/activity/rows")).text)
    assert "Refused here 0 Nothing." in quiet
    assert "company_demo__LOG_NOTE needed Execute" in told
    assert "1 came with a key that is not good" in told


@pytest.mark.parametrize("path", ["/keys/none", "/workspaces/none/mail", "/workspaces/{id}/payroll", "/nothing"])
async def test_what_is_not_there_is_said_to_be_missing(sandbox: Sandbox, path: str) -> None:
    async with signed_in(sandbox) as person:
        assert (await person.get(path.format(id=sandbox.workspaces[0].id))).status_code == 404


async def test_nothing_is_decided_on_a_run_that_does_not_wait(sandbox: Sandbox) -> None:
    workspace = sandbox.workspaces[0].id
    async with signed_in(sandbox) as person:
        for decision, status in (("approve", 409), ("maybe", 422)):
            fields = {"token": await person.token(), "decision": decision, "node_id": "ask"}
            assert (await person.post(f"/workspaces/{workspace}/runs/none", fields)).status_code == status


async def test_without_uru_mcp_beside_it_nobody_is_asked_what_claude_sees(sandbox: Sandbox) -> None:
    key = sandbox.keys.create(name="a", workspace="Acme", permissions={"read"}).record
    async with signed_in(sandbox) as person:
        answer = await person.get(f"/keys/{key.id}/claude")
    assert (answer.status_code, "nobody can be asked" in answer.text) == (404, True)


def test_a_column_is_as_high_as_its_part_of_the_busiest_and_a_single_call_is_seen() -> None:
    drawn = columns([{"succeeded": 1000}, {"succeeded": 1}, {}], 'a "label" <b>')
    heights = [float(height) for height in re.findall(r'class="bar-succeeded".+?height="([\d.]+)"', drawn)]
    assert heights[0] >= HEIGHT - LEAST
    assert heights[1] == LEAST
    assert 'aria-label="a &#34;label&#34; &lt;b&gt;"' in drawn


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=-90), "2 minutes ago"),
        (timedelta(hours=-1, minutes=-1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "in 24 hours"),
        (timedelta(days=90, minutes=1), "in 90 days"),
    ],
)
def test_a_moment_is_told_by_how_far_it_is_away(away: timedelta, said: str) -> None:
    assert words_of(moment(clock.stamp(clock.now() + away))) == said
