"""Every state a key can be in has its own words, and in each of them somebody can find out what to do."""

from __future__ import annotations

import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest

from tests.tools.test_shown_tools import Changes
from tests.world import ALL, Connect, Uru, connector, until
from uru_mcp.access.identity import Identity
from uru_mcp.credentials.api_key import Key
from uru_mcp.credentials.key_sources import KeyVariable
from uru_mcp.credentials.keyring import Keyring
from uru_mcp.permissions import Grant, Permission
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.api import UruClient
from uru_mcp.uru.http import Connection

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
            await claude.error("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}}),
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
        "read": {"answer": "yes", "how": "told"},
        "write": {"answer": "no", "how": "told"},
        "execute": {"answer": "yes", "how": "told"},
    }
    assert report["key"]["name"] == "Claude"
    assert report["key"]["age_days"] == 0
    assert (report["tools"]["allowed"], report["tools"]["blocked"]) == (23, 4)
    assert report["tools"]["missing"] == [{"permission": "write", "tools": 4, "apps": {"platform": 4}}]
    assert report["tools"]["fix"].startswith("Ask the user to give the key Write in Uru → Settings → API Keys")
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


@pytest.mark.parametrize("fixed", [False, True])
async def test_no_argument_reaches_another_workspace_but_an_apps_own(
    connect_once: Connect, uru: Uru, fixed: bool
) -> None:
    uru.faults.status("/namespaces", 200, body=["platform", "slack"])
    uru.faults.status("/list/apps/", 200, body=[{"name": "list_things"}])
    arguments = {"workspace_id": uru.globex.id}
    async with connect_once(**({"WORKSPACE_ID": uru.acme.id} if fixed else {})) as claude:
        error = await claude.error("platform__list_things", arguments)
        assert uru.sent("/execute/") == 0
        await claude.error("platform__list_things", {"workspace_id": uru.acme.id.upper()})
        await claude.error("slack__list_things", arguments)
    assert error["code"] == "invalid_arguments"
    assert "Leave workspace_id out" in error["fix"]
    assert uru.sent("/execute/") == 2


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
        await claude.error("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}})
        uru.faults.clear()
        await claude.data("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}})
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
        "read": {"answer": "yes", "how": "declared"},
        "write": {"answer": "no", "how": "declared"},
        "execute": {"answer": "no", "how": "declared"},
    }
    assert error["code"] == "insufficient_permission"
    assert uru.notes == []


async def test_a_service_that_does_not_tell_shows_read_by_one_harmless_read_and_nothing_else(
    connect: Connect, uru: Uru
) -> None:
    uru.faults.status("/keys/self", 404)
    listed, report, refused = await seen(connect)

    assert {"uru_read", "uru_list_resources", "platform__context_query"} <= listed
    assert not {"uru_write", "uru_execute", "platform__context_edit", "company_demo__LOG_NOTE"} & listed
    assert (report["state"], refused["code"]) == ("ready", "permissions_unknown")
    assert report["permissions"]["read"] == {"answer": "yes", "how": "seen"}
    assert report["permissions"]["write"] == report["permissions"]["execute"] == {"answer": "unknown", "how": None}
    assert '"URU_PERMISSIONS": "read,write,execute"' in refused["fix"]
    assert "Write or Execute" in refused["message"]
    assert uru.sent("/execute/") == uru.sent("/execute/platform__execute_tool") == 1
    assert uru.notes == []


async def test_a_key_without_read_shows_nothing_where_the_service_does_not_tell(connect: Connect, uru: Uru) -> None:
    uru.faults.status("/keys/self", 404)
    async with connect({"write", "execute"}) as claude:
        listed = set(await claude.tools())
        report = await claude.whoami()
        refused = await claude.error("platform__context_query", {"op": "list"})

    assert not {"uru_read", "uru_list_resources", "platform__context_query"} & listed
    assert report["permissions"]["read"]["answer"] == "no"
    assert refused["code"] == "insufficient_permission"
    assert uru.sent("/execute/") == 1


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


async def test_an_old_key_is_warned_of_and_a_limit_of_the_user_is_not(connect_once: Connect, uru: Uru) -> None:
    made = uru.key(ALL, created_at=datetime.now(UTC) - timedelta(days=120))
    async with connect_once(key=made.text, PERMISSIONS="read") as claude:
        warnings = [warning["message"] for warning in (await claude.whoami())["warnings"]]

    assert warnings == ["The key is 120 days old; Uru advises a new one every 90 days."]


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
    keyring = Keyring(KeyVariable(Key(key)), redaction)
    connection = Connection("http://127.0.0.1:1", keyring, workspace_id=None, redaction=redaction, transport=transport)
    identity = Identity(
        UruClient(connection, redaction),
        keyring,
        declared=None,
        allowed=frozenset(Permission),
        workspace_id=None,
        clock=clock,
    )
    async with anyio.create_task_group() as tasks:
        identity.start(tasks)
        yield identity
    await connection.aclose()


async def test_the_last_grant_holds_for_five_minutes_while_uru_cannot_be_asked(uru: Uru) -> None:
    clock = Clock()
    async with asking(uru, uru.key({"read"}).text, clock) as identity:
        assert (await identity.current()).state == "ready"

        uru.faults.status("/", 503, headers={"Retry-After": "60"})
        clock.now += 70
        doubtful = await identity.current()
        assert (doubtful.state, doubtful.grant) == ("ready", Grant(told=frozenset({Permission.READ})))
        assert doubtful.refresh_error is not None

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
        assert identity.key_status.grant is not None
        clock.now += 1
        assert identity.key_status.state == "unavailable"
        assert identity.key_status.grant is None


async def test_a_question_goes_on_when_those_who_wait_for_it_give_up(uru: Uru) -> None:
    uru.faults.delay("/keys/self", 0.3)
    async with asking(uru, uru.key({"read"}).text, Clock()) as identity:
        for _ in range(5):
            with anyio.move_on_after(0.1):
                await identity.current()
        assert identity.key_status.state == "ready"
    assert uru.sent("/keys/self") == 1


async def test_after_a_change_uru_is_asked_anew_and_not_an_older_question_believed(uru: Uru) -> None:
    clock = Clock()
    held = uru.faults.hold("/keys/self", times=1)
    async with asking(uru, uru.key().text, clock) as identity, anyio.create_task_group() as tasks:
        tasks.start_soon(identity.current)
        await until(lambda: uru.sent("/keys/self") > 0)
        clock.now += 1
        tasks.start_soon(identity.ask)
        await anyio.wait_all_tasks_blocked()
        held.set()
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
        ({"key": {"status": "Suspended"}}, "key_rejected"),
    ],
)
async def test_a_record_of_a_key_that_has_ended_closes_the_gate_where_nothing_else_answers(
    connect_once: Connect, uru: Uru, record: dict[str, Any], code: str
) -> None:
    body = {"workspace": {"id": uru.acme.id}, "permissions": ["read", "execute"], **record}
    uru.faults.status("/keys/self", 200, body=body)
    for path in ("/tools/sync/version", "/namespaces", "/list/apps"):
        uru.faults.status(path, 404)
    async with connect_once() as claude:
        assert set(await claude.tools()) == {"uru_whoami"}
        assert (await claude.whoami())["state"] == code


