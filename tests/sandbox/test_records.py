"""Context blocks, prompts, agents and automations: listed, read, written, searched, and never across workspaces."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.data.text_search import CHUNK_TOKENS, OVERLAP_TOKENS, count_tokens, split

from .callers import Connect

FIELDS = {
    "context": {"id", "title", "description", "content", "category", "tags", "scope", "updated_at"},
    "prompt": {"id", "title", "description", "content", "variables", "persona_id", "updated_at"},
    "persona": {"id", "name", "description", "instructions"},
    "automation": {"id", "name", "description", "status", "trigger", "nodes", "edges"},
}
NEW: dict[str, dict[str, Any]] = {
    "context": {"title": "Parking", "content": "Behind the house."},
    "prompt": {"title": "Greet", "content": "Hello {{name}}", "variables": [{"name": "name", "required": True}]},
    "persona": {"name": "Scribe", "instructions": "Write it down."},
    "automation": {
        "name": "Nothing",
        "trigger": {"type": "manual"},
        "nodes": [{"id": "start", "type": "trigger"}],
        "edges": [],
    },
}


@pytest.mark.parametrize("kind", FIELDS)
async def test_records_have_the_fields_of_the_api(connect: Connect, kind: str) -> None:
    async with connect(permissions={"read"}) as somebody:
        listed = (await somebody.use(f"platform__{kind}_query", op="list"))["items"]
        assert len(listed) >= 3
        for item in listed:
            record = await somebody.use(f"platform__{kind}_query", op="get", id=item["id"])
            assert set(record) == FIELDS[kind]


async def test_a_list_of_contexts_gives_sizes_instead_of_texts(connect: Connect) -> None:
    async with connect() as somebody:
        listed = (await somebody.use("platform__context_query", op="list"))["items"]
        for item in listed:
            assert "content" not in item
            record = await somebody.use("platform__context_query", op="get", id=item["id"])
            assert item["size"] == len(record["content"])


async def test_pages_give_everything_once(connect: Connect) -> None:
    async with connect() as somebody:
        whole = (await somebody.use("platform__context_query", op="list"))["items"]
        paged, cursor, pages = [], None, 0
        while cursor is not None or pages == 0:
            more: dict[str, str] = {} if cursor is None else {"cursor": cursor}
            page = await somebody.use("platform__context_query", op="list", limit=2, **more)
            await somebody.use("platform__prompt_edit", op="create", **NEW["prompt"])
            paged += page["items"]
            cursor, pages = page["next_cursor"], pages + 1
    assert paged == whole
    assert pages == 3


async def test_newest_first_pages_do_not_repeat_what_new_entries_push_down(connect: Connect) -> None:
    async with connect() as somebody:
        for number in range(4):
            await somebody.use("company_demo__LOG_NOTE", text=f"note {number}")
        first = await somebody.use("company_demo__LIST_NOTES", limit=2)
        await somebody.use("company_demo__LOG_NOTE", text="meanwhile")
        second = await somebody.use("company_demo__LIST_NOTES", limit=2, cursor=first["next_cursor"])
    texts = [note["text"] for note in first["items"] + second["items"]]
    assert texts == ["note 3", "note 2", "note 1", "note 0"]


@pytest.mark.parametrize("kind", FIELDS)
async def test_what_is_created_and_updated_stands_there(connect: Connect, kind: str) -> None:
    async with connect() as somebody:
        made = await somebody.use(f"platform__{kind}_edit", op="create", **NEW[kind])
        changed = await somebody.use(f"platform__{kind}_edit", op="update", id=made["id"], description="Changed.")
        stands = await somebody.use(f"platform__{kind}_query", op="get", id=made["id"])
    assert NEW[kind].items() <= made.items()
    assert stands == changed
    assert stands["description"] == "Changed."
    assert NEW[kind].items() <= stands.items()


@pytest.mark.parametrize("kind", FIELDS)
async def test_unknown_records_are_not_found(connect: Connect, kind: str) -> None:
    async with connect() as somebody:
        for answer in (
            await somebody.call(f"platform__{kind}_query", op="get", id="nothing"),
            await somebody.call(f"platform__{kind}_edit", op="update", id="nothing", description="x"),
        ):
            assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("kind", FIELDS)
async def test_edits_without_what_they_need_change_nothing(sandbox: Sandbox, connect: Connect, kind: str) -> None:
    before = sandbox.database.rows(f"SELECT * FROM {kind}s")  # noqa: S608
    async with connect() as somebody:
        assert "needs" in await somebody.fail(f"platform__{kind}_edit", op="create", description="x")
        assert "needs id" in await somebody.fail(f"platform__{kind}_edit", op="update", description="x")
        first = before[0]["id"]
        assert "something to change" in await somebody.fail(f"platform__{kind}_edit", op="update", id=first)
    assert sandbox.database.rows(f"SELECT * FROM {kind}s") == before  # noqa: S608


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        ({"nodes": [{"id": "a", "type": "agent", "steps": [{"tool": "x__Y"}]}]}, "trigger"),
        ({"nodes": [{"id": "a", "type": "trigger"}, {"id": "a", "type": "trigger"}]}, "id of its own"),
        ({"edges": [{"from": "start", "to": "moon"}]}, "moon"),
        ({"nodes": [{"id": "start", "type": "trigger"}, {"id": "d", "type": "decision"}]}, "condition"),
        (
            {
                "nodes": [
                    {"id": "start", "type": "trigger"},
                    {"id": "d", "type": "guardrail", "condition": {"field": "x", "operator": "like", "value": 1}},
                ]
            },
            "operator",
        ),
    ],
)
async def test_a_graph_that_cannot_be_walked_is_not_kept(
    sandbox: Sandbox, connect: Connect, graph: dict[str, Any], said: str
) -> None:
    before = sandbox.database.rows("SELECT * FROM automations")
    async with connect() as somebody:
        error = await somebody.fail("platform__automation_edit", op="create", **{**NEW["automation"], **graph})
    assert said in error
    assert sandbox.database.rows("SELECT * FROM automations") == before


async def test_search_finds_the_passage_that_answers(connect: Connect) -> None:
    async with connect() as somebody:
        found = await somebody.use("platform__context_query", op="search", query="Who calibrates a torque driver?")
    best = found["items"][0]
    assert set(best) == {"id", "title", "chunk", "excerpt", "score"}
    assert "torque driver" in best["excerpt"]
    scores = [item["score"] for item in found["items"]]
    assert scores == sorted(scores, reverse=True)


async def test_search_sees_an_edit_at_once_and_forgets_the_old_text(connect: Connect) -> None:
    async with connect() as somebody:
        made = await somebody.use("platform__context_edit", op="create", title="Bees", content="About honeycombs.")
        before = await somebody.use("platform__context_query", op="search", query="honeycomb")
        await somebody.use("platform__context_edit", op="update", id=made["id"], content="About wasps.")
        after = await somebody.use("platform__context_query", op="search", query="honeycomb")
        now = await somebody.use("platform__context_query", op="search", query="wasp")
    assert [item["id"] for item in before["items"]] == [made["id"]]
    assert after["items"] == []
    assert [item["id"] for item in now["items"]] == [made["id"]]


@pytest.mark.parametrize("query", ['"', "AND", "NEAR(", "title:*", "^x - 'y' OR", "a\x00b", "…", "日本", "x" * 50_000])
async def test_whatever_people_type_is_a_query(connect: Connect, query: str) -> None:
    async with connect() as somebody:
        found = await somebody.use("platform__context_query", op="search", query=query)
        transcripts = await somebody.use("company_demo__SEARCH_TRANSCRIPTS", query=query)
    assert isinstance(found["items"], list)
    assert isinstance(transcripts["items"], list)


async def test_search_results_come_in_pages(connect: Connect) -> None:
    async with connect() as somebody:
        whole = await somebody.use("platform__context_query", op="search", query="machine")
        first = await somebody.use("platform__context_query", op="search", query="machine", limit=2)
        rest = await somebody.use("platform__context_query", op="search", query="machine", cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == whole["items"]


async def test_a_passage_that_two_chunks_share_is_found_once(sandbox: Sandbox, connect: Connect) -> None:
    sentence = "The quokka smiles."
    text = "word " * (CHUNK_TOKENS - OVERLAP_TOKENS // 2) + sentence + " word" * CHUNK_TOKENS
    async with connect() as somebody:
        made = await somebody.use("platform__context_edit", op="create", title="Quokkas", content=text)
        found = await somebody.use("platform__context_query", op="search", query="smiles")
    assert sum(sentence in chunk for chunk in split(text)) == 2
    assert [item["id"] for item in found["items"]] == [made["id"]]
    chunks = sandbox.database.rows(
        "SELECT position, bm25(chunks, 1.0, 2.0) AS worse FROM chunks WHERE chunks MATCH 'smiles'"
    )
    assert found["items"][0]["chunk"] == min(chunks, key=lambda chunk: chunk["worse"])["position"]


async def test_equal_passages_of_two_blocks_are_both_found(connect: Connect) -> None:
    async with connect() as somebody:
        made = [
            await somebody.use("platform__context_edit", op="create", title="Quokka", content="The quokka smiles.")
            for _ in range(2)
        ]
        found = await somebody.use("platform__context_query", op="search", query="smiles")
    assert [item["id"] for item in found["items"]] == [one["id"] for one in made]


@pytest.mark.parametrize("query", ["beyond", "director", "duty", "ticket", "torque"])
async def test_no_passage_of_the_handbook_is_shown_within_another(connect: Connect, query: str) -> None:
    async with connect() as somebody:
        found = await somebody.use("platform__context_query", op="search", query=query, limit=100)
    passages = [item["excerpt"].strip(" …") for item in found["items"] if item["id"] == "ctx_acme_handbook"]
    assert passages
    assert not [one for one, other in itertools.permutations(passages, 2) if one in other]


def test_chunks_cover_the_text_and_overlap(sandbox: Sandbox) -> None:
    handbook = sandbox.database.rows("SELECT content FROM contexts WHERE id = 'ctx_acme_handbook'")[0]["content"]
    chunks = split(handbook)
    sizes = [count_tokens(chunk) for chunk in chunks]
    assert count_tokens(handbook) > 2 * CHUNK_TOKENS
    assert set(sizes[:-1]) == {CHUNK_TOKENS}
    assert sum(sizes) == count_tokens(handbook) + OVERLAP_TOKENS * (len(chunks) - 1)
    assert handbook.startswith(chunks[0])
    assert handbook.rstrip().endswith(chunks[-1])
    assert chunks[1][:80] in chunks[0]


@pytest.mark.parametrize(("tokens", "count"), [(0, 0), (1, 1), (200, 1), (1000, 1), (1001, 2), (1800, 2), (1801, 3)])
def test_the_number_of_chunks(tokens: int, count: int) -> None:
    assert len(split("word " * tokens)) == count


async def test_nothing_leaks_across_workspaces(sandbox: Sandbox, connect: Connect) -> None:
    """Every id of Acme, asked for with a key of Globex, through every tool that takes one."""
    tools = {
        "contexts": [("platform__context_query", "id"), ("platform__context_edit", "id")],
        "prompts": [("platform__prompt_query", "id"), ("platform__prompt_edit", "id")],
        "personas": [("platform__persona_query", "id"), ("platform__persona_edit", "id")],
        "automations": [("platform__automation_query", "id"), ("platform__automation_run", "id")],
        "mails": [("gmail_demo__GMAIL_GET_EMAIL", "message_id"), ("gmail_demo__GMAIL_MOVE_TO_TRASH", "message_id")],
        "events": [
            ("googlecalendar_demo__GOOGLECALENDAR_UPDATE_EVENT", "event_id"),
            ("googlecalendar_demo__GOOGLECALENDAR_DELETE_EVENT", "event_id"),
        ],
    }
    acme = next(one.id for one in sandbox.workspaces if one.name == "Acme")
    before = contents(sandbox)
    async with connect(workspace="Globex") as neighbour:
        for table, ways in tools.items():
            for row in sandbox.database.rows(f"SELECT id FROM {table} WHERE workspace_id = ?", acme):  # noqa: S608
                for tool, argument in ways:
                    op = {"op": "get"} if tool.endswith("_query") else {"op": "update"} if "_edit" in tool else {}
                    text = {"description": "stolen"} if "_edit" in tool else {}
                    answer = await neighbour.call(tool, **{argument: row["id"]}, **op, **text)
                    assert answer.status == 404 or answer.body["successful"] is False, (tool, row)
        for tool, arguments in (
            ("platform__context_query", {"op": "search", "query": "machine refund handbook"}),
            ("company_demo__SEARCH_TRANSCRIPTS", {"query": "pump clamp hotel"}),
            ("gmail_demo__GMAIL_FETCH_EMAILS", {"query": "machine"}),
            ("company_demo__LIST_NOTES", {}),
        ):
            assert "acme" not in str(await neighbour.use(tool, **arguments)).lower()
    assert contents(sandbox) == before


def contents(sandbox: Sandbox) -> dict[str, list[dict[str, Any]]]:
    """Everything but what a request leaves behind by being made."""
    tables = [row["name"] for row in sandbox.database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    kept = [table for table in tables if table not in ("uses", "calls", "keys")]
    return {table: sandbox.database.rows(f"SELECT * FROM {table}") for table in kept}  # noqa: S608
