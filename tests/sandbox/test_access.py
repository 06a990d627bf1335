"""Who gets in, and into which workspace."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.api.request_log import RequestLog
from uru_mcp.sandbox.data import clock
from uru_mcp.sandbox.data.database import Database
from uru_mcp.sandbox.data.keys import DeletedKey, Keys

from .callers import Connect, connected

ACME = "7b9f3c1e-2a4d-4e6f-8a1b-0c2d3e4f5a6b"
DOORS = ["/keys/self", "/namespaces", "/list/apps/platform/tools", "/tools/sync/version"]


def globex(sandbox: Sandbox) -> str:
    return next(one.id for one in sandbox.workspaces if one.name == "Globex")


async def test_health_needs_no_key(connect: Connect) -> None:
    async with connect() as anybody:
        answer = await anybody.get("/health", Authorization="")
    assert answer.status == 200


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer uru_sandbox_0000", "Basic dTpw", "Bearer ü"])
async def test_without_a_known_key_every_door_is_shut(connect: Connect, door: str, authorization: str) -> None:
    async with connect() as somebody:
        response = await somebody.http.get(door, headers=[(b"authorization", authorization.encode())])
    assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")


async def test_a_key_tells_about_itself(connect: Connect) -> None:
    async with connect(permissions={"execute", "read"}) as somebody:
        await somebody.get("/tools/sync/version")
        record = (await somebody.get("/keys/self")).body
    assert record["workspace"] == {"id": ACME, "name": "Acme"}
    assert record["permissions"] == ["read", "execute"]
    assert record["key"]["last4"] == somebody.text[-4:]
    assert record["key"]["status"] == "active"
    assert record["key"]["last_used_at"] is not None
    assert record["usage"] == {"requests_total": 2, "requests_24h": 2}


async def test_the_text_of_a_key_is_nowhere_in_the_database(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    sandbox = Sandbox.open(path)
    made = sandbox.keys.create(name="Test", workspace="Acme", permissions={"read"})
    sandbox.close()
    assert made.text.startswith("uru_sandbox_")
    assert made.text.encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


async def test_a_deleted_key_is_called_revoked(sandbox: Sandbox, connect: Connect) -> None:
    async with connect() as somebody:
        sandbox.keys.delete(somebody.key.id)
        answer = await somebody.get("/keys/self")
    assert (answer.status, answer.code) == (401, "revoked_api_key")


async def test_a_key_past_its_date_is_called_expired(sandbox: Sandbox, connect: Connect) -> None:
    past = clock.now() - timedelta(seconds=1)
    made = sandbox.keys.create(name="Old", workspace="Acme", permissions={"read"}, expires_at=past)
    async with connect() as somebody:
        answer = await somebody.get("/keys/self", Authorization=f"Bearer {made.text}")
    assert (answer.status, answer.code) == (401, "expired_api_key")


async def test_a_key_deleted_by_another_process_stops_at_once(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    sandbox = Sandbox.open(path)
    async with connected(sandbox) as somebody:
        assert (await somebody.get("/keys/self")).status == 200
        other = Database(path)
        Keys(other).delete(somebody.key.id)
        other.close()
        assert (await somebody.get("/keys/self")).code == "revoked_api_key"
    sandbox.close()


async def test_rotation_ends_the_old_key_at_once_or_after_the_overlap(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(permissions={"read"}) as somebody:
        second = sandbox.keys.rotate(somebody.key.id, overlap=timedelta(hours=1))
        assert (await somebody.get("/keys/self")).status == 200
        third = sandbox.keys.rotate(second.record.id)
        old = await somebody.get("/keys/self", Authorization=f"Bearer {second.text}")
        new = await somebody.get("/keys/self", Authorization=f"Bearer {third.text}")
    assert old.code == "revoked_api_key"
    assert new.body["permissions"] == ["read"]
    assert new.body["workspace"]["name"] == "Acme"
    assert sandbox.keys.get(somebody.key.id).expires_at is not None


async def test_changed_permissions_hold_from_the_next_request_on(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(permissions={"read"}) as somebody:
        assert (await somebody.call("company_demo__LOG_NOTE", text="hi")).status == 403
        sandbox.keys.set_permissions(somebody.key.id, {"execute"})
        await somebody.use("company_demo__LOG_NOTE", text="hi")
        assert (await somebody.call("platform__context_query", op="list")).status == 403


async def test_without_a_workspace_only_the_way_to_one_is_open(connect: Connect) -> None:
    async with connect(workspace=None, permissions=frozenset()) as somebody:
        assert (await somebody.get("/keys/self")).body["workspace"] is None
        assert (await somebody.get("/namespaces")).body == {"namespaces": [{"name": "platform", "recovery": True}]}
        tools = (await somebody.get("/list/apps/platform/tools")).body["tools"]
        assert [tool["name"] for tool in tools] == ["list_workspaces", "set_current_workspace"]
        for refused in (
            await somebody.get("/tools/sync/version"),
            await somebody.get("/list/apps/gmail_demo/tools"),
            await somebody.call("platform__context_query", op="list"),
            await somebody.call("company_demo__LIST_NOTES"),
        ):
            assert (refused.status, refused.code) == (409, "workspace_selection_required")
            assert refused.body["recovery_tools"] == ["list_workspaces", "set_current_workspace"]
            assert {"id": ACME, "name": "Acme"} in refused.body["available_workspaces"]


async def test_a_selected_workspace_stays_with_the_key(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(workspace=None) as somebody:
        await somebody.use("platform__set_current_workspace", workspace_id=globex(sandbox))
        assert (await somebody.get("/keys/self")).body["workspace"]["name"] == "Globex"
        listed = await somebody.use("platform__list_workspaces")
        assert {one["name"]: one["current"] for one in listed["workspaces"]} == {"Acme": False, "Globex": True}
        assert (await somebody.get("/tools/sync/version")).status == 200


async def test_a_key_made_for_one_workspace_selects_and_sees_no_other(sandbox: Sandbox, connect: Connect) -> None:
    async with connect() as somebody:
        refused = await somebody.call("platform__set_current_workspace", workspace_id=globex(sandbox))
        listed = await somebody.use("platform__list_workspaces")
        await somebody.use("platform__set_current_workspace", workspace_id=ACME)
        assert (await somebody.get("/keys/self")).body["workspace"]["name"] == "Acme"
    assert (refused.status, refused.code) == (403, "workspace_not_allowed_for_credential")
    assert [one["name"] for one in listed["workspaces"]] == ["Acme"]


async def test_the_header_selects_for_one_request(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(workspace=None) as somebody:
        answer = await somebody.get("/keys/self", X_Uru_Workspace_Id=globex(sandbox))
        assert answer.body["workspace"]["name"] == "Globex"
        assert (await somebody.get("/keys/self")).body["workspace"] is None


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        ("acme", 400, "workspace_id_invalid"),
        ("", 400, "workspace_id_invalid"),
        ("00000000-0000-4000-8000-000000000000", 403, "workspace_not_accessible"),
        ("c2a8e5d4-91b7-4f3a-a6d0-5e7f18293b4c", 403, "workspace_not_accessible"),
    ],
)
async def test_a_header_for_another_workspace_is_refused(connect: Connect, header: str, status: int, code: str) -> None:
    async with connect() as somebody:
        answer = await somebody.get("/keys/self", X_Uru_Workspace_Id=header)
        assert (await somebody.get("/keys/self", X_Uru_Workspace_Id=ACME.upper())).status == 200
    assert (answer.status, answer.code) == (status, code)


async def test_wrong_names_make_no_key(sandbox: Sandbox) -> None:
    with pytest.raises(LookupError):
        sandbox.keys.create(name="x", workspace="Nowhere", permissions={"read"})
    with pytest.raises(ValueError, match="reed"):
        sandbox.keys.create(name="x", workspace="Acme", permissions={"reed"})
    for name in ("", " \t", "a\x1b[2Jb", "a\nb", "a\u202eb", "\udcff"):
        with pytest.raises(ValueError, match="name"):
            sandbox.keys.create(name=name, workspace="Acme", permissions={"read"})
    assert sandbox.keys.list() == []


async def test_an_expired_key_can_be_deleted_once_and_is_then_called_revoked(
    sandbox: Sandbox, connect: Connect
) -> None:
    past = clock.now() - timedelta(seconds=1)
    made = sandbox.keys.create(name="Short-lived", workspace="Acme", permissions=(), expires_at=past)
    sandbox.keys.delete(made.record.id)
    async with connect() as somebody:
        answer = await somebody.get("/keys/self", Authorization=f"Bearer {made.text}")
    assert answer.code == "revoked_api_key"
    assert sandbox.keys.list()[0].status == "revoked"
    with pytest.raises(DeletedKey, match="deleted already"):
        sandbox.keys.delete(made.record.id)


async def test_requests_are_kept_as_they_came(sandbox: Sandbox, connect: Connect) -> None:
    async with connect() as somebody:
        await somebody.get("/namespaces?min_version=1")
        await somebody.call("company_demo__LOG_NOTE", text="hi")
    first, second = sandbox.requests
    assert (first.method, first.path, first.query, first.status) == ("GET", "/namespaces", "min_version=1", 200)
    assert second.headers["authorization"] == f"Bearer {somebody.text}"
    assert second.json == {"tool_name": "LOG_NOTE", "parameters": {"text": "hi"}}


async def test_of_many_requests_the_last_are_kept(sandbox: Sandbox) -> None:
    request_log = RequestLog(limit=3)
    transport = httpx2.ASGITransport(app=request_log.around(sandbox.app))
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        for number in range(5):
            await http.get(f"/health?{number}")
    assert [(request.query, request.status) for request in request_log.requests] == [("2", 200), ("3", 200), ("4", 200)]