@pytest.mark.parametrize("status", ["revoked", "expired", "Deleted", "disabled"])
async def test_a_record_that_contradicts_an_uru_that_accepts_the_key_is_told_and_calls_go_on(
    connect_once: Connect, uru: Uru, status: str
) -> None:
    record = {"key": {"status": status}, "workspace": {"id": uru.acme.id}, "permissions": ["read", "execute"]}
    uru.faults.status("/keys/self", 200, body=record)
    async with connect_once() as claude:
        report = await claude.whoami()
        await claude.data("uru_execute", RUN)

    assert report["state"] == "ready"
    assert "Uru, which accepts the key" in report["problems"][0]["message"]
    assert uru.notes == ["hi"]


@pytest.mark.parametrize("expires_at", ["2020-01-01T00:00:00Z", "1999-12-31T23:59:59+00:00"])
async def test_a_date_in_the_past_by_this_clock_refuses_no_key_that_uru_accepts(
    connect_once: Connect, uru: Uru, expires_at: str
) -> None:
    record = {"key": {"expires_at": expires_at}, "workspace": {"id": uru.acme.id}, "permissions": ["execute"]}
    uru.faults.status("/keys/self", 200, body=record)
    async with connect_once() as claude:
        warnings = [warning["message"] for warning in (await claude.whoami())["warnings"]]
        await claude.data("uru_execute", RUN)

    assert any("By this machine's clock the key expired" in message for message in warnings)
    assert uru.notes == ["hi"]


