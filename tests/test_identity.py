"""Every state a key can be in has its own words, and in each of them somebody can find out what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest

from tests.world import ALL, Connect, Uru
from uru_mcp.client import UruClient
from uru_mcp.connection import Connection
from uru_mcp.identity import Identity
from uru_mcp.key import Key
from uru_mcp.permissions import Grant, Permission
from uru_mcp.redaction import Redaction

UNKNOWN_KEY = "uru_test_" + "0" * 40
OWN_AND_SELECTION = {
    "uru_whoami",
    "uru_search_tools",
    "uru_read",
    "uru_write",
    "uru_execute",
    "uru_result",
    "uru_list_resources",
    "uru_read_resource",
    "platform__list_workspaces",
    "platform__set_current_workspace",
}


async def seen(connect: Connect, **how: Any) -> tuple[set[str], dict[str, Any], dict[str, Any]]:
    """What is listed, what uru_whoami says, and how a run is refused."""
    async with connect(**how) as claude:
        return (
            set(await claude.tools()),
            await claude.whoami(),
            await claude.error("uru_execute", {"tool": "company_demo__LOG_NOTE", "arguments": {"text": "hi"}}),
        )


async def test_a_good_key_is_ready(connect: Connect, uru: Uru) -> None:
    async with connect({"read", "execute"}) as claude:
        report = await claude.whoami()

    assert report["state"] == "ready"
    assert report["workspace"] == {"id": uru.acme.id, "name": "Acme"}
    assert report["permissions"] == {
        "granted": ["read", "execute"],
        "ceiling": None,
        "effective": ["read", "execute"],
        "known_from": "uru",
    }
    assert report["key"]["name"] == "Claude"
    assert report["key"]["age_days"] == 0
    assert (report["tools"]["allowed"], report["tools"]["blocked"]) == (23, 4)
    assert {"tool": "platform__context_edit", "missing": ["write"]} in report["tools"]["blocked_tools"]
    assert (report["problems"], report["warnings"]) == ([], [])


async def test_without_a_key_nothing_is_sent_and_the_variable_is_named(connect: Connect, uru: Uru) -> None:
    listed, report, refused = await seen(connect, key="")

    assert listed == {"uru_whoami"}
    assert report["state"] == refused["code"] == "not_configured"
    assert [problem["message"] for problem in report["problems"]] == ["URU_API_KEY is not set."]
    assert list(uru.sandbox.requests) == []


async def test_a_malformed_key_is_not_sent_anywhere(connect: Connect, uru: Uru) -> None:
    listed, report, refused = await seen(connect, key="sk-test-not-from-uru")

    assert listed == {"uru_whoami"}
    assert report["state"] == refused["code"] == "malformed_key"
    assert "it does not start with uru_" in refused["message"]
    assert list(uru.sandbox.requests) == []


async def test_a_placeholder_that_nobody_filled_in_is_called_one(connect: Connect, uru: Uru) -> None:
    listed, report, refused = await seen(connect, key="${URU_API_KEY}")

    assert listed == {"uru_whoami"}
    assert report["state"] == refused["code"] == "not_configured"
    assert "placeholder" in refused["message"]
    assert list(uru.sandbox.requests) == []


async def test_a_misspelt_setting_opens_nothing(connect: Connect, uru: Uru) -> None:
    listed, report, refused = await seen(connect, PERMISSION="read")

    assert listed == {"uru_whoami"}
    assert refused["code"] == "not_configured"
    assert report["problems"][0]["fix"] == "Did you mean URU_PERMISSIONS? Rename it, or remove it."
    assert list(uru.sandbox.requests) == []


async def test_an_unknown_key_is_rejected_and_nothing_but_whoami_is_left(connect: Connect, uru: Uru) -> None:
    listed, report, refused = await seen(connect, key=UNKNOWN_KEY)

    assert listed == {"uru_whoami"}
    assert report["state"] == refused["code"] == "key_rejected"
    assert "Uru does not know this API key." in refused["message"]
    assert report["key"]["last4"] == "0000"
    assert uru.sent("/execute/") == 0


async def test_a_revoked_key_is_said_to_be_revoked(connect: Connect, uru: Uru) -> None:
    made = uru.key()
    uru.sandbox.keys.delete(made.record.id)
    listed, report, refused = await seen(connect, key=made.text)

    assert listed == {"uru_whoami"}
    assert report["state"] == refused["code"] == "key_revoked"
    assert uru.sent("/execute/") == 0


async def test_an_expired_key_is_said_to_have_expired(connect: Connect, uru: Uru) -> None:
    made = uru.key(expires_at=datetime.now(UTC) - timedelta(days=1))
    listed, report, refused = await seen(connect, key=made.text)

    assert listed == {"uru_whoami"}
    assert report["state"] == refused["code"] == "key_expired"


async def test_a_key_that_is_revoked_at_work_is_found_out_at_the_next_call(connect: Connect, uru: Uru) -> None:
    made = uru.key()
    async with connect(key=made.text) as claude:
        await claude.data("company_demo__LOG_NOTE", {"text": "before"})
        uru.sandbox.keys.delete(made.record.id)
        error = await claude.error("company_demo__LOG_NOTE", {"text": "after"})
        sent = uru.sent("/execute/")
        again = await claude.error("company_demo__LOG_NOTE", {"text": "after"})

        assert error["code"] == again["code"] == "key_revoked"
        assert uru.sent("/execute/") == sent, "a key known to be revoked is not tried again"
        assert set(await claude.tools()) == {"uru_whoami"}
    assert uru.notes == ["before"]


async def test_without_a_workspace_one_can_be_selected_and_the_rest_is_there_at_once(
    connect: Connect, uru: Uru
) -> None:
    async with connect({"execute"}, workspace=None) as claude:
        assert set(await claude.tools()) == {
            "uru_whoami",
            "uru_search_tools",
            "uru_execute",
            "uru_result",
            "platform__list_workspaces",
            "platform__set_current_workspace",
        }
        error = await claude.error("uru_search_tools", {"query": "note"})
        assert error["code"] == "workspace_selection_required"
        assert "platform__set_current_workspace" in error["fix"]
        assert (await claude.whoami())["state"] == "workspace_selection_required"

        offered = (await claude.data("platform__list_workspaces"))["data"]["workspaces"]
        assert {workspace["name"] for workspace in offered} == {"Acme", "Globex"}
        await claude.data("platform__set_current_workspace", {"workspace_id": uru.globex.id})

        await claude.data("company_demo__LOG_NOTE", {"text": "in Globex"})
        assert "company_demo__LOG_NOTE" in await claude.tools()
        assert (await claude.whoami())["workspace"] == {"id": uru.globex.id, "name": "Globex"}
    assert uru.notes == ["in Globex"]


async def test_a_workspace_can_be_selected_with_no_permission_at_all(connect: Connect, uru: Uru) -> None:
    async with connect(set(), workspace=None) as claude:
        await claude.data("platform__set_current_workspace", {"workspace_id": uru.acme.id})
        assert (await claude.whoami())["workspace"]["name"] == "Acme"


async def test_the_workspace_that_the_user_fixed_cannot_be_left(connect_once: Connect, uru: Uru) -> None:
    async with connect_once(workspace=None, WORKSPACE_ID=uru.acme.id) as claude:
        assert (await claude.whoami())["workspace"]["name"] == "Acme"
        sent = uru.sent("/execute/")
        error = await claude.error("platform__set_current_workspace", {"workspace_id": uru.globex.id})

    assert error["code"] == "invalid_arguments"
    assert "URU_WORKSPACE_ID" in error["message"]
    assert uru.sent("/execute/") == sent


async def test_a_workspace_that_is_not_the_keys_is_refused(connect: Connect, uru: Uru) -> None:
    listed, report, refused = await seen(connect, workspace="Acme", WORKSPACE_ID=uru.globex.id)

    assert listed == {"uru_whoami"}
    assert report["state"] == refused["code"] == "workspace_not_accessible"
    assert "URU_WORKSPACE_ID" in refused["fix"]
    assert uru.sent("/execute/") == 0


async def test_while_uru_is_down_our_own_tools_are_listed_and_the_gate_is_closed(connect: Connect, uru: Uru) -> None:
    uru.faults.status("/", 503, headers={"Retry-After": "60"})
    listed, report, refused = await seen(connect)

    assert listed == OWN_AND_SELECTION
    assert report["state"] == refused["code"] == "unavailable"
    assert refused["retryable"] is True
    assert uru.sent("/execute/") == 0


async def test_when_uru_is_back_the_next_call_finds_it(connect: Connect, uru: Uru) -> None:
    uru.faults.status("/", 503, headers={"Retry-After": "60"})
    async with connect() as claude:
        await claude.error("uru_execute", {"tool": "company_demo__LOG_NOTE", "arguments": {"text": "hi"}})
        uru.faults.clear()
        await claude.data("uru_execute", {"tool": "company_demo__LOG_NOTE", "arguments": {"text": "hi"}})
        assert "company_demo__LOG_NOTE" in await claude.tools()
    assert uru.notes == ["hi"]


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_service_that_does_not_tell_permissions_has_them_declared(
    connect_once: Connect, uru: Uru, status: int
) -> None:
    uru.faults.status("/keys/self", status)
    async with connect_once(ALL, PERMISSIONS="read") as claude:
        report = await claude.whoami()
        error = await claude.error("company_demo__LOG_NOTE", {"text": "hi"})
        assert "platform__context_query" in await claude.tools()

    assert report["state"] == "ready"
    assert report["permissions"] == {
        "granted": None,
        "ceiling": ["read"],
        "effective": ["read"],
        "known_from": "declared",
    }
    assert error["code"] == "insufficient_permission"
    assert uru.notes == []


async def test_a_service_that_does_not_tell_and_no_declaration_allow_nothing(connect: Connect, uru: Uru) -> None:
    uru.faults.status("/keys/self", 404)
    listed, report, refused = await seen(connect)

    assert listed == {
        "uru_whoami",
        "uru_search_tools",
        "uru_result",
        "platform__list_workspaces",
        "platform__set_current_workspace",
    }
    assert report["state"] == refused["code"] == "permissions_unknown"
    assert "URU_PERMISSIONS=read,execute" in refused["fix"]
    assert uru.sent("/execute/") == 0


async def test_a_dead_key_is_found_out_also_where_the_service_does_not_tell(connect: Connect, uru: Uru) -> None:
    uru.faults.status("/keys/self", 404)
    listed, report, _ = await seen(connect, key=UNKNOWN_KEY, PERMISSIONS="read")

    assert listed == {"uru_whoami"}
    assert report["state"] == "key_rejected"


async def test_a_permission_that_nobody_knows_widens_nothing_and_is_said(connect_once: Connect, uru: Uru) -> None:
    record = {"permissions": "READ, admin", "workspace_id": uru.acme.id}
    uru.faults.status("/keys/self", 200, body=record)
    async with connect_once() as claude:
        report = await claude.whoami()

    assert report["permissions"]["effective"] == ["read"]
    assert "admin" in report["warnings"][0]["message"]


async def test_a_key_that_is_widened_does_not_wait(connect_once: Connect, uru: Uru) -> None:
    made = uru.key({"read"})
    async with connect_once(key=made.text) as claude:
        refused = await claude.error("company_demo__LOG_NOTE", {"text": "hi"})
        assert refused["missing"] == ["execute"]
    uru.sandbox.keys.set_permissions(made.record.id, {"read", "execute"})
    async with connect_once(key=made.text) as claude:
        await claude.data("company_demo__LOG_NOTE", {"text": "hi"})
    assert uru.notes == ["hi"]


async def test_an_old_key_and_useless_permissions_are_warned_of(connect_once: Connect, uru: Uru) -> None:
    made = uru.key(ALL, created_at=datetime.now(UTC) - timedelta(days=120))
    async with connect_once(key=made.text, PERMISSIONS="read") as claude:
        warnings = [warning["message"] for warning in (await claude.whoami())["warnings"]]

    assert warnings == [
        "The key is 120 days old; Uru advises a new one every 90 days.",
        "The key has Write and Execute, which URU_PERMISSIONS makes useless here.",
    ]


class Clock:
    """Seconds that pass when a test says so."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def asking(uru: Uru, key: str, clock: Clock) -> AsyncIterator[Identity]:
    """An identity of its own, for what takes minutes."""
    redaction = Redaction()
    transport = httpx2.ASGITransport(app=uru.sandbox.app)
    connection = Connection("http://127.0.0.1:1", Key(key), workspace_id=None, redaction=redaction, transport=transport)
    identity = Identity(UruClient(connection, redaction), ceiling=None, workspace_id=None, clock=clock)
    async with anyio.create_task_group() as tasks:
        identity.start(tasks)
        yield identity
    await connection.aclose()


