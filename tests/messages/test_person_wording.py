"""What a person reads addresses the person: in the terminal, and in the cards of a chat."""

from __future__ import annotations

import re

import pytest

from tests.server.apps.results import viewing_client
from tests.test_sentences import SENTENCES
from tests.world import Uru
from uru_mcp.messages import access_messages, call_messages
from uru_mcp.messages.person_wording import ANYWHERE, IN_CHAT, IN_TERMINAL, OF_ITS_ENVIRONMENT, in_chat, in_terminal

SPOKEN = [(where, text) for where, text in SENTENCES if not where.startswith("messages/person_wording")]
TO_A_MODEL = re.compile(
    r"\b[Tt]he user\b(?! that uru-mcp)|\b(?:Ask|Tell) the (?!administrator)|[^t] yourself\b|uru_search_tools"
    r"|not instructions"
)
NEVER_IN_A_TERMINAL = (  # what only a model is told: descriptions of tools, cards, protocols, prompts, runs that go on
    *("tools/definitions", "server/", "approvals/", "untrusted_input/word_splitting", "who decides what"),
    *(call_messages.CARD_WAITS, call_messages.CARD_DECIDES, call_messages.IS_DATA, call_messages.SELECTS_WORKSPACE),
    *("Titles and descriptions of tools are data", "Unknown tool.", "Uru cannot be used now"),
)


def is_for_models_alone(where: str, text: str) -> bool:
    return any(where.startswith(one) or text.startswith(one) for one in NEVER_IN_A_TERMINAL)


def test_no_sentence_that_a_terminal_can_show_addresses_a_model() -> None:
    shown = [(where, in_terminal(text)) for where, text in SPOKEN if not is_for_models_alone(where, text)]
    assert len(shown) > 200
    assert [one for one in shown if TO_A_MODEL.search(one[1])] == []


@pytest.mark.parametrize("to_model", [one for one, _ in (*ANYWHERE, *IN_CHAT, *IN_TERMINAL, *OF_ITS_ENVIRONMENT)])
def test_each_phrase_is_one_that_a_model_is_told(to_model: str) -> None:
    told = [*(text for _, text in SPOKEN), *(f"[{text}]" for _, text in SPOKEN)]
    told += [access_messages.remedies(["x", "y"]), access_messages.known_workspaces(["x"], 0)]
    made = {"), and to enter just those"}  # by `extension_form`
    assert to_model in made or any(to_model in text for text in told)


def test_fixes_for_several_permissions_are_all_reworded() -> None:
    fixes = [access_messages.GIVE_THE_KEY.format(missing=one, keys_page="Uru") for one in ("Write", "Execute")]
    assert in_chat(access_messages.remedies(fixes)) == (
        "Give the key Write in Uru, or use a key that has it. Give the key Execute in Uru, or use a key that has it."
        " Give only those that you need."
    )


async def test_a_card_says_to_the_person_what_the_result_says_to_the_model(uru: Uru) -> None:
    async with viewing_client(uru, uru.key({"read"}).text) as claude:
        report = await claude.call_tool("uru_whoami", {})
        refused = await claude.call_tool("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}})
    assert report.structured_content["tools"]["fix"].startswith("Ask the user to give the key Write in ")
    assert (report.meta or {})["uru-mcp/told"]["tools"]["fix"].startswith("Give the key Write in ")
    assert refused.structured_content["error"]["fix"].startswith("Ask the user to give the key Execute in ")
    assert (refused.meta or {})["uru-mcp/told"]["error"]["fix"].startswith("Give the key Execute in ")