@pytest.mark.parametrize("status", ["ACTIVE", "enabled", "valid", "ok", "", None, 1])
async def test_a_status_that_is_no_end_of_a_key_says_nothing(connect_once: Connect, uru: Uru, status: Any) -> None:
    record = {"key": {"status": status}, "workspace": {"id": uru.acme.id}, "permissions": ["execute"]}
    uru.faults.status("/keys/self", 200, body=record)
    async with connect_once() as claude:
        report = await claude.whoami()
    assert (report["state"], report["problems"]) == ("ready", [])


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


RUN = {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}}


async def test_a_call_asks_again_after_a_minute_and_a_list_always(connect_once: Connect, uru: Uru) -> None:
    clock = Clock()
    async with connect_once(clock=clock) as claude:
        await claude.data("uru_execute", RUN)
        asked: list[int] = []
        for seconds in (59, 1, 59, 1):
            clock.now += seconds
            await claude.data("uru_execute", RUN)
            asked.append(uru.sent("/keys/self"))
        await claude.tools()
        await claude.tools()
    assert asked == [1, 2, 2, 3]
    assert uru.sent("/keys/self") == 5


async def test_nobody_is_asked_while_nobody_calls(connect_once: Connect, uru: Uru) -> None:
    clock = Clock()
    made = uru.key()
    async with connect_once(key=made.text, clock=clock) as claude:
        await claude.tools()
        uru.sandbox.keys.delete(made.record.id)
        clock.now += 60
        await claude.error("uru_execute", RUN)
        sent = len(uru.sandbox.requests)
        for _ in range(5):
            await claude.error("uru_execute", RUN)
            await claude.tools()
            await claude.whoami()
        assert len(uru.sandbox.requests) == sent, "at most once in ten seconds"
        clock.now += 10
        assert len(uru.sandbox.requests) == sent, "and only when a call comes"
        await claude.error("uru_execute", RUN)
        assert (uru.sent("/keys/self"), len(uru.sandbox.requests)) == (3, sent + 2)
    assert uru.sent("/execute/") == 0


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("path", ["/execute/company_demo", "/list/apps/company_demo/"])
async def test_after_a_refusal_of_any_request_uru_is_asked_again(
    connect_once: Connect, uru: Uru, path: str, status: int
) -> None:
    uru.faults.status(path, status, times=1)
    async with connect_once(clock=Clock()) as claude:
        await claude.tools()
        await claude.call("uru_execute", RUN)
        await claude.call("uru_search_tools", {"query": "note"})
        assert uru.sent("/keys/self") == 2
        await claude.call("uru_search_tools", {"query": "note"})
        assert uru.sent("/keys/self") == 2, "once is enough"
        assert (await claude.whoami())["state"] == "ready", "it was not about the key"