async def test_the_last_grant_holds_for_five_minutes_while_uru_cannot_be_asked(uru: Uru) -> None:
    clock = Clock()
    async with asking(uru, uru.key({"read"}).text, clock) as identity:
        assert (await identity.current()).state == "ready"

        uru.faults.status("/keys/self", 503, headers={"Retry-After": "60"})
        clock.now += 70
        doubtful = await identity.current()
        assert (doubtful.state, doubtful.grant) == ("ready", Grant(frozenset({Permission.READ}), None))
        assert doubtful.doubt is not None

        clock.now += 240
        closed = await identity.current()
        assert closed.state == "unavailable"
        assert closed.grant is None

        uru.faults.clear()
        clock.now += 1
        assert (await identity.current()).state == "ready"


async def test_a_grant_that_nobody_confirms_ends_also_while_a_question_is_under_way(uru: Uru) -> None:
    clock = Clock()
    async with asking(uru, uru.key({"read"}).text, clock) as identity:
        await identity.current()
        clock.now += 299
        assert identity.standing.grant is not None
        clock.now += 1
        assert identity.standing.state == "unavailable"
        assert identity.standing.grant is None


async def test_a_question_goes_on_when_those_who_wait_for_it_give_up(uru: Uru) -> None:
    uru.faults.delay("/keys/self", 0.3)
    async with asking(uru, uru.key({"read"}).text, Clock()) as identity:
        for _ in range(5):
            with anyio.move_on_after(0.1):
                await identity.current()
        assert identity.standing.state == "ready"
    assert uru.sent("/keys/self") == 1


