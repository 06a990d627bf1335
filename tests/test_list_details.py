"""What lists and searches leave out and we look up: how an excerpt lies in its text, and which step of a run waits."""

from __future__ import annotations

import json
import re

from tests.world import Connect, Uru, text_of
from uru_mcp.sandbox import chunks

LONG = "Preface.\n\n" + "The mast is tall. " * 60 + "Zeppelins moor at [mast four].\n" + "The mast is tall. " * 60


def write_down(uru: Uru, own: str, text: str) -> None:
    row = {"id": own, "workspace_id": uru.acme.id, "title": own, "content": text, "updated_at": "2026-01-01T00:00:00Z"}
    uru.sandbox.database.insert("contexts", **row)
    chunks.index(uru.sandbox.database, own)


async def test_an_excerpt_says_how_much_of_the_text_it_is_and_a_short_text_comes_whole(
    connect: Connect, uru: Uru
) -> None:
    short = "Zeppelins are grey. " + "They are long. " * 30 + "End."
    write_down(uru, "ctx_long", LONG)
    write_down(uru, "ctx_short", short)
    async with connect({"read"}) as claude:
        found = await claude.data("uru_list_resources", {"kind": "contexts", "query": "zeppelins"})
        hits = {one["id"]: one for one in found["resources"]}
        start, end, total = map(int, re.findall(r"\d+", hits["ctx_long"]["excerpt_is"]))
        rest = await claude.data("uru_read_resource", {"uri": hits["ctx_long"]["uri"], "offset": start})
    assert hits["ctx_long"]["excerpt_is"] == f"characters {start} to {end} of {total}"
    assert total == len(LONG)
    assert LONG[start:end].replace("[", "(").replace("]", ")") == hits["ctx_long"]["excerpt"].strip("… ")
    assert "mast four" in LONG[start:end]
    assert rest["data"] == LONG[start:]
    assert hits["ctx_short"]["excerpt"] == short
    assert hits["ctx_short"]["excerpt_is"] == "the whole text"


async def test_a_search_of_uru_s_own_is_told_how_its_excerpts_lie(connect: Connect, uru: Uru) -> None:
    write_down(uru, "ctx_long", LONG)
    write_down(uru, "ctx_short", "Zeppelins are grey.")
    search = {"op": "search", "query": "zeppelins"}
    async with connect({"read"}) as claude:
        result = await claude.call("platform__context_query", search)
        through = await claude.data("uru_read", {"tool": "platform__context_query", "input": search})
        listed = await claude.data("platform__context_query", {"op": "list"})
    structure = result.structured_content or {}
    told = {one["id"]: one["excerpt_is"] for one in structure["excerpts"]}
    assert told["ctx_short"] == "the whole text"
    assert re.fullmatch(rf"characters \d+ to \d+ of {len(LONG)}", told["ctx_long"])
    assert f"ctx_long, {told['ctx_long']}" in text_of(result)
    assert "ctx_short, the whole text" in structure["note"]
    assert through["excerpts"] == structure["excerpts"]
    assert "excerpts" not in listed


async def test_a_search_answers_though_a_text_cannot_be_read(connect: Connect, uru: Uru) -> None:
    write_down(uru, "ctx_gone", LONG)
    write_down(uru, "ctx_short", "Zeppelins are grey.")
    uru.sandbox.database.execute("DELETE FROM contexts WHERE id = 'ctx_gone'")
    async with connect({"read"}) as claude:
        listed = await claude.data("uru_list_resources", {"kind": "contexts", "query": "zeppelins"})
        found = await claude.data("platform__context_query", {"op": "search", "query": "zeppelins"})
    hits = {one["id"]: one for one in listed["resources"]}
    assert "Zeppelins moor" in hits["ctx_gone"]["excerpt"]
    assert "excerpt_is" not in hits["ctx_gone"]
    assert hits["ctx_short"]["excerpt_is"] == "the whole text"
    assert [one["id"] for one in found["excerpts"]] == ["ctx_short"]
    assert {one["id"] for one in found["data"]["items"]} == {"ctx_gone", "ctx_short"}


async def test_a_text_that_a_search_showed_whole_counts_as_read(connect: Connect, uru: Uru) -> None:
    write_down(uru, "ctx_short", "Zeppelins are grey.")
    change = {"op": "update", "id": "ctx_short", "content": "Zeppelins are red."}
    async with connect() as claude:
        await claude.data("uru_list_resources", {"query": "zeppelins"})
        uru.sandbox.database.update("contexts", "ctx_short", content="Gone.", updated_at="2026-01-02T00:00:00Z")
        error = await claude.error("platform__context_edit", change)
    assert "has changed since it was last read" in error["message"]


async def test_a_list_of_runs_says_which_step_waits_and_for_whom(connect: Connect, uru: Uru) -> None:
    ana = {"customer": "Ana", "email": "ana@demo.example"}
    refund, small = ({"id": "aut_acme_refund", "input": {**ana, "amount": amount}} for amount in (900, 20))
    (row,) = uru.sandbox.database.rows("SELECT nodes_json FROM automations WHERE id = 'aut_acme_refund'")
    nodes = [{**node, "assignee": "Kim Ode"} if node["id"] == "head" else node for node in row["nodes"]]
    uru.sandbox.database.update("automations", "aut_acme_refund", nodes_json=json.dumps(nodes))
    async with connect() as claude:
        ran = [(await claude.data("platform__automation_run", one))["data"]["id"] for one in (refund, small)]
        listed = await claude.data("uru_list_resources", {"kind": "runs"})
        of_uru = await claude.call("platform__automation_query", {"op": "runs", "id": "aut_acme_refund"})
    waits = {"node_id": "head", "step": "Head of service", "meant_for": "Kim Ode", "question": "Refund 900 EUR to Ana?"}
    assert {one["id"]: one.get("waits_for") for one in listed["resources"]} == {ran[0]: [waits], ran[1]: None}
    assert (of_uru.structured_content or {})["approvals"] == [{"run_id": ran[0], **waits}]
    said = f"The run “{ran[0]}” waits for a person's decision at the step “Head of service”, meant for “Kim Ode”."
    assert said in text_of(of_uru)
    assert "[Ask the user, and decide nothing yourself.]" in text_of(of_uru)
