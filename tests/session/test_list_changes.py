"""Clients are told of a list once, and only of what has changed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from mcp.types import ElicitResult

from tests.world import Claude, Uru, connector

REFUND = {"id": "aut_acme_refund", "input": {"customer": "Ana", "email": "ana@demo.example", "amount": 900}}
RUN = ("platform__automation_run", REFUND)
NOTE = ("company_demo__LOG_NOTE", {"text": "hi"})
LOOK = ("platform__prompt_query", {"op": "list"})
BLOCK = ("platform__context_edit", {"op": "create", "title": "T", "content": "c"})
PROMPT = ("platform__prompt_edit", {"op": "create", "title": "P", "content": "c"})
EACH = [
    (RUN, {"resources": 1}),
    (NOTE, {}),
    (LOOK, {}),
    (BLOCK, {"resources": 1}),
    (PROMPT, {"resources": 1, "prompts": 1}),
]


class Told:
    """Which lists a client was told of, and how often; its person approves whatever is asked."""

    def __init__(self) -> None:
        self.lists: Counter[str] = Counter()

    async def __call__(self, message: Any) -> None:
        method = getattr(message, "method", "")
        if method.endswith("list_changed"):
            self.lists[method.split("/")[1]] += 1

    async def approve(self, _: Any, __: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"decision": "approve"})


async def listed(claude: Claude) -> None:
    await claude.tools()
    await claude.resources()
    await claude.prompts()


@pytest.mark.parametrize(("call", "expected"), EACH, ids=["run", "note", "look", "block", "prompt"])
@pytest.mark.parametrize("is_listed", [True, False], ids=["listed", "never listed"])
async def test_each_call_tells_of_what_it_changed_and_of_each_list_once(
    uru: Uru, call: tuple[str, dict[str, Any]], expected: dict[str, int], is_listed: bool
) -> None:
    told = Told()
    async with connector(uru, "legacy")(on_message=told, on_question=told.approve) as claude:
        if is_listed:
            await listed(claude)
        await claude.data(*call)
        await claude.whoami()
    assert told.lists == expected


async def test_many_runs_tell_once_until_the_list_is_asked_for_again(uru: Uru) -> None:
    told = Told()
    async with connector(uru, "legacy")(on_message=told) as claude:
        await listed(claude)
        for _ in range(3):
            await claude.data(*RUN)
        await claude.whoami()
        assert told.lists == {"resources": 1}
        await claude.resources()
        await claude.data(*RUN)
        await claude.whoami()
    assert told.lists == {"resources": 2}


async def test_a_client_of_the_newer_era_is_told_once_too(uru: Uru) -> None:
    async with (
        connector(uru, "auto")() as claude,
        claude.client.listen(resources_list_changed=True, prompts_list_changed=True) as told,
    ):
        await claude.data(*RUN)
        assert type(await anext(told)).__name__ == "ResourcesListChanged"
        await claude.data(*RUN)
        await claude.data(*PROMPT)
        kinds = [type(await anext(told)).__name__ for _ in range(2)]
    assert sorted(kinds) == ["PromptsListChanged", "ResourcesListChanged"]