async def test_after_a_change_uru_is_asked_anew_and_not_an_older_question_believed(uru: Uru) -> None:
    clock = Clock()
    uru.faults.delay("/keys/self", 0.2)
    async with asking(uru, uru.key().text, clock) as identity, anyio.create_task_group() as tasks:
        tasks.start_soon(identity.current)
        with anyio.fail_after(5):
            while uru.sent("/keys/self") == 0:
                await anyio.lowlevel.checkpoint()
        clock.now += 1
        await identity.ask()
    assert uru.sent("/keys/self") == 2


async def test_a_good_answer_is_used_for_a_minute_and_a_bad_key_is_tried_again_after_ten_seconds(uru: Uru) -> None:
    clock = Clock()
    made = uru.key()
    asked = []
    async with asking(uru, made.text, clock) as identity:
        for seconds in (0, 59, 2, 9, 2):
            clock.now += seconds
            await identity.current()
            asked.append(uru.sent("/keys/self"))
            if seconds == 59:
                uru.sandbox.keys.delete(made.record.id)
    assert asked == [1, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"key": {"status": "revoked"}}, "key_revoked"),
        ({"key": {"status": "expired"}}, "key_expired"),
        ({"key": {"status": "disabled"}}, "key_rejected"),
        ({"key": {"expires_at": "2020-01-01T00:00:00Z"}}, "key_expired"),
    ],
)
async def test_a_record_of_a_key_that_has_ended_closes_the_gate(
    connect_once: Connect, uru: Uru, record: dict[str, Any], code: str
) -> None:
    body = {"workspace": {"id": uru.acme.id}, "permissions": ["read", "execute"], **record}
    uru.faults.status("/keys/self", 200, body=body)
    async with connect_once() as claude:
        assert set(await claude.tools()) == {"uru_whoami"}
        assert (await claude.whoami())["state"] == code