async def test_a_key_that_ends_while_the_catalog_is_asked_for_is_called_that(connect_once: Connect, uru: Uru) -> None:
    made = uru.key()
    uru.faults.delay("/namespaces", 0.3, times=1)
    async with connect_once(key=made.text, clock=Clock()) as claude, anyio.create_task_group() as tasks:
        tasks.start_soon(claude.tools)
        await until(lambda: uru.sent("/namespaces") == 1)
        uru.sandbox.keys.delete(made.record.id)
        error = await claude.error("uru_execute", RUN)
    assert error["code"] == "key_revoked"
    assert uru.sent("/keys/self") == 2


async def test_who_has_just_widened_a_key_does_not_wait(connect_once: Connect, uru: Uru) -> None:
    made = uru.key({"read"})
    async with connect_once(key=made.text, clock=Clock()) as claude:  # which stands still
        await claude.tools()
        await claude.error("uru_execute", RUN)
        uru.sandbox.keys.set_permissions(made.record.id, {"read", "execute"})
        await claude.data("uru_execute", RUN)
    assert uru.notes == ["hi"]


async def test_one_question_at_a_time_is_put_however_many_calls_wait(connect_once: Connect, uru: Uru) -> None:
    clock = Clock()
    async with connect_once(clock=clock) as claude:
        await claude.tools()
        clock.now += 60
        uru.faults.delay("/keys/self", 0.2)
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(claude.data, "uru_execute", RUN)
    assert uru.sent("/keys/self") == 2
    assert uru.notes == ["hi"] * 20


async def test_many_calls_that_are_refused_together_ask_once_about_their_key(connect_once: Connect, uru: Uru) -> None:
    made = uru.key()
    async with connect_once(key=made.text, clock=Clock()) as claude:
        await claude.tools()
        held = uru.faults.hold("/execute/")
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(claude.error, "uru_execute", RUN)
            await until(lambda: uru.sent("/execute/") == 10)
            uru.sandbox.keys.delete(made.record.id)
            held.set()
        await claude.error("uru_execute", RUN)
    assert uru.sent("/execute/") == 10
    assert uru.sent("/keys/self") == 2


async def test_permissions_that_shrink_and_grow_move_the_gate_and_clients_are_told(uru: Uru) -> None:
    clock, changes = Clock(), Changes()
    made = uru.key({"read", "execute"})
    async with connector(uru, "legacy")(key=made.text, clock=clock, on_message=changes) as claude:
        assert RUN["tool"] in await claude.tools()
        uru.sandbox.keys.set_permissions(made.record.id, {"read"})
        clock.now += 60
        error = await claude.error("uru_execute", RUN)
        await changes.arrived()
        assert RUN["tool"] not in await claude.tools()
        assert (error["code"], uru.sent("/execute/")) == ("insufficient_permission", 0)

        uru.sandbox.keys.set_permissions(made.record.id, {"read", "execute"})
        clock.now += 10
        await claude.data("uru_execute", RUN)
        assert RUN["tool"] in await claude.tools()
    assert uru.notes == ["hi"]


async def test_a_permission_that_uru_takes_away_within_the_minute_closes_the_gate_at_the_next_call(
    connect_once: Connect, uru: Uru
) -> None:
    made = uru.key({"read", "execute"})
    async with connect_once(key=made.text, clock=Clock()) as claude:
        await claude.tools()
        uru.sandbox.keys.set_permissions(made.record.id, {"read"})
        first = await claude.error("uru_execute", RUN)
        second = await claude.error("uru_execute", RUN)
    assert first["code"] == second["code"] == "insufficient_permission"
    assert "Nothing was sent" in second["message"]
    assert uru.sent("/execute/") == 1


