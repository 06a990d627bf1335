"""A key is replaced while the server runs: what belonged to the old one is not used, and no run happens twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.access.test_identity import Clock
from tests.credentials.test_key_sources import NOTE, printing, write
from tests.process import served
from tests.tools.test_shown_tools import Changes
from tests.world import ALL, Connect, Uru, connector, until
from uru_mcp.sandbox.serve import serving

READ = "platform__context_query"
LIST: dict[str, Any] = {"op": "list", "limit": 1}
SOURCES = ["file", "command"]


def settings(source: str, file: Path) -> dict[str, str]:
    return {"API_KEY_FILE": str(file)} if source == "file" else {"API_KEY_COMMAND": printing(file)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "key"


def keys_sent(uru: Uru, path: str) -> list[str]:
    """The last four of the key of each request whose path starts so."""
    return [one.headers["authorization"][-4:] for one in uru.sandbox.requests if one.path.startswith(path)]


async def test_a_new_key_in_the_file_is_used_from_the_next_call_on(connect: Connect, uru: Uru, file: Path) -> None:
    old, new = uru.key(), uru.key()
    write(file, old.text)
    async with connect(key="", API_KEY_FILE=str(file)) as claude:
        await claude.data(NOTE, {"text": "old"})
        write(file, new.text)
        uru.sandbox.keys.delete(old.record.id)
        await claude.data(NOTE, {"text": "new"})
        assert (await claude.whoami())["key"]["last4"] == new.record.last4

    assert uru.notes == ["old", "new"]
    assert keys_sent(uru, "/execute/") == [old.record.last4, new.record.last4], "the old one is not even tried"


@pytest.mark.parametrize("tool", [READ, NOTE])
async def test_what_uru_refused_for_its_key_is_sent_once_more_with_the_new_one(
    connect: Connect, uru: Uru, file: Path, tool: str
) -> None:
    old, new = uru.key(), uru.key()
    write(file, old.text)
    async with connect(key="", API_KEY_COMMAND=printing(file)) as claude:
        await claude.data(READ, LIST)
        write(file, new.text)
        uru.sandbox.keys.delete(old.record.id)
        await claude.data(tool, {"text": "once"} if tool == NOTE else LIST)

    assert keys_sent(uru, "/execute/") == [old.record.last4, old.record.last4, new.record.last4]
    assert uru.notes == (["once"] if tool == NOTE else [])


async def test_a_resource_that_was_refused_for_its_key_is_read_with_the_new_one(
    connect_once: Connect, uru: Uru, file: Path
) -> None:
    old, new = uru.key(), uru.key()
    write(file, old.text)
    async with connect_once(key="", API_KEY_COMMAND=printing(file)) as claude:
        before = await claude.resources()
        write(file, new.text)
        uru.sandbox.keys.delete(old.record.id)
        assert await claude.resources() == before


@pytest.mark.parametrize(
    ("of_the_run", "of_the_key"),
    [
        (None, {"code": "revoked_api_key"}),
        ({"code": "invalid_api_key"}, {"code": "revoked_api_key"}),
        (None, {"code": "invalid_api_key"}),
        (None, None),
    ],
)
async def test_a_run_that_may_have_begun_is_not_sent_again_with_the_new_key(
    connect: Connect, uru: Uru, file: Path, of_the_run: Any, of_the_key: Any
) -> None:
    """An app answers 401 too, so it counts only when Uru says of the key, in its own code, what the run was told."""
    old, new = uru.key(), uru.key()
    write(file, old.text)
    async with connect(key="", API_KEY_COMMAND=printing(file)) as claude:
        await claude.tools()
        write(file, new.text)
        for path in ("/keys/self", "/tools/sync/version"):
            uru.faults.status(path, 401, body=of_the_key, times=1)
        uru.faults.status("/execute/", 401, body=of_the_run, times=1)
        error = await claude.error("uru_execute", {"tool": NOTE, "input": {"text": "hi"}})
        assert (error["code"], error["retryable"]) == ("unconfirmed", False)
        assert uru.sent("/execute/") == 1
        assert (await claude.whoami())["key"]["last4"] == new.record.last4


async def test_a_run_is_not_sent_again_when_nobody_asked_about_its_key(
    connect_once: Connect, uru: Uru, file: Path
) -> None:
    old, new = uru.key(), uru.key()
    write(file, old.text)
    async with connect_once(key="", API_KEY_FILE=str(file)) as claude:
        await claude.tools()
        held = uru.faults.hold("/execute/", times=1)
        uru.faults.status("/execute/", 401, body={"code": "revoked_api_key"}, times=1)
        errors = []

        async def run() -> None:
            errors.append(await claude.error("uru_execute", {"tool": NOTE, "input": {"text": "hi"}}))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await until(lambda: uru.sent("/execute/") == 1)
            write(file, new.text)
            held.set()
    assert [error["code"] for error in errors] == ["unconfirmed"]
    assert uru.sent("/execute/") == 1


async def test_what_uru_once_said_of_a_key_that_it_accepts_again_proves_nothing(
    connect_once: Connect, uru: Uru, file: Path
) -> None:
    clock = Clock()
    old, new = uru.key(), uru.key()
    write(file, old.text)
    for path in ("/keys/self", "/tools/sync/version"):
        uru.faults.status(path, 401, body={"code": "revoked_api_key"})
    async with connect_once(key="", API_KEY_FILE=str(file), clock=clock) as claude:
        assert (await claude.error("uru_execute", {"tool": NOTE, "input": {"text": "hi"}}))["code"] == "key_revoked"
        uru.faults.clear()
        clock.now += 10
        assert (await claude.whoami())["state"] == "ready"
        held = uru.faults.hold("/execute/", times=1)
        uru.faults.status("/execute/", 401, body={"code": "revoked_api_key"}, times=1)
        errors = []

        async def run() -> None:
            errors.append(await claude.error("uru_execute", {"tool": NOTE, "input": {"text": "hi"}}))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await until(lambda: uru.sent("/execute/") == 1)
            write(file, new.text)
            held.set()
    assert [error["code"] for error in errors] == ["unconfirmed"]
    assert uru.notes == []


async def test_a_tool_that_was_found_for_the_old_key_is_not_run_with_the_new_one(
    connect: Connect, uru: Uru, file: Path
) -> None:
    """The old key lacks Execute, so Uru is asked once more before the refusal, and that finds the new key."""
    clock = Clock()
    uru.sandbox.put_tool(uru.acme.id, "company_demo", {"name": "ONLY_IN_ACME", "inputSchema": {"type": "object"}})
    old, new = uru.key({"read"}), uru.key(workspace="Globex")
    write(file, old.text)
    async with connect(key="", API_KEY_COMMAND=printing(file), clock=clock) as claude:
        await claude.tools()
        write(file, new.text)
        uru.sandbox.keys.delete(old.record.id)
        clock.now += 10
        error = await claude.error("uru_execute", {"tool": "company_demo__ONLY_IN_ACME"})
    assert error["code"] == "unknown_tool"
    assert uru.sent("/execute/") == 0


async def test_a_call_is_sent_with_the_key_that_it_was_let_through_for(
    connect_once: Connect, uru: Uru, file: Path
) -> None:
    """It waits until Uru can be asked again, and meanwhile the key becomes another one."""
    old, new = uru.key(), uru.key(workspace="Globex")
    write(file, old.text)
    async with connect_once(key="", API_KEY_FILE=str(file)) as claude:
        await claude.tools()
        uru.faults.status("/execute/", 503, headers={"Retry-After": "1"}, times=1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(claude.data, READ, LIST)
            await until(lambda: uru.sent("/execute/") == 1)
            write(file, new.text)
            assert (await claude.whoami())["key"]["last4"] == new.record.last4
            assert uru.sent("/execute/") == 1
    assert keys_sent(uru, "/execute/") == [old.record.last4] * 2


@pytest.mark.parametrize("under_way", [False, True])
async def test_records_that_were_kept_for_the_old_key_are_asked_for_anew(
    connect_once: Connect, uru: Uru, file: Path, under_way: bool
) -> None:
    old, new = uru.key(), uru.key()
    write(file, old.text)
    async with connect_once(key="", API_KEY_FILE=str(file)) as claude:
        await claude.tools()
        held = uru.faults.hold("/execute/", times=1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(claude.completed, "uru://contexts/{id}", "id", "")
            if under_way:
                await until(lambda: uru.sent("/execute/") == 1)
                write(file, new.text)
                await claude.whoami()
            held.set()
        write(file, new.text)
        await claude.completed("uru://contexts/{id}", "id", "")
        await claude.completed("uru://contexts/{id}", "id", "")
    assert keys_sent(uru, "/execute/") == [old.record.last4, new.record.last4]


async def test_no_cookie_is_kept_neither_for_the_same_key_nor_for_the_next(
    connect_once: Connect, uru: Uru, file: Path
) -> None:
    old, new = uru.key(), uru.key()
    write(file, old.text)
    answer = {"data": "hi", "success": True}
    uru.faults.status("/execute/", 200, body=answer, headers={"Set-Cookie": "session=old; Path=/"}, times=1)
    async with connect_once(key="", API_KEY_FILE=str(file)) as claude:
        await claude.data(NOTE, {"text": "old"})
        await claude.data(NOTE, {"text": "old"})
        write(file, new.text)
        await claude.data(NOTE, {"text": "new"})
    cookies = {one.headers["authorization"][-4:]: one.headers.get("cookie") for one in uru.sandbox.requests}
    assert cookies == {old.record.last4: None, new.record.last4: None}


@pytest.mark.parametrize("source", SOURCES)
async def test_the_grant_of_the_old_key_opens_nothing_to_the_new_one(
    connect: Connect, uru: Uru, file: Path, source: str
) -> None:
    old, new = uru.key(ALL), uru.key({"read"})
    write(file, old.text)
    async with connect(key="", **settings(source, file)) as claude:
        await claude.data(NOTE, {"text": "old"})
        write(file, new.text)
        uru.sandbox.keys.delete(old.record.id)
        error = await claude.error("uru_execute", {"tool": NOTE, "input": {"text": "new"}})
        assert NOTE not in await claude.tools()

    assert error["code"] == "insufficient_permission"
    assert error["granted"] == ["read"]
    assert uru.notes == ["old"]
    assert new.record.last4 not in keys_sent(uru, "/execute/")


@pytest.mark.parametrize("source", SOURCES)
async def test_the_gate_stays_closed_until_uru_has_answered_for_the_new_key(
    connect: Connect, uru: Uru, file: Path, source: str
) -> None:
    old, new = uru.key(), uru.key()
    write(file, old.text)
    async with connect(key="", CALL_DEADLINE="20", **settings(source, file)) as claude:
        await claude.data(NOTE, {"text": "old"})
        uru.sandbox.keys.delete(old.record.id)
        refused = 1 if source == "command" else 0
        uru.faults.status("/tools/sync/version", 401, body={"code": "revoked_api_key"}, times=refused)
        for path in ("/keys/self", "/tools/sync/version", "/namespaces", "/list/apps"):
            uru.faults.status(path, 503, headers={"Retry-After": "60"})
        write(file, new.text)
        error = await claude.error("uru_execute", {"tool": NOTE, "input": {"text": "early"}})
        report = await claude.whoami()
        uru.faults.clear()
        await claude.data("uru_execute", {"tool": NOTE, "input": {"text": "new"}})

    assert error["code"] == report["state"] == "unavailable"
    assert report["key"]["last4"] == new.record.last4
    assert report["permissions"]["effective"] == []
    assert (report["tools"]["allowed"], report["tools"]["blocked"]) == (0, 0), "the old catalog is gone too"
    assert uru.notes == ["old", "new"]


@pytest.mark.parametrize("source", SOURCES)
async def test_the_catalog_of_the_old_key_names_nothing_for_the_new_one(uru: Uru, file: Path, source: str) -> None:
    uru.sandbox.put_tool(uru.acme.id, "company_demo", {"name": "ONLY_IN_ACME", "inputSchema": {"type": "object"}})
    old, new = uru.key(), uru.key(workspace="Globex")
    write(file, old.text)
    changes = Changes()
    async with connector(uru, "legacy")(key="", on_message=changes, **settings(source, file)) as claude:
        assert "company_demo__ONLY_IN_ACME" in await claude.tools()
        write(file, new.text)
        uru.sandbox.keys.delete(old.record.id)
        error = await claude.error("uru_execute", {"tool": "company_demo__ONLY_IN_ACME"})
        await changes.arrived()
        assert "company_demo__ONLY_IN_ACME" not in await claude.tools()
        assert (await claude.whoami())["workspace"]["name"] == "Globex"

    assert error["code"] == "unknown_tool"
    assert new.record.last4 not in keys_sent(uru, "/execute/")


async def test_a_catalog_that_was_asked_for_with_the_old_key_comes_too_late(
    connect_once: Connect, uru: Uru, file: Path
) -> None:
    uru.sandbox.put_tool(uru.acme.id, "company_demo", {"name": "ONLY_IN_ACME", "inputSchema": {"type": "object"}})
    old, new = uru.key(), uru.key(workspace="Globex")
    write(file, old.text)
    uru.faults.delay("/list/apps/company_demo/", 1.0, times=1)
    async with connect_once(key="", API_KEY_FILE=str(file), CALL_DEADLINE="20") as claude:
        await until(lambda: uru.sent("/list/apps/company_demo/") == 1)
        write(file, new.text)
        names = set(await claude.tools())
        assert "company_demo__ONLY_IN_ACME" not in names
        assert NOTE in names
        assert "ONLY_IN_ACME" not in str(await claude.whoami())


async def test_what_was_kept_for_the_old_key_is_not_shown_to_the_new_one(
    connect: Connect, uru: Uru, file: Path
) -> None:
    old, new = uru.key(), uru.key()
    write(file, old.text)
    report = {"title": "Long", "rows": 2}
    async with connect(key="", API_KEY_FILE=str(file), CALL_DEADLINE="4", RESULT_CHARS="1000") as claude:
        cut = (await claude.data("company_demo__GENERATE_REPORT", {**report, "rows": 100, "seconds": 0}))["cut"]
        running = (await claude.data("company_demo__GENERATE_REPORT", {**report, "seconds": 5}))["running"]
        assert len((await claude.data("uru_result"))["calls"]) == 2
        write(file, new.text)
        assert (await claude.data("uru_result"))["calls"] == []
        for call_id in (cut["call_id"], running["call_id"]):
            error = await claude.error("uru_result", {"call_id": call_id})
            assert error["code"] == "unconfirmed"
            assert "another key is in use" in error["message"]
        await until(lambda: all(one.status for one in uru.sandbox.requests))
        assert (await claude.data("uru_result"))["calls"] == [], "nor when it ends later"


async def test_a_call_under_way_with_the_old_key_is_answered(connect_once: Connect, uru: Uru, file: Path) -> None:
    old, new = uru.key(), uru.key()
    write(file, old.text)
    async with connect_once(key="", API_KEY_FILE=str(file)) as claude:
        await claude.tools()
        held = uru.faults.hold("/execute/", times=1)
        answers = []

        async def run() -> None:
            answers.append(await claude.data(NOTE, {"text": "old"}))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await until(lambda: uru.sent("/execute/") == 1)
            write(file, new.text)
            await claude.data(NOTE, {"text": "new"})
            held.set()
        assert len(answers) == 1
    assert sorted(uru.notes) == ["new", "old"]
    assert keys_sent(uru, "/execute/") == [old.record.last4, new.record.last4]


@pytest.mark.parametrize("source", SOURCES)
async def test_a_dead_key_is_told_with_the_place_for_the_next_one(
    connect: Connect, uru: Uru, file: Path, source: str
) -> None:
    clock = Clock()
    old, new = uru.key(), uru.key()
    write(file, old.text)
    uru.sandbox.keys.delete(old.record.id)
    async with connect(key="", clock=clock, **settings(source, file)) as claude:
        error = await claude.error("uru_execute", {"tool": NOTE, "input": {"text": "hi"}})
        asked = uru.sent("/keys/self")
        await claude.error("uru_execute", {"tool": NOTE, "input": {"text": "hi"}})
        assert uru.sent("/keys/self") == asked, "a key that was refused is not tried again at once"
        write(file, new.text)
        clock.now += 10 if source == "command" else 0
        await claude.data("uru_execute", {"tool": NOTE, "input": {"text": "hi"}})

    assert error["code"] == "key_revoked"
    place = (
        f"write it to the first line of {file}"
        if source == "file"
        else "store it where python, the command in URU_API_KEY_COMMAND"
    )
    assert place in error["fix"]
    assert "no restart is needed" in error["fix"]
    assert uru.notes == ["hi"]


async def test_a_file_that_is_replaced_while_a_process_runs(uru: Uru, file: Path) -> None:
    old, new = uru.key(), uru.key({"read"})
    write(file, old.text)
    async with (
        serving(uru.sandbox) as url,
        served(URU_API_KEY_FILE=str(file), URU_PROXY_URL=url) as claude,
    ):
        await claude.initialize("2025-11-25")
        await claude.result("tools/list")
        assert not (await claude.call(NOTE, {"text": "old"})).get("isError")
        fresh = write(file.with_suffix(".new"), new.text)
        fresh.replace(file)
        uru.sandbox.keys.delete(old.record.id)
        refused = await claude.call("uru_execute", {"tool": NOTE, "input": {"text": "new"}})
        assert refused["structuredContent"]["error"]["code"] == "insufficient_permission"
        report = (await claude.call("uru_whoami"))["structuredContent"]
        assert (report["state"], report["key"]["last4"]) == ("ready", new.record.last4)

    assert uru.notes == ["old"]
    assert any("notifications/tools/list_changed" in line for line in claude.lines)
    for text in (old.text, new.text):
        assert text not in "\n".join([*claude.lines, claude.stderr])


async def test_the_audit_log_names_the_key_that_was_used(connect_once: Connect, uru: Uru, file: Path) -> None:
    old, new = uru.key(), uru.key()
    write(file, old.text)
    log = file.with_suffix(".jsonl")
    async with connect_once(key="", API_KEY_FILE=str(file), AUDIT_LOG=str(log)) as claude:
        await claude.data(NOTE, {"text": "old"})
        write(file, new.text)
        await claude.data(NOTE, {"text": "new"})
        write(file, "")
        await claude.error(NOTE, {"text": "none"})
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [entry.get("key") for entry in entries] == [old.record.last4, new.record.last4, None]