async def test_permissions_that_cannot_be_read_are_none_whatever_the_ceiling_says(
    connect_once: Connect, uru: Uru
) -> None:
    uru.faults.status("/keys/self", 200, body={"workspace_id": uru.acme.id, "permissions": {"read": True}})
    async with connect_once(PERMISSIONS="read,execute") as claude:
        assert (await claude.whoami())["permissions"]["effective"] == []


async def test_whoami_knows_of_a_revoked_key_before_any_other_call_does(connect_once: Connect, uru: Uru) -> None:
    made = uru.key()
    uru.sandbox.keys.delete(made.record.id)
    async with connect_once(key=made.text) as claude:
        assert (await claude.data("uru_whoami", {"why": "just asking"}))["state"] == "key_revoked"


async def test_a_selection_changes_the_tools_also_where_uru_does_not_tell_the_workspace(
    connect_once: Connect, uru: Uru
) -> None:
    uru.faults.status("/keys/self", 404)
    tool = {"name": "ONLY_IN_GLOBEX", "inputSchema": {"type": "object"}}
    uru.sandbox.put_tool(uru.globex.id, "company_demo", tool)
    made = uru.key(workspace=None)
    async with connect_once(key=made.text, PERMISSIONS="read,execute") as claude:
        await claude.data("platform__set_current_workspace", {"workspace_id": uru.acme.id})
        assert "company_demo__ONLY_IN_GLOBEX" not in await claude.tools()
        await claude.data("platform__set_current_workspace", {"workspace_id": uru.globex.id})
        assert "company_demo__ONLY_IN_GLOBEX" in await claude.tools()
