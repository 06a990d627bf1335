"""`URU_CONFIRM`: a call runs only after a person's yes, to just these arguments, however the call came."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, ElicitRequestFormParams, ElicitResult, InputRequiredResult

from tests.results.test_automation_approvals import REFUND
from tests.time_limits import WITHIN
from tests.world import CARDS, Claude, Connect, Uru, connector, text_of
from uru_mcp.approvals.decisions import LIFETIME, META, Decisions
from uru_mcp.bridge import Bridge
from uru_mcp.config.environment import read_settings
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import Declined
from uru_mcp.results.consent import Confirmation, Consent
from uru_mcp.untrusted_input.redaction import Redaction

MAIL = {"recipient_email": "ana@demo.example", "subject": "Hello", "body": "Dear Ana"}
SEND = {"tool": "gmail_demo__GMAIL_SEND_EMAIL", "input": MAIL}
WAYS = [("uru_execute", SEND), ("gmail_demo__GMAIL_SEND_EMAIL", MAIL)]
NOTE = {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}}


class Person:
    """Who answers what the client is asked to ask."""

    def __init__(self, *answers: ElicitResult) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, _: Any, params: Any) -> ElicitResult:
        assert isinstance(params, ElicitRequestFormParams)
        self.asked.append(params.message)
        return self.answers.pop(0)


def says(decision: str) -> ElicitResult:
    return ElicitResult(action="accept", content={"decision": decision})


def card_of(result: CallToolResult) -> dict[str, Any]:
    found: dict[str, Any] = (result.meta or {})[META]
    return found


def mails(uru: Uru) -> list[str]:
    sent = [one.json["tool_name"] for one in uru.sandbox.requests if one.path.startswith("/execute/")]
    return [name for name in sent if name == "GMAIL_SEND_EMAIL"]


async def decided(claude: Claude, token: str, decision: str | None = "yes", **more: Any) -> CallToolResult:
    said = {} if decision is None else {"decision": decision}
    return await claude.call("uru_decide", {"token": token, **said, **more})


@pytest.mark.parametrize(("name", "arguments"), WAYS, ids=["dispatched", "by its own name"])
async def test_a_person_sees_the_call_and_says_yes(
    connect: Connect, uru: Uru, name: str, arguments: dict[str, Any]
) -> None:
    person = Person(says("yes"))
    async with connect(on_question=person, CONFIRM="gmail_*__*SEND*") as claude:
        result = await claude.call(name, arguments)

    assert not result.is_error, text_of(result)
    assert person.asked == [
        "Run “Send a mail” of Gmail - Demo now? The call, gmail_demo__GMAIL_SEND_EMAIL, would be sent with:\n"
        "  recipient_email: ana@demo.example\n"
        "  subject: Hello\n"
        "  body: Dear Ana\n"
        "The values are data of the call, whoever wrote them. A yes is for this call alone."
    ]
    assert (result.structured_content or {})["user_decision"] == "yes"
    assert "[The user was asked, and said yes to this call.]" in text_of(result)
    assert len(mails(uru)) == 1


@pytest.mark.parametrize("answer", [says("no"), ElicitResult(action="decline")], ids=["no", "declined"])
@pytest.mark.parametrize(("name", "arguments"), WAYS, ids=["dispatched", "by its own name"])
async def test_a_no_is_told_as_the_person_s_no_and_nothing_is_sent(
    connect: Connect, uru: Uru, name: str, arguments: dict[str, Any], answer: ElicitResult
) -> None:
    async with connect(on_question=Person(answer), CONFIRM="destructive") as claude:
        error = await claude.error(name, arguments)
    assert error["code"] == "declined"
    assert error["message"].startswith("The user was asked, and said no to this call")
    assert error["fix"].startswith("Do not try it again")
    assert mails(uru) == []


async def test_who_gives_no_answer_has_not_said_yes(connect: Connect, uru: Uru) -> None:
    async with connect(on_question=Person(ElicitResult(action="cancel")), CONFIRM="execute") as claude:
        error = await claude.error("uru_execute", SEND)
    assert error["code"] == "declined"
    assert "gave no answer" in error["message"]
    assert mails(uru) == []


async def test_a_client_that_cannot_ask_is_refused_and_told_what_would_be_run(connect: Connect, uru: Uru) -> None:
    async with connect(CONFIRM="gmail_*__*SEND*") as claude:
        error = await claude.error("uru_execute", SEND)
        assert "uru_decide" not in await claude.tools()
        with pytest.raises(MCPError, match="Unknown tool"):
            await claude.call("uru_decide", {"token": "x", "decision": "yes"})
        await claude.data("uru_execute", NOTE)
    assert error["code"] == "declined"
    assert "this client cannot ask" in error["message"]
    assert error["would_run"]["tool"] == "gmail_demo__GMAIL_SEND_EMAIL"
    assert error["would_run"]["arguments"][0] == {"name": "recipient_email", "value": "ana@demo.example", "hidden": 0}
    assert mails(uru) == []
    assert uru.notes == ["hi"]


async def test_what_a_person_is_shown_is_redacted_and_says_what_is_cut(connect: Connect, uru: Uru) -> None:
    key, person = uru.key(), Person(says("no"))
    body = f"Begin {key.text} {'x' * 9_000}\nA yes is for this call alone.\n  subject: forged, the end"
    call = {**SEND, "input": {**MAIL, "subject": "a\u202eb", "body": body}}
    async with connect(key=key.text, on_question=person, CONFIRM="execute") as claude:
        await claude.error("uru_execute", call)
    (asked,) = person.asked
    assert key.text not in asked
    assert "Begin [key removed] xxx" in asked
    assert "the end [7,6" in asked
    assert "subject: ab [1 of its characters are not shown, and would be sent too]" in asked
    assert [line for line in asked.splitlines() if line.startswith("  subject: ")] == [
        "  subject: ab [1 of its characters are not shown, and would be sent too]"
    ]


async def test_a_yes_is_for_its_own_call_and_once(uru: Uru) -> None:
    async with connector(uru, "auto")(on_question=Person(), CONFIRM="execute") as claude:
        session = claude.client.session
        first = await session.call_tool("uru_execute", SEND, allow_input_required=True)
        assert isinstance(first, InputRequiredResult)
        other = {**SEND, "input": {**MAIL, "body": "another"}}
        answers: Any = {"approval": says("yes")}
        with pytest.raises(MCPError, match="not open"):
            await session.call_tool("uru_execute", other, input_responses=answers, request_state=first.request_state)
        await session.call_tool("uru_execute", SEND, input_responses=answers, request_state=first.request_state)
        with pytest.raises(MCPError, match="not open"):
            await session.call_tool("uru_execute", SEND, input_responses=answers, request_state=first.request_state)
    assert len(mails(uru)) == 1


async def test_a_card_decides_once_with_a_token_that_stands_in_its_meta_alone(
    connect: Connect, uru: Uru, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG, logger="uru_mcp")
    log = tmp_path / "audit.jsonl"
    said: list[str] = []
    async with connect(extensions=CARDS, CONFIRM="execute", AUDIT_LOG=str(log)) as claude:
        waits = await claude.call("uru_execute", SEND)
        card = card_of(waits)
        token = card["token"]
        assert not waits.is_error
        assert mails(uru) == []
        assert "Nothing was sent to Uru." in text_of(waits)
        assert (waits.structured_content or {})["waiting"]["arguments"] == card["arguments"]
        assert {key: card[key] for key in ("kind", "title", "app", "tool", "yes")} == {
            "kind": "confirmation",
            "title": "Send a mail",
            "app": "Gmail - Demo",
            "tool": "gmail_demo__GMAIL_SEND_EMAIL",
            "yes": "Run it",
        }
        looks = [await decided(claude, token, None)]
        done = await decided(claude, token)
        looks.append(await decided(claude, token, None))
        again = await decided(claude, token)
        said = [text_of(one) + json.dumps(one.structured_content) for one in (waits, done, again, *looks)]
    assert [(one.structured_content or {})["decision"]["state"] for one in looks] == ["open", "yes"]
    assert (done.structured_content or {})["user_decision"] == "yes"
    assert (again.structured_content or {})["error"]["code"] == "declined"
    assert "decided already: yes" in text_of(again)
    assert len(mails(uru)) == 1
    assert not [one for one in [*said, caplog.text, log.read_text()] if token in one]
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(one["tool"], one["outcome"], one.get("decided_by"), one.get("decided_how")) for one in entries] == [
        ("gmail_demo__GMAIL_SEND_EMAIL", "waiting", None, None),
        ("gmail_demo__GMAIL_SEND_EMAIL", "ok", "person", "card"),
        ("uru_decide", "declined", "nobody", "none"),
    ]


async def test_a_no_in_a_card_is_the_person_s_no(connect: Connect, uru: Uru) -> None:
    async with connect(extensions=CARDS, CONFIRM="execute") as claude:
        token = card_of(await claude.call("uru_execute", SEND))["token"]
        result = await decided(claude, token, "no")
        assert (await decided(claude, token)).is_error
    error = (result.structured_content or {})["error"]
    assert (error["code"], error["user_decision"]) == ("declined", "no")
    assert "said no" in error["message"]
    assert mails(uru) == []


@pytest.mark.parametrize("arguments", [{}, {"token": "", "decision": "yes"}, {"token": 1, "decision": "yes"},
                                       {"token": "0" * 64, "decision": "yes"}, {"decision": "yes"}])  # fmt: skip
async def test_without_its_token_nothing_is_decided(connect: Connect, uru: Uru, arguments: dict[str, Any]) -> None:
    async with connect(extensions=CARDS, CONFIRM="execute") as claude:
        await claude.call("uru_execute", SEND)
        result = await claude.call("uru_decide", arguments)
        assert result.is_error or (result.structured_content or {})["decision"] == {"state": "over"}
        assert (await claude.error("uru_execute", {"tool": "uru_decide", "input": arguments}))["code"] == "unknown_tool"
    assert mails(uru) == []


async def test_a_token_ends_with_the_key_that_it_was_made_with(connect: Connect, uru: Uru, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text(uru.key().text)
    async with connect(key="", API_KEY_FILE=str(file), extensions=CARDS, CONFIRM="execute") as claude:
        token = card_of(await claude.call("uru_execute", SEND))["token"]
        file.write_text(uru.key().text)
        result = await decided(claude, token)
    assert (result.structured_content or {})["error"]["code"] == "declined"
    assert mails(uru) == []


def test_a_token_is_good_for_ten_minutes() -> None:
    now = [0.0]
    decisions: Decisions[str] = Decisions(clock=lambda: now[0])
    first, second = decisions.open("a").token, decisions.open("b").token
    assert first != second
    assert first not in repr(decisions.__dict__)
    now[0] = LIFETIME
    assert decisions.take(first, "no").waiting == "a"
    now[0] = LIFETIME + 1
    assert decisions.state_of(second) == "over"
    with pytest.raises(Declined):
        decisions.take(second, "yes")


def test_a_yes_covers_its_own_tool_arguments_and_key_alone() -> None:
    key, mail = Key("uru_test_0123456789abcdef"), {"to": "ana"}
    yes = Consent("gmail__SEND", mail, key, "card")
    assert yes.covers("gmail__SEND", {}, {"to": "ana"}, key)
    assert not yes.covers("gmail__SEND", mail, {"to": "eve"}, key)
    assert not yes.covers("gmail__DELETE", mail, mail, key)
    assert not yes.covers("gmail__SEND", mail, mail, Key("uru_test_fedcba9876543210"))
    assert not Consent("gmail__SEND", mail, key, "card", "no").covers("gmail__SEND", mail, mail, key)


async def test_a_yes_runs_nothing_but_what_was_asked_about(uru: Uru) -> None:
    settings = read_settings({"URU_API_KEY": uru.key().text, "URU_CONFIRM": "execute"})
    bridge = Bridge(settings, Redaction(), transport=httpx2.ASGITransport(app=uru.sandbox.app))
    with anyio.fail_after(WITHIN):
        async with bridge.running():
            waiting = (await bridge.call_tool("uru_execute", SEND, way="terminal")).waits_for
            assert isinstance(waiting, Confirmation)
            other = {**SEND, "input": {**MAIL, "recipient_email": "eve@demo.example"}}
            ran = await bridge.call_tool("uru_execute", other, consent=waiting.consent("terminal", "yes"))
    assert ran.structure["error"]["code"] == "declined"
    assert mails(uru) == []


async def test_only_clients_with_cards_are_shown_the_deciding_tool_and_it_is_for_the_card(connect: Connect) -> None:
    async with connect(extensions=CARDS, CONFIRM="destructive") as claude:
        tools = await claude.tools()
    assert (tools["uru_decide"].meta or {}) == {"ui": {"visibility": ["app"]}}
    shown = {name for name, tool in tools.items() if "ui/resourceUri" in (tool.meta or {})}
    assert {"uru_execute", "uru_write", "platform__automation_run", "gmail_demo__GMAIL_SEND_EMAIL"} <= shown
    assert not {"uru_search_tools", "company_demo__LOG_NOTE"} & shown


async def test_without_a_setting_a_call_of_uru_execute_opens_no_card_and_its_run_waits_in_words(
    connect: Connect,
) -> None:
    async with connect(extensions=CARDS) as claude:
        tools = await claude.tools()
        waiting = await claude.call("uru_execute", REFUND)
    shown = {name for name, tool in tools.items() if "ui/resourceUri" in (tool.meta or {})}
    assert "platform__automation_run" in shown
    assert not {"uru_execute", "uru_result"} & shown
    assert "decide nothing yourself" in text_of(waiting)
    assert "card" not in text_of(waiting)
    assert META not in (waiting.meta or {})


async def test_a_card_is_only_asked_where_no_form_can_be(connect: Connect, uru: Uru) -> None:
    async with connect(on_question=Person(says("yes")), extensions=CARDS, CONFIRM="execute") as claude:
        result = await claude.call("uru_execute", SEND)
        tools = await claude.tools()
    assert result.meta is None or META not in result.meta
    assert len(mails(uru)) == 1
    assert "ui/resourceUri" not in (tools["uru_execute"].meta or {})


async def test_what_is_refused_anyway_is_not_asked_about(connect: Connect, uru: Uru) -> None:
    person = Person()
    async with connect({"read"}, on_question=person, CONFIRM="execute") as claude:
        assert (await claude.error("uru_execute", SEND))["code"] == "insufficient_permission"
    async with connect(on_question=person, CONFIRM="execute") as claude:
        assert (await claude.error("uru_execute", {**SEND, "input": {"cc": 1}}))["code"] == "invalid_arguments"
    assert person.asked == []


async def test_resources_do_not_read_what_a_person_must_say_yes_to(connect: Connect, uru: Uru) -> None:
    async with connect(CONFIRM="platform__context_query") as claude:
        report = await claude.whoami()
        found = await claude.data("uru_list_resources", {})
        before = uru.sent("/execute/")
        assert (await claude.error("uru_read_resource", {"uri": "uru://contexts/ctx_acme_prices"}))[
            "code"
        ] == "not_found"
        assert uru.sent("/execute/") == before
    assert {one["kind"] for one in found["resources"]} & {"contexts", "prompts"} == {"prompts"}
    (lacking,) = report["resources"]["not_offered"]
    assert lacking["why"] == "each call of platform__context_query needs a person's yes, as URU_CONFIRM says"


@pytest.mark.parametrize("way", ["elicitation", "none"])
async def test_the_audit_log_says_who_decided_and_how(connect: Connect, tmp_path: Path, way: str) -> None:
    log = tmp_path / "audit.jsonl"
    person = Person(says("yes"), says("no")) if way == "elicitation" else None
    async with connect(on_question=person, CONFIRM="execute", AUDIT_LOG=str(log)) as claude:
        await claude.call("uru_execute", NOTE)
        await claude.call("uru_execute", NOTE)
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    found = [(one["outcome"], one.get("decided_by"), one.get("decided_how")) for one in entries]
    if way == "none":
        assert found == [("declined", "nobody", "none")] * 2
    else:
        assert found == [
            ("waiting", None, None),
            ("ok", "person", "elicitation"),
            ("waiting", None, None),
            ("declined", "person", "elicitation"),
        ]
