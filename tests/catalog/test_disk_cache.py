"""The last good list of tools is kept on disk, for its owner alone, and used only while Uru gives no answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.process import served
from tests.world import Claude, Connect, Uru, until
from uru_mcp.access.policy import NAMING, PLATFORM_TOOLS, needs_of
from uru_mcp.catalog.cache_format import CachedTools, lines_of, read_listing
from uru_mcp.catalog.catalog import classified
from uru_mcp.catalog.disk_cache import ABANDONED, FILES, FORMAT, OLDEST, DiskCache
from uru_mcp.credentials.api_key import Key
from uru_mcp.permissions import EVERYTHING, NOTHING, Permission, Permissions
from uru_mcp.sandbox.serve import serving
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.namespaces_and_tools import Namespace, UpstreamTool

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes say nothing there")

KEY = "uru_test_" + "a1b2" * 10
OTHER_KEY = "uru_test_" + "c3d4" * 10
URL = "https://uru.example"
NOTE = "company_demo__LOG_NOTE"
NOW = datetime.now(UTC)
BUSY = {"Retry-After": "60"}  # more than a load waits


def kept(cache: Path) -> list[Path]:
    return sorted((cache / "uru-mcp").glob("*.tools"))


async def loaded_once(connect: Connect, cache: Path, **how: Any) -> set[str]:
    """What a first client is shown, after which it is kept."""
    before = len(kept(cache))
    async with connect(cache=cache, **how) as claude:
        shown = set(await claude.tools())
        await until(lambda: len(kept(cache)) > before)
    return shown


async def time_to_keep(connect: Connect, cache: Path, url: str) -> None:
    """Wait for as long as it takes to keep something elsewhere."""
    await loaded_once(connect, cache, url=url)


async def listed(claude: Claude, holds: Callable[[Collection[str]], bool]) -> None:
    while not holds(await claude.tools()):  # as a client that nobody tells; its time is limited
        pass


async def test_while_uru_does_not_tell_its_tools_those_of_the_last_time_are_there_and_marked(
    connect: Connect, uru: Uru, tmp_path: Path
) -> None:
    key = uru.key({"read", "execute"}).text
    async with serving(uru.sandbox) as url:
        shown = await loaded_once(connect, tmp_path, key=key, url=url)
        uru.faults.status("/namespaces", 503, headers=BUSY)
        async with connect(key=key, url=url, cache=tmp_path) as claude:
            assert set(await claude.tools()) == shown
            report = await claude.whoami()
            await claude.data(NOTE, {"text": "from the attic"})
            error = await claude.error("uru_write", {"tool": "platform__context_edit", "input": {"op": "create"}})

    assert report["state"] == "ready"
    assert report["tools"]["source"] == "disk"
    (problem,) = report["problems"]
    assert problem["message"].startswith("The tools are those of 2")
    assert "UTC (just now), as kept on this machine; Uru cannot be reached for them now." in problem["message"]
    assert error["code"] == "insufficient_permission"
    assert uru.notes == ["from the attic"]


async def test_when_uru_tells_its_tools_again_they_take_the_place_of_those_that_were_kept(
    connect: Connect, uru: Uru, tmp_path: Path
) -> None:
    key = uru.key({"execute"}).text
    async with serving(uru.sandbox) as url:
        await loaded_once(connect, tmp_path, key=key, url=url)
        uru.faults.status("/namespaces", 503, headers=BUSY)
        uru.sandbox.remove_tool(uru.acme.id, "company_demo", "LOG_NOTE")
        async with connect(key=key, url=url, cache=tmp_path, SYNC_INTERVAL="0.1") as claude:
            assert NOTE in await claude.tools()
            uru.faults.clear()
            await listed(claude, lambda tools: NOTE not in tools)
            report = await claude.whoami()
    assert (report["problems"], report["tools"]["source"]) == ([], "uru")


async def test_the_tools_of_an_app_that_does_not_answer_at_the_start_are_those_that_were_kept(
    connect_once: Connect, uru: Uru, tmp_path: Path
) -> None:
    key = uru.key({"execute"}).text
    async with serving(uru.sandbox) as url:
        shown = await loaded_once(connect_once, tmp_path, key=key, url=url)
        (file,) = kept(tmp_path)
        content = file.read_bytes()
        uru.faults.status("/list/apps/gmail_demo/", 503, headers=BUSY)
        async with connect_once(key=key, url=url, cache=tmp_path) as claude:
            assert set(await claude.tools()) == shown
            report = await claude.whoami()
            uru.faults.clear()
            await time_to_keep(connect_once, tmp_path / "clock", url)
    (problem,) = report["problems"]
    assert report["tools"]["source"] == "uru"
    assert "could not be loaded; those of 2" in problem["message"]
    assert file.read_bytes() == content, "what has gaps takes the place of nothing"


async def test_a_first_list_does_not_wait_longer_for_uru_than_it_may(
    connect: Connect, uru: Uru, tmp_path: Path
) -> None:
    key = uru.key({"execute"}).text
    async with serving(uru.sandbox) as url:
        shown = await loaded_once(connect, tmp_path, key=key, url=url)
        uru.faults.delay("/namespaces", 60)
        async with connect(key=key, url=url, cache=tmp_path, CALL_DEADLINE="2") as claude:
            assert set(await claude.tools()) == shown


async def test_while_nothing_is_known_of_the_key_the_gate_is_closed_whatever_was_kept(
    connect: Connect, uru: Uru, tmp_path: Path
) -> None:
    key = uru.key({"execute"}).text
    async with serving(uru.sandbox) as url:
        await loaded_once(connect, tmp_path, key=key, url=url)
        uru.faults.status("/", 503, headers=BUSY)
        async with connect(key=key, url=url, cache=tmp_path, WORKSPACE_ID=uru.acme.id) as claude:
            assert NOTE not in await claude.tools()
            error = await claude.error("uru_execute", {"tool": NOTE, "input": {"text": "hi"}})
    assert error["code"] == "unavailable"
    assert uru.sent("/execute/") == 0


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_what_was_kept_is_not_used_against_a_refusal(
    connect_once: Connect, uru: Uru, tmp_path: Path, status: int
) -> None:
    key = uru.key({"execute"}).text
    async with serving(uru.sandbox) as url:
        await loaded_once(connect_once, tmp_path, key=key, url=url)
        uru.faults.status("/namespaces", status)
        async with connect_once(key=key, url=url, cache=tmp_path) as claude:
            assert NOTE not in await claude.tools()
            assert (await claude.whoami())["tools"]["source"] == "nobody"


async def test_a_refusal_stands_while_uru_is_asked_again(connect_once: Connect, uru: Uru, tmp_path: Path) -> None:
    key = uru.key({"execute"}).text
    async with serving(uru.sandbox) as url:
        await loaded_once(connect_once, tmp_path, key=key, url=url)
        uru.faults.status("/namespaces", 403)
        async with connect_once(key=key, url=url, cache=tmp_path, CALL_DEADLINE="2", SYNC_INTERVAL="0.1") as claude:
            assert NOTE not in await claude.tools()
            uru.faults.clear()
            uru.faults.delay("/namespaces", 60)
            asked = uru.sent("/namespaces")
            await until(lambda: uru.sent("/namespaces") > asked)
            assert NOTE not in await claude.tools()


async def test_what_was_kept_is_put_away_when_a_refusal_comes(connect_once: Connect, uru: Uru, tmp_path: Path) -> None:
    key = uru.key({"execute"}).text
    async with serving(uru.sandbox) as url:
        await loaded_once(connect_once, tmp_path, key=key, url=url)
        uru.faults.delay("/namespaces", 2, times=1)
        uru.faults.status("/namespaces", 403)
        async with connect_once(key=key, url=url, cache=tmp_path, CALL_DEADLINE="2") as claude:
            assert NOTE in await claude.tools()
            await listed(claude, lambda tools: NOTE not in tools)


async def test_another_key_and_another_address_do_not_get_what_was_kept(
    connect_once: Connect, uru: Uru, tmp_path: Path
) -> None:
    key = uru.key({"execute"}).text
    async with serving(uru.sandbox) as url:
        await loaded_once(connect_once, tmp_path, key=key, url=url)
        uru.faults.status("/namespaces", 503, headers=BUSY)
        async with connect_once({"execute"}, url=url, cache=tmp_path) as claude:
            assert NOTE not in await claude.tools()
        elsewhere = url.replace("127.0.0.1", "localhost")
        async with connect_once(key=key, url=elsewhere, cache=tmp_path) as claude:
            assert NOTE not in await claude.tools()


async def test_another_workspace_does_not_get_what_was_kept(connect_once: Connect, uru: Uru, tmp_path: Path) -> None:
    key = uru.key({"execute"}, workspace=None).text
    async with serving(uru.sandbox) as url, connect_once(key=key, url=url, cache=tmp_path) as claude:
        await claude.data("platform__set_current_workspace", {"workspace_id": uru.acme.id})
        await claude.tools()
        await until(lambda: len(kept(tmp_path)) == 1)
        uru.faults.status("/namespaces", 503, headers=BUSY)
        await claude.data("platform__set_current_workspace", {"workspace_id": uru.globex.id})
        assert NOTE not in await claude.tools()
        await claude.data("platform__set_current_workspace", {"workspace_id": uru.acme.id})
        assert NOTE in await claude.tools()


async def test_only_the_namespaces_that_are_wanted_now_are_taken(
    connect_once: Connect, uru: Uru, tmp_path: Path
) -> None:
    key = uru.key({"execute"}).text
    async with serving(uru.sandbox) as url:
        await loaded_once(connect_once, tmp_path, key=key, url=url)
        uru.faults.status("/namespaces", 503, headers=BUSY)
        async with connect_once(key=key, url=url, cache=tmp_path, NAMESPACES="gmail_*") as claude:
            tools = await claude.tools()
    assert NOTE not in tools
    assert any(name.startswith("gmail_demo__") for name in tools)


@posix
async def test_what_is_kept_is_for_its_owner_alone_and_holds_no_key(
    connect_once: Connect, uru: Uru, tmp_path: Path
) -> None:
    key = uru.key({"execute"}).text
    (tmp_path / "uru-mcp").mkdir(mode=0o755)
    uru.sandbox.put_tool(uru.acme.id, "company_demo", {"name": "LEAK", "description": f"Use {key} or {OTHER_KEY}."})
    async with serving(uru.sandbox) as url:
        await loaded_once(connect_once, tmp_path, key=key, url=url)
    (file,) = (tmp_path / "uru-mcp").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    content = file.read_text()
    assert '"LEAK"' in content
    for secret in (key, OTHER_KEY, key[-4:]):
        assert secret not in file.name
        assert secret not in content or secret == key[-4:]
    assert "granted" not in content


async def test_nothing_is_kept_of_a_sandbox_in_the_same_process(
    connect_once: Connect, uru: Uru, tmp_path: Path
) -> None:
    async with served("--sandbox", XDG_CACHE_HOME=str(tmp_path / "own")) as running:
        await running.initialize("2025-11-25")
        assert (await running.call("uru_whoami"))["structuredContent"]["tools"]["source"] == "uru"
        async with serving(uru.sandbox) as url:
            await time_to_keep(connect_once, tmp_path / "clock", url)
    assert not (tmp_path / "own").exists()


async def test_where_nothing_can_be_kept_all_else_goes_on_without_a_word(uru: Uru) -> None:
    async with serving(uru.sandbox) as url:
        key = uru.key().text
        async with served(URU_API_KEY=key, URU_PROXY_URL=url, XDG_CACHE_HOME=os.devnull) as running:
            await running.initialize("2025-11-25")
            tools = (await running.result("tools/list"))["tools"]
    assert NOTE in [tool["name"] for tool in tools]
    assert running.stderr == ""


# The files themselves.


def tool(name: str, **more: Any) -> UpstreamTool:
    said = {"declared": None, "read_only": None, "destructive": None, "idempotent": None, "open_world": None, **more}
    return UpstreamTool(name=name, title=None, description="", schema_json='{"type":"object"}', **said)


def listing(*tools: UpstreamTool, told_at: datetime = NOW, namespace: str = "platform") -> CachedTools:
    return CachedTools((Namespace(namespace, "Uru"),), {namespace: tools}, told_at)


class Shelf:
    """An attic as one key sees it."""

    def __init__(self, disk_cache: DiskCache, key: Key) -> None:
        self._disk_cache, self._key = disk_cache, key

    def keep(self, workspace_id: str, listing: CachedTools) -> None:
        self._disk_cache.keep(self._key, workspace_id, listing)

    def fetch(self, workspace_id: str) -> CachedTools | None:
        return self._disk_cache.fetch(self._key, workspace_id)


def disk_cache(directory: Path, key: str = KEY, url: str = URL, **more: Any) -> Shelf:
    return Shelf(DiskCache(directory, url, Redaction(), **more), Key(key))


def test_a_listing_comes_back_as_it_was(tmp_path: Path) -> None:
    gmail = Namespace("gmail_work", "Gmail - Work", "ca_1", "srv_1")
    known = (tool("GMAIL_SEND", declared=EVERYTHING, read_only=False, destructive=True, idempotent=False),)
    whole = CachedTools((Namespace("platform", "Uru"), gmail), {"platform": (), "gmail_work": known}, NOW)
    disk_cache(tmp_path).keep("w1", whole)
    found = disk_cache(tmp_path).fetch("w1")
    assert found is not None
    assert (found.namespaces, found.tools.get("gmail_work"), found.told_at) == (whole.namespaces, known, NOW)


def test_each_key_address_and_workspace_has_a_file_of_its_own(tmp_path: Path) -> None:
    disk_cache(tmp_path).keep("w1", listing(tool("context_query")))
    assert disk_cache(tmp_path, key=OTHER_KEY).fetch("w1") is None
    assert disk_cache(tmp_path, url=URL + "/other").fetch("w1") is None
    assert disk_cache(tmp_path).fetch("w2") is None
    (file,) = tmp_path.iterdir()
    disk_cache(tmp_path).keep("w2", listing())
    (other,) = set(tmp_path.iterdir()) - {file}
    other.write_bytes(file.read_bytes())
    assert disk_cache(tmp_path).fetch("w2") is None, "one workspace's list is not another's, whatever its name"


def replaced(file: Path, old: bytes, new: bytes) -> None:
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new))


def linked(file: Path) -> None:
    file.rename(file.with_suffix(".elsewhere"))
    file.symlink_to(file.with_suffix(".elsewhere"))


def piped(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


def made_directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


SPOILT: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "torn": lambda file: file.write_bytes(file.read_bytes()[:-20]),
    "changed": lambda file: replaced(file, b'"write"', b'"read"'),
    "of another version": lambda file: replaced(file, FORMAT, b"uru-mcp tools 2"),
    "without a seal": lambda file: replaced(file, file.read_bytes().split(b"\n")[0], FORMAT),
    "foreign": lambda file: file.write_bytes(b"\xff\xfe" * 100),
    "a directory": made_directory,
}
SPOILT_ON_POSIX: dict[str, Callable[[Path], object]] = {
    "readable by others": lambda file: file.chmod(0o644),
    "writable by others": lambda file: file.chmod(0o620),
    "a link": linked,
    "a pipe": piped,
}


@pytest.mark.parametrize("how", [*SPOILT, *(SPOILT_ON_POSIX if sys.platform != "win32" else ())])
def test_a_file_that_cannot_be_relied_on_is_not_used_and_is_replaced(tmp_path: Path, how: str) -> None:
    whole = listing(tool("automation_decide", declared=frozenset({Permission.WRITE})))
    disk_cache(tmp_path).keep("w1", whole)
    (file,) = tmp_path.iterdir()
    assert disk_cache(tmp_path).fetch("w1") is not None
    (SPOILT | SPOILT_ON_POSIX)[how](file)
    assert disk_cache(tmp_path).fetch("w1") is None
    disk_cache(tmp_path).keep("w1", whole)
    assert (disk_cache(tmp_path).fetch("w1") is not None) == (how != "a directory")


def test_a_list_that_is_too_old_is_not_used(tmp_path: Path) -> None:
    disk_cache(tmp_path).keep("w1", listing(told_at=NOW - OLDEST - timedelta(hours=1)))
    disk_cache(tmp_path).keep("w2", listing(told_at=NOW + OLDEST + timedelta(hours=1)))
    disk_cache(tmp_path).keep("w3", listing(told_at=NOW - OLDEST + timedelta(hours=1)))
    found = {workspace: disk_cache(tmp_path).fetch(workspace) is not None for workspace in ("w1", "w2", "w3")}
    assert found == {"w1": False, "w2": False, "w3": True}


def aged(file: Path, age: timedelta) -> Path:
    moment = (NOW - age).timestamp()
    os.utime(file, (moment, moment))
    return file


def test_the_attic_is_tidied_of_what_is_old_too_many_or_unfinished(tmp_path: Path) -> None:
    many = disk_cache(tmp_path, files=3)
    for number in range(3):
        many.keep(f"w{number}", listing())
        aged(
            next(file for file in tmp_path.iterdir() if file.stat().st_mtime > NOW.timestamp() - 50),
            timedelta(minutes=9 - number),
        )
    ancient, unfinished, under_way, foreign = (tmp_path / name for name in ("x.tools", "x.tmp", "y.tmp", "notes.txt"))
    for file in (ancient, unfinished, under_way, foreign):
        file.touch()
    aged(ancient, OLDEST + timedelta(hours=1))
    aged(unfinished, ABANDONED + timedelta(minutes=1))
    aged(foreign, OLDEST * 2)
    many.keep("w3", listing())

    assert not ancient.exists()
    assert not unfinished.exists()
    assert under_way.exists(), "another process is writing it"
    assert foreign.exists(), "it is not ours"
    assert [many.fetch(f"w{number}") is not None for number in range(4)] == [False, True, True, True]


def test_the_attic_does_not_outgrow_its_room(tmp_path: Path) -> None:
    one = listing(tool("context_query"))
    size = sum(map(len, lines_of(one, Redaction()))) + 200
    small = disk_cache(tmp_path, room=2 * size)
    for number in range(4):
        small.keep(f"w{number}", one)
    assert len(list(tmp_path.iterdir())) == 2
    assert small.fetch("w3") is not None
    small.keep("w5", listing(*(tool(f"tool_{number}") for number in range(100))))
    assert small.fetch("w5") is None, "what does not fit is not kept"
    assert len(list(tmp_path.iterdir())) == 2
    assert FILES > 4


def test_several_processes_may_write_and_read_at_once(tmp_path: Path) -> None:
    disk_cache(tmp_path).keep("w1", listing(tool("context_query")))

    def work(number: int) -> bool:
        own = disk_cache(tmp_path)
        own.keep("w1", listing(*[tool("context_query")] * (1 + number * 20)))
        return own.fetch("w1") is not None

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(24)))
    assert len(list(tmp_path.iterdir())) == 1


@posix
def test_a_directory_that_is_no_directory_of_ours_is_not_used(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / "uru-mcp"
    link.symlink_to(elsewhere)
    disk_cache(link).keep("w1", listing())
    assert list(elsewhere.iterdir()) == []


def test_what_has_a_name_that_may_not_be_written_is_left_out() -> None:
    redaction = Redaction()
    redaction.remember(KEY)
    namespaces = (Namespace(KEY, "Odd"), Namespace("hidden\u200b", "Odd"), Namespace("fine", f"Fine {KEY}"))
    tools = (tool(KEY), tool("also\u200bhidden"), tool("\ud800"), tool("fine"))
    lines = b"".join(lines_of(CachedTools(namespaces, {one.name: tools for one in namespaces}, NOW), redaction))
    assert KEY.encode() not in lines
    found = read_listing(lines.splitlines())
    assert [one.name for one in found.namespaces] == ["fine"]
    assert [one.name for one in found.tools["fine"]] == ["fine"]


@pytest.mark.parametrize("lines", [[], [b""], [b"[]"], [b"{}"], [b'{"told_at": 7}'], [b'{"told_at": "x"}'], [b"\xff"]])
def test_what_is_no_listing_is_none(lines: list[bytes]) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_listing(lines)


SUBSETS: list[Permissions | None] = [None, EVERYTHING, *(frozenset({one}) for one in Permission)]
NAMES = [*PLATFORM_TOOLS, *(pattern.replace("*", "thing") for pattern in NAMING), "something_else"]


@pytest.mark.parametrize("namespace", ["platform", "company_demo", "external_mcp_notes"])
def test_what_was_kept_never_makes_a_tool_need_less_than_uru_said_or_than_is_known_of_it(namespace: str) -> None:
    for name, declared, read_only in product(NAMES, SUBSETS, [None, True, False]):
        before = tool(name, declared=declared, read_only=read_only)
        lines = list(lines_of(listing(before, namespace=namespace), Redaction()))
        (after,) = read_listing(lines).tools[namespace]
        needs = classified(Namespace(namespace, ""), after, Redaction()).needs
        said = needs_of(namespace, name, declared=declared, read_only=read_only)
        silent = needs_of(namespace, name, declared=None, read_only=None)
        assert needs >= said | silent, (name, declared, read_only)
        assert needs or silent == NOTHING