async def test_the_last_grant_holds_for_five_minutes_and_then_the_gate_says_why_it_is_closed(
    connect_once: Connect, uru: Uru
) -> None:
    clock = Clock()
    async with connect_once(clock=clock) as claude:
        await claude.tools()
        for path in ("/keys/self", "/tools/sync/version", "/namespaces", "/list/apps"):
            uru.faults.status(path, 503, headers={"Retry-After": "60"})
        clock.now += 299
        await claude.data("uru_execute", RUN)
        doubtful = await claude.whoami()
        clock.now += 1
        error = await claude.error("uru_execute", RUN)
        closed = await claude.whoami()

    assert doubtful["state"] == "ready"
    assert "The last known permissions are used." in doubtful["problems"][0]["message"]
    assert closed["state"] == error["code"] == "unavailable"
    assert error["message"].startswith("Uru failed (503).")
    assert uru.notes == ["hi"]


async def test_a_refusal_of_the_question_itself_is_no_reason_to_put_it_again_at_once(
    connect_once: Connect, uru: Uru
) -> None:
    clock = Clock()
    async with connect_once(clock=clock) as claude:
        await claude.tools()
        uru.faults.status("/keys/self", 403)
        clock.now += 60
        for _ in range(5):
            await claude.data("uru_execute", RUN)
    assert uru.sent("/keys/self") == 2


async def test_after_a_selection_uru_is_asked_again_at_once(connect_once: Connect, uru: Uru) -> None:
    made = uru.key(workspace=None)
    uru.sandbox.keys.select_workspace(made.record.id, uru.acme.id)
    async with connect_once(key=made.text, clock=Clock()) as claude:
        await claude.tools()
        await claude.data("platform__set_current_workspace", {"workspace_id": uru.globex.id})
    paths = [one.path.split("/")[1] for one in uru.sandbox.requests]
    assert set(paths[paths.index("execute") + 1 :][:2]) == {"keys", "tools"}
    assert uru.sent("/keys/self") == 2


async def test_a_401_of_a_run_does_not_condemn_the_key(connect_once: Connect, uru: Uru) -> None:
    uru.faults.status("/execute/", 401, body={"code": "revoked_api_key"}, times=1)
    async with connect_once(clock=Clock()) as claude:
        error = await claude.error("uru_execute", RUN)
        assert error["code"] == "connection_problem"
        await claude.data("uru_execute", RUN)
    assert uru.notes == ["hi"]


STEPS = {
    "API_KEY": "put it into URU_API_KEY, and restart the client, and delete the old key.",
    "API_KEY_FILE": "(no restart is needed), and delete the old key.",
    "API_KEY_COMMAND": "such as your password manager (no restart is needed), and delete the old key.",
}


@pytest.mark.parametrize("source", STEPS)
@pytest.mark.parametrize(
    ("age", "left", "warned"),
    [
        (89, 15, []),
        (90, None, ["The key is 90 days old; Uru advises a new one every 90 days."]),
        (10, 13, ["The key expires in 13 days"]),
        (10, 1, ["The key expires tomorrow"]),
        (91, 0, ["The key is 91 days old", "The key expires in less than a day"]),
    ],
)
async def test_a_key_that_is_old_or_ends_soon_is_warned_of_with_the_steps_that_fit_its_source(
    connect_once: Connect, uru: Uru, tmp_path: Path, source: str, age: int, left: int | None, warned: list[str]
) -> None:
    now = datetime.now(UTC)
    ends = None if left is None else now + timedelta(days=left, hours=1)
    text = uru.key(created_at=now - timedelta(days=age, hours=1), expires_at=ends).text
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text(text)
    printing = shlex.join([sys.executable, "-c", "import sys; print(open(sys.argv[1]).read())", str(file)])
    given = {"API_KEY": text, "API_KEY_FILE": str(file), "API_KEY_COMMAND": printing}
    async with connect_once(key="", **{source: given[source]}) as claude:
        warnings = (await claude.whoami())["warnings"]

    assert len(warnings) == len(warned)
    for warning, start in zip(warnings, warned, strict=True):
        assert warning["message"].startswith(start)
        assert warning["fix"].startswith("Rotate it: create a new key in Uru → Settings → API Keys")
        assert warning["fix"].endswith(STEPS[source])
