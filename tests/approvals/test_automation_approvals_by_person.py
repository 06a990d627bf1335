"""`URU_APPROVALS=person`: nobody but a person decides what a run waits for, by a form or by a card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID
from mcp.types import ElicitResult

from tests.approvals.test_confirmation import card_of, decided
from tests.results.test_automation_approvals import GRANTED, REFUND, Person, run_ids, says, tools_sent
from tests.world import CARDS, Connect, Uru, text_of
from uru_mcp.server.client_capabilities import APPS, CARD_TYPE

DECIDE = "platform__automation_decide"


@pytest.mark.parametrize("extensions", [None, CARDS], ids=["nothing", "cards"])
async def test_the_model_s_own_decision_is_refused_whichever_way_it_comes(
    connect: Connect, uru: Uru, extensions: Any
) -> None:
    async with connect(APPROVALS="person", extensions=extensions) as claude:
        ran = await claude.call("uru_execute", REFUND)
        (approval,) = (ran.structured_content or {})["approvals"]
        assert "decide" not in approval
        assert "Only a person decides this" in text_of(ran)
        arguments = {"run_id": approval["run_id"], "node_id": approval["node_id"], "decision": "approve"}
        for name, given in (
            (DECIDE, arguments),
            ("uru_execute", {"tool": DECIDE, "input": arguments}),
            ("uru_execute", {"tool": DECIDE, **arguments}),
        ):
            error = await claude.error(name, given)
            assert error["code"] == "declined"
            assert error["message"].startswith("Only a person decides what a run waits for")
    assert uru.notes == []
    assert "automation_decide" not in tools_sent(uru)


async def test_a_person_who_can_be_asked_decides_also_under_person(connect: Connect, uru: Uru) -> None:
    async with connect(on_question=Person(says("approve")), APPROVALS="person") as claude:
        structure = await claude.data("uru_execute", REFUND)
    assert structure["user_decision"] == "approve"
    assert uru.notes == GRANTED


async def test_a_person_is_asked_again_when_the_run_is_read(connect: Connect, uru: Uru) -> None:
    person = Person(ElicitResult(action="cancel"), says("approve"))
    async with connect(on_question=person, APPROVALS="person") as claude:
        uri = (await claude.data("uru_execute", REFUND))["uri"]
        assert uru.notes == []
        await claude.data("uru_read_resource", {"uri": uri})
    assert uru.notes == GRANTED
    assert len(run_ids(uru)) == 1


async def test_reading_a_run_asks_nobody_where_words_count(connect: Connect) -> None:
    person = Person(ElicitResult(action="cancel"))
    async with connect(on_question=person) as claude:
        uri = (await claude.data("uru_execute", REFUND))["uri"]
        await claude.data("uru_read_resource", {"uri": uri})
    assert len(person.asked) == 1


@pytest.mark.parametrize("approvals", ["ask", "person"])
@pytest.mark.parametrize(("decision", "done"), [("yes", "granted"), ("no", "declined")])
async def test_a_card_decides_what_a_run_waits_for(
    connect: Connect, uru: Uru, tmp_path: Path, approvals: str, decision: str, done: str
) -> None:
    log = tmp_path / "audit.jsonl"
    call = ("uru_execute", REFUND) if approvals == "person" else ("platform__automation_run", REFUND["input"])
    async with connect(extensions=CARDS, APPROVALS=approvals, AUDIT_LOG=str(log)) as claude:
        ran = await claude.call(*call)
        card = card_of(ran)
        assert {name: card[name] for name in ("kind", "title", "app", "step", "question", "yes", "no")} == {
            "kind": "approval",
            "title": "Refund",
            "app": "Uru",
            "step": "Head of service",
            "question": "Refund 900 EUR to Ana?",
            "yes": "Approve",
            "no": "Reject",
        }
        assert ("decide" in (ran.structured_content or {})["approvals"][0]) is (approvals == "ask")
        assert card["token"] not in text_of(ran) + json.dumps(ran.structured_content)
        read = await claude.call("uru_read_resource", {"uri": (ran.structured_content or {})["uri"]})
        assert card_of(read)["token"] != card["token"]
        result = await decided(claude, card["token"], decision, comment="Fine with me")
        assert (result.structured_content or {})["data"]["status"] == "completed"
        assert (await decided(claude, card["token"], decision)).is_error
    assert uru.notes == [f"Refund of 900 EUR for Ana {done}."]
    sent = [one for one in uru.sandbox.requests if "automation_decide" in str(one.body)]
    assert len(sent) == 1
    assert sent[0].json["parameters"]["comment"] == "Fine with me"
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    (entry,) = [one for one in entries if one["tool"] == DECIDE]
    assert (entry["decided_by"], entry["decided_how"]) == ("person", "card")


async def test_who_decides_by_words_is_the_model_in_the_log(connect: Connect, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    async with connect(AUDIT_LOG=str(log)) as claude:
        decide = (await claude.data("uru_execute", REFUND))["approvals"][0]["decide"]
        await claude.data(decide["call_with"], decide["arguments"])
    *_, entry = [json.loads(line) for line in log.read_text().splitlines()]
    assert (entry["tool"], entry["decided_by"], entry["decided_how"]) == (DECIDE, "model", "none")


async def test_for_whom_a_step_is_meant_is_asked_about_in_every_way(connect: Connect, uru: Uru) -> None:
    run = {"id": "run_1", "automation_id": "aut_1", "status": "waiting_for_approval"}
    event = {"node": "head", "type": "approval_requested", "detail": "Send?", "assignee": {"name": "Ada Byron"}}
    body = {"data": {**run, "events": [event]}, "successful": True}
    person = Person(ElicitResult(action="cancel"))
    for client in ({"on_question": person}, {"extensions": CARDS}):
        async with connect(**client) as claude:
            await claude.tools()
            uru.faults.status("/execute/", 200, body=body)
            ran = await claude.call("platform__automation_run", REFUND["input"])
        assert "Ask too whether the user is, or speaks for, “Ada Byron”." in text_of(ran)
    assert "The step is meant for “Ada Byron”: are you, or do you speak for, that person?" in person.asked[0]
    assert card_of(ran)["meant_for"] == "Ada Byron"


async def test_claude_code_is_told_to_ask_a_person_and_what_to_show_at_once(connect: Connect) -> None:
    async with connect(name="claude-code") as claude:
        metas = {name: tool.meta for name, tool in (await claude.tools()).items() if tool.meta}
    at_once = {"anthropic/alwaysLoad": True}
    assert metas == {
        "uru_whoami": at_once,
        "uru_search_tools": at_once,
        "uru_list_resources": at_once,
        DECIDE: {"anthropic/requiresUserInteraction": True},
    }


@pytest.mark.parametrize("name", ["cursor", "claude-desktop"])
async def test_a_client_that_declares_nothing_is_shown_what_it_always_was(connect: Connect, name: str) -> None:
    async with connect(name=name) as claude:
        tools = await claude.tools()
        report = await claude.whoami()
    assert [tool for tool in tools.values() if tool.meta is not None] == []
    assert "uru_decide" not in tools
    assert "user_choices" not in report
    assert "taken_away_by_user" not in report["tools"]


async def test_uru_whoami_says_what_the_user_has_set(connect_once: Connect) -> None:
    async with connect_once(TOOLS="*,!gmail_*", CONFIRM="Destructive", APPROVALS="person") as claude:
        result = await claude.call("uru_whoami")
    assert (result.structured_content or {})["user_choices"] == {
        "URU_TOOLS": "*,!gmail_*",
        "URU_CONFIRM": "destructive",
        "URU_APPROVALS": "person",
    }
    assert "Taken away by the user with URU_TOOLS: 6; no permission of the key is missing for that" in text_of(result)
    assert "URU_TOOLS=*,!gmail_*; URU_CONFIRM=destructive; URU_APPROVALS=person" in text_of(result)


def test_the_extension_is_called_what_the_sdk_calls_it() -> None:
    assert (APPS, CARD_TYPE) == (EXTENSION_ID, APP_MIME_TYPE)
