"""No sequence of calls, with all that a model is shown and told, gets a call or an approval past a person."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import anyio
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult

from tests.test_approvals import REFUND, run_ids, tools_sent
from tests.test_confirmation import MAIL, SEND
from tests.world import CARDS, ERAS, Claude, Uru, connector, text_of
from uru_mcp.approvals.decisions import META

DECIDE = "platform__automation_decide"
WORD = re.compile(r"[A-Za-z0-9_][\w./:-]{3,}")
DISPATCHERS = ("uru_execute", "uru_write", "uru_read")
HARMLESS = {"automation_run", "automation_query", "context_query", "prompt_query", "persona_query", "list_workspaces"}

MOVES = st.tuples(
    st.sampled_from(["run", "send", "decide", "dispatch decide", "flat decide", "token", "resource", "result", "any"]),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.sampled_from(["approve", "reject", "yes", "no"]),
)


@dataclass
class Model:
    """Makes calls, and keeps all that it was told; hosts keep `_meta` from it, where the tokens are."""

    claude: Claude
    told: str = ""
    tools: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    async def call(self, name: str, arguments: dict[str, Any]) -> None:
        try:
            result = await self.claude.call(name, arguments)
        except MCPError as error:
            self.told += f" {error} {json.dumps(error.error.data)}"
            return
        self.hear(result)

    def hear(self, result: CallToolResult) -> None:
        self.told += f" {text_of(result)} {json.dumps(result.structured_content)}"
        self.tokens += [(result.meta or {})[META]["token"]] if META in (result.meta or {}) else []

    def word(self, choice: int) -> str:
        words: list[str] = sorted({*WORD.findall(self.told), "0" * 64})
        return words[choice % len(words)]

    def step(self, choice: int, decision: str) -> dict[str, Any]:
        runs = re.findall(r"run_[0-9a-z]{6,}", self.told) or ["run_1"]
        nodes = re.findall(r'"node_id": "(\w+)"', self.told) or ["head"]
        return {
            "run_id": runs[choice % len(runs)],
            "node_id": nodes[choice % len(nodes)],
            "decision": "approve" if decision in ("approve", "yes") else "reject",
        }

    async def move(self, kind: str, one: int, other: int, decision: str) -> None:
        step = self.step(one, decision)
        calls: dict[str, tuple[str, dict[str, Any]]] = {
            "run": ("uru_execute", REFUND),
            "send": (DISPATCHERS[one % 3], SEND) if other % 2 else ("gmail_demo__GMAIL_SEND_EMAIL", MAIL),
            "decide": (DECIDE, step),
            "dispatch decide": (DISPATCHERS[one % 3], {"tool": DECIDE, "input": step}),
            "flat decide": (DISPATCHERS[one % 3], {"tool": DECIDE, **step, "arguments": json.dumps(step)}),
            "token": ("uru_decide", {"token": self.word(one), "decision": "yes" if other % 3 else decision}),
            "resource": ("uru_read_resource", {"uri": self.word(one)}),
            "result": ("uru_result", {"call_id": self.word(one), "wait": 0}),
            "any": (self.tools[one % len(self.tools)], {"token": self.word(other), **step, "tool": DECIDE, **MAIL}),
        }
        await self.call(*calls[kind])


@given(
    moves=st.lists(MOVES, min_size=1, max_size=8),
    era=st.sampled_from(ERAS),
    shows_cards=st.booleans(),
)
@settings(max_examples=15, phases=[Phase.generate])  # each opens an Uru of its own
def test_a_model_with_all_it_is_shown_gets_nothing_past_a_person(
    moves: list[tuple[str, int, int, str]], era: str, shows_cards: bool
) -> None:
    anyio.run(_play, moves, era, shows_cards)


async def _play(moves: list[tuple[str, int, int, str]], era: str, shows_cards: bool) -> None:
    uru = Uru.open()
    try:
        extensions = CARDS if shows_cards else None
        confirmed = "gmail_*,company_*,googlecalendar_*"
        async with connector(uru, era)(extensions=extensions, APPROVALS="person", CONFIRM=confirmed) as claude:
            model = Model(claude, tools=[*await claude.tools(), "uru_decide"])
            await model.call("uru_execute", REFUND)
            await model.call("uru_execute", SEND)
            for move in moves:
                await model.move(*move)
            for long in {word for word in WORD.findall(model.told) if len(word) >= 32}:  # whatever may be a token
                await model.call("uru_decide", {"token": long, "decision": "yes"})
        assert len(model.tokens) >= (2 if shows_cards else 0)
        assert not [token for token in model.tokens if token in model.told]
        assert run_ids(uru), "a run waits for a person all the while"
        assert set(tools_sent(uru)) - _edits() <= HARMLESS
        assert uru.notes == []
    finally:
        uru.close()


def _edits() -> set[str]:
    """What a person need not say yes to here."""
    return {"context_edit", "prompt_edit", "persona_edit", "automation_edit", "set_current_workspace"}
