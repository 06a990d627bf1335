"""A text that somebody else has changed since it was read through us is not replaced."""

from __future__ import annotations

from typing import Any

import pytest

from tests.world import Claude, Connect, Uru, text_of

HANDBOOK = "ctx_acme_handbook"
REPLY = "prm_acme_reply"


def update(tool: str, own: str, **fields: Any) -> dict[str, Any]:
    return {"tool": f"platform__{tool}", "input": {"op": "update", "id": own, **fields}}


def change(uru: Uru, table: str, own: str, **fields: str) -> None:
    """What another person does."""
    for name, value in fields.items():
        uru.sandbox.database.execute(f"UPDATE {table} SET {name} = ? WHERE id = ?", value, own)  # noqa: S608


async def read_with_tool(claude: Claude, query: str, own: str) -> None:
    await claude.data("uru_read", {"tool": f"platform__{query}", "input": {"op": "get", "id": own}})


@pytest.mark.parametrize("way", ["uru_read", "uru_read_resource", "resources/read"])
async def test_a_text_that_changed_since_it_was_read_is_not_replaced(connect: Connect, uru: Uru, way: str) -> None:
    uri = f"uru://contexts/{HANDBOOK}"
    async with connect() as claude:
        if way == "uru_read":
            await read_with_tool(claude, "context_query", HANDBOOK)
        elif way == "uru_read_resource":
            await claude.data("uru_read_resource", {"uri": uri})
        else:
            await claude.read(uri)
        change(uru, "contexts", HANDBOOK, content="Theirs")  # in the same second
        error = await claude.error("uru_write", update("context_edit", HANDBOOK, content="Mine"))
        assert (error["code"], error["uri"]) == ("invalid_arguments", uri)
        assert "changed since it was last read" in error["message"]
        assert "Read it again with uru_read_resource" in error["fix"]
        assert await claude.read(uri) == "Theirs"
        await claude.data("uru_write", update("context_edit", HANDBOOK, content="Both"))
        await claude.data("uru_write", update("context_edit", HANDBOOK, content="Both again"))
        assert await claude.read(uri) == "Both again"


async def test_what_uru_says_of_the_time_counts_too_and_for_prompts_and_by_the_tools_own_name(
    connect: Connect, uru: Uru
) -> None:
    async with connect() as claude:
        await read_with_tool(claude, "prompt_query", REPLY)
        change(uru, "prompts", REPLY, updated_at="2030-01-01T00:00:00Z")
        arguments = update("prompt_edit", REPLY, content="Mine")["input"]
        error = await claude.error("platform__prompt_edit", arguments)
        assert "2030-01-01T00:00:00Z" in error["message"]


async def test_what_was_never_read_or_replaces_no_text_is_written(connect: Connect, uru: Uru) -> None:
    async with connect() as claude:
        await claude.data("uru_write", update("prompt_edit", REPLY, content="Mine"))
        await read_with_tool(claude, "context_query", HANDBOOK)
        change(uru, "contexts", HANDBOOK, content="Theirs")
        await claude.data("uru_write", update("context_edit", HANDBOOK, title="Handbook"))
        assert await claude.read(f"uru://contexts/{HANDBOOK}") == "Theirs"


async def test_where_uru_does_not_tell_when_a_record_changed_nothing_is_refused(connect: Connect, uru: Uru) -> None:
    async with connect() as claude:
        await read_with_tool(claude, "context_query", HANDBOOK)
        change(uru, "contexts", HANDBOOK, content="Theirs", updated_at="")
        result = await claude.call("uru_write", update("context_edit", HANDBOOK, content="Mine"))
    assert not result.is_error, text_of(result)
