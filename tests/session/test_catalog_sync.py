"""What changes in Uru is seen: the version of the tools is looked at, and they are loaded again when it has grown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from tests.process import served
from tests.time_limits import FOREVER, WITHIN
from tests.world import LOOKS, Claude, Connect, Uru, connector, until
from uru_mcp.config.environment import read_settings
from uru_mcp.errors import KeyRefused, NoAnswer, Refused, UruError, WorkspaceProblem
from uru_mcp.sandbox.serve import serving
from uru_mcp.session.catalog_sync import Sync, stops_polling
from uru_mcp.session.wiring import Parts
from uru_mcp.untrusted_input.json_fields import UnexpectedShape
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.catalog_version import is_news, read_version
from uru_mcp.uru.connect import connect as connect_to
from uru_mcp.uru.retry import LONGEST_PAUSE, pause_after

OFTEN = "0.1"  # seconds, the shortest interval
VERSION = "/tools/sync/version"
NEW = {"name": "NEW_TOOL", "description": "It came later.", "inputSchema": {"type": "object"}}
SHOWN = "company_demo__NEW_TOOL"
CONFIRMED = 2  # requests: at the start, at the same moment as for the version, and once more after it


def looks(uru: Uru) -> int:
    return uru.sent(VERSION)


class Told:
    """A client's message handler that counts how often it was told that the tools have changed."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self, message: object) -> None:
        self.times += "ToolListChanged" in type(getattr(message, "root", message)).__name__


@asynccontextmanager
async def another() -> AsyncIterator[Uru]:
    """An Uru with a client that looks as often, as a clock: what it has seen, others had the time to see."""
    uru = Uru.open()
    async with connector(uru, "legacy")(SYNC_INTERVAL=OFTEN) as claude:
        await claude.tools()
        yield uru
    uru.close()


async def listed(claude: Claude, holds: Callable[[Collection[str]], bool]) -> None:
    """Wait until so much is so of the tools that a client is shown."""
    while not holds(await claude.tools()):  # noqa: ASYNC110  # as a client that nobody tells; its time is limited
        await anyio.sleep(LOOKS)


async def time_for(number: int) -> None:
    """Wait for as long as so many looks take."""
    async with another() as uru:
        await until(lambda: looks(uru) > number)


async def test_a_client_is_told_of_a_tool_that_came_later_and_may_call_it(uru: Uru) -> None:
    told = Told()
    async with connector(uru, "legacy")({"execute"}, SYNC_INTERVAL=OFTEN, on_message=told) as claude:
        before = set(await claude.tools())
        uru.sandbox.put_tool(uru.acme.id, "company_demo", NEW)
        await until(lambda: told.times == 1)
        assert set(await claude.tools()) == before | {SHOWN}
        await claude.data(SHOWN)


async def test_a_client_of_the_newer_era_is_told_on_its_subscription(uru: Uru) -> None:
    async with connector(uru, "auto")({"execute"}, SYNC_INTERVAL=OFTEN) as claude:
        await claude.tools()
        async with claude.client.listen(tools_list_changed=True) as events:
            uru.sandbox.put_tool(uru.acme.id, "company_demo", NEW)
            event = await anext(aiter(events))
        assert type(event).__name__ == "ToolsListChanged"
        assert SHOWN in await claude.tools()


async def test_a_tool_that_is_taken_away_is_gone(connect: Connect, uru: Uru) -> None:
    async with connect({"execute"}, SYNC_INTERVAL=OFTEN) as claude:
        assert "company_demo__LOG_NOTE" in await claude.tools()
        uru.sandbox.remove_tool(uru.acme.id, "company_demo", "LOG_NOTE")
        await listed(claude, lambda tools: "company_demo__LOG_NOTE" not in tools)
        error = await claude.error("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}})
    assert error["code"] == "unknown_tool"
    assert uru.sent("/execute/") == 0


async def test_while_nothing_changes_uru_says_so_in_the_fewest_words_and_nothing_is_loaded(
    connect: Connect, uru: Uru
) -> None:
    async with connect(SYNC_INTERVAL=OFTEN) as claude:
        await claude.tools()
        loaded = uru.sent("/list/apps/")
        await until(lambda: uru.sent("/namespaces") == CONFIRMED and looks(uru) > 4)
        assert uru.sent("/list/apps/") == loaded
    statuses = [request.status for request in uru.sandbox.requests if request.path == VERSION and request.status]
    assert statuses == [200, *[304] * (len(statuses) - 1)]


async def test_the_version_is_read_before_the_tools_so_that_nothing_in_between_is_missed(
    connect: Connect, uru: Uru
) -> None:
    async with connect() as claude:
        await claude.tools()
    paths = [request.path for request in uru.sandbox.requests]
    assert paths.index(VERSION) < paths.index("/namespaces")


async def test_namespaces_that_change_while_they_and_the_version_are_asked_for_are_loaded_again(
    connect_once: Connect, uru: Uru
) -> None:
    older = {"namespaces": [{"name": "platform", "title": "Platform"}]}  # and the version is that after the change
    uru.faults.status("/namespaces", 200, body=older, times=1)
    async with connect_once({"execute"}) as claude:
        await listed(claude, lambda tools: "company_demo__LOG_NOTE" in tools)


async def test_at_0_nobody_looks(connect: Connect, uru: Uru) -> None:
    async with connect(SYNC_INTERVAL="0") as claude:
        assert "company_demo__LOG_NOTE" in await claude.tools()
        await time_for(3)
    assert looks(uru) == 0


async def test_the_first_look_comes_an_interval_after_a_load_which_has_just_asked_the_same(uru: Uru) -> None:
    redaction = Redaction()
    async with serving(uru.sandbox) as url:
        settings = read_settings({"URU_API_KEY": uru.key().text, "URU_PROXY_URL": url})
        parts = Parts(settings, redaction, connect_to(settings, redaction))
        async with parts.running() as tasks:
            await parts.session.look(WITHIN)
            await until(lambda: uru.sent("/namespaces") >= CONFIRMED)
            asked = looks(uru)
            tasks.start_soon(Sync(parts, interval=300).run)
            await time_for(3)
    assert looks(uru) == asked


async def test_after_growth_the_tools_of_that_version_are_asked_for_and_waited_for(connect: Connect, uru: Uru) -> None:
    async with connect({"execute"}, SYNC_INTERVAL=OFTEN) as claude:
        await claude.tools()
        await until(lambda: uru.sent("/namespaces") == CONFIRMED)
        body = {"error": "TOOLS_NOT_READY", "retry_after_ms": 50}
        uru.faults.status("/namespaces", 409, body=body, times=2)
        uru.sandbox.put_tool(uru.acme.id, "company_demo", NEW)
        await listed(claude, lambda tools: SHOWN in tools)
    asked = [(one.query, one.status) for one in uru.sandbox.requests if one.path == "/namespaces"]
    assert asked == [("", 200), ("", 200), ("min_version=2", 409), ("min_version=2", 409), ("min_version=2", 200)]


@pytest.mark.parametrize("failure", [503, 403])
async def test_a_reload_that_fails_keeps_the_old_tools_and_is_tried_again(
    connect: Connect, uru: Uru, failure: int
) -> None:
    async with connect({"execute"}, SYNC_INTERVAL=OFTEN) as claude:
        before = set(await claude.tools())
        uru.faults.status("/namespaces", failure, headers={"Retry-After": "60"})
        uru.sandbox.put_tool(uru.acme.id, "company_demo", NEW)
        await until(lambda: uru.sent("/namespaces") > 2)
        assert set(await claude.tools()) == before
        (problem,) = (await claude.whoami())["problems"]
        assert "UTC (just now); they could not be loaded again." in problem["message"]
        await claude.data("company_demo__LOG_NOTE", {"text": "still here"})

        uru.faults.clear()
        await listed(claude, lambda tools: SHOWN in tools)
        assert (await claude.whoami())["problems"] == []
    assert uru.notes == ["still here"]


async def test_the_tools_of_an_app_that_does_not_answer_stay_when_the_others_are_loaded_again(
    connect: Connect, uru: Uru
) -> None:
    async with connect({"execute"}, SYNC_INTERVAL=OFTEN) as claude:
        before = set(await claude.tools())
        uru.faults.status("/list/apps/gmail_demo/", 503, headers={"Retry-After": "60"})
        uru.sandbox.put_tool(uru.acme.id, "company_demo", NEW)
        await listed(claude, lambda tools: SHOWN in tools)
        assert set(await claude.tools()) == before | {SHOWN}
        (problem,) = (await claude.whoami())["problems"]
    assert "could not be loaded; those of 2" in problem["message"]


async def test_the_tools_of_an_app_that_is_refused_do_not_stay(connect: Connect, uru: Uru) -> None:
    async with connect({"execute"}, SYNC_INTERVAL=OFTEN) as claude:
        assert any(name.startswith("gmail_demo__") for name in await claude.tools())
        uru.faults.status("/list/apps/gmail_demo/", 401)
        uru.sandbox.put_tool(uru.acme.id, "company_demo", NEW)
        await listed(claude, lambda tools: SHOWN in tools)
        assert not any(name.startswith("gmail_demo__") for name in await claude.tools())


async def test_tools_that_were_loaded_without_a_version_are_loaded_once_more_when_it_is_known(
    connect: Connect, uru: Uru
) -> None:
    uru.faults.status(VERSION, 503, times=1)
    async with connect({"execute"}, SYNC_INTERVAL=OFTEN) as claude:
        assert "company_demo__LOG_NOTE" in await claude.tools()
        await until(lambda: looks(uru) > 5)
    assert uru.sent("/namespaces") == 2


@pytest.mark.parametrize(
    "body", [{"version": 0}, {"version": "two"}, {"version": -1}, {"version": 2**63}, {"version": True}, {}, [], "HTML"]
)
async def test_a_version_that_shrank_for_once_or_is_none_loads_nothing(
    connect_once: Connect, uru: Uru, body: Any
) -> None:
    async with connect_once({"execute"}, SYNC_INTERVAL=OFTEN) as claude:
        await claude.tools()
        await until(lambda: uru.sent("/namespaces") == CONFIRMED)
        asked = looks(uru)
        uru.faults.status(VERSION, 200, body=body, times=1)
        await until(lambda: looks(uru) > asked + 3)
        assert uru.sent("/namespaces") == CONFIRMED
        uru.sandbox.put_tool(uru.acme.id, "company_demo", NEW)
        await listed(claude, lambda tools: SHOWN in tools)


async def test_a_service_that_counts_anew_is_followed(connect_once: Connect, uru: Uru) -> None:
    uru.faults.status(VERSION, 200, body={"version": 90}, times=1)
    async with connect_once({"execute"}, SYNC_INTERVAL=OFTEN) as claude:
        await claude.tools()
        await until(lambda: uru.sent("/namespaces") == CONFIRMED + 1)
        asked = looks(uru)
        await until(lambda: looks(uru) > asked + 1)
        uru.sandbox.put_tool(uru.acme.id, "company_demo", NEW)
        await listed(claude, lambda tools: SHOWN in tools)
    assert uru.sent("/namespaces") == CONFIRMED + 2


async def test_a_version_that_grew_only_for_once_is_not_waited_for_for_ever(connect_once: Connect, uru: Uru) -> None:
    async with connect_once({"execute"}, SYNC_INTERVAL=OFTEN) as claude:
        await claude.tools()
        uru.faults.status(VERSION, 200, body={"version": 9}, times=1)
        await until(lambda: uru.sent("/namespaces") > 4)  # which are as many as are tried
        asked = looks(uru)
        await until(lambda: looks(uru) > asked + 1)
        assert (await claude.whoami())["problems"] == []


async def test_a_tag_that_cannot_stand_in_a_header_is_not_sent_back(connect_once: Connect, uru: Uru) -> None:
    uru.faults.status(VERSION, 200, body={"version": 1}, headers={"ETag": '"\xe9"'}, times=1)
    async with connect_once(SYNC_INTERVAL=OFTEN) as claude:
        await claude.tools()
        await until(lambda: looks(uru) > 2)
    asked = [request for request in uru.sandbox.requests if request.path == VERSION]
    assert ["if-none-match" in request.headers for request in asked[:2]] == [False, False]


REFUSALS = [
    (401, {"error": "invalid_api_key"}),
    (403, {}),
    (403, {"error": "workspace_not_accessible"}),
    (400, {"error": "workspace_required"}),
    (400, {"error": {"code": "WORKSPACE_ID_INVALID"}}),
    (409, {"error": "workspace_selection_required"}),
]


@pytest.mark.parametrize(("status", "body"), REFUSALS)
async def test_a_refusal_ends_the_looks_until_another_workspace_is_selected(
    connect_once: Connect, uru: Uru, status: int, body: Any
) -> None:
    async with connect_once({"execute"}, workspace=None, SYNC_INTERVAL=OFTEN) as claude:
        await claude.data("platform__set_current_workspace", {"workspace_id": uru.acme.id})
        assert "company_demo__LOG_NOTE" in await claude.tools()
        uru.faults.status(VERSION, status, body=body)
        refused = looks(uru) + 1
        await until(lambda: looks(uru) == refused)
        await time_for(5)
        assert looks(uru) == refused
        assert "company_demo__LOG_NOTE" in await claude.tools()

        uru.faults.clear()
        await claude.data("platform__set_current_workspace", {"workspace_id": uru.globex.id})
        await until(lambda: looks(uru) > refused + 2)
        uru.sandbox.put_tool(uru.globex.id, "company_demo", NEW)
        await listed(claude, lambda tools: SHOWN in tools)


async def test_a_key_that_is_deleted_while_nobody_calls_is_found_out(connect_once: Connect, uru: Uru) -> None:
    made, told = uru.key({"execute"}), Told()
    async with connect_once(key=made.text, SYNC_INTERVAL=OFTEN, on_message=told) as claude:
        await claude.tools()
        uru.sandbox.keys.delete(made.record.id)
        await until(lambda: told.times == 1)
        asked = len(uru.sandbox.requests)
        await time_for(3)
        assert len(uru.sandbox.requests) == asked
        assert set(await claude.tools()) == {"uru_whoami"}


async def test_when_uru_comes_back_after_it_was_down_at_the_start_clients_are_told(
    connect_once: Connect, uru: Uru
) -> None:
    told = Told()
    uru.faults.status("/", 503, headers={"Retry-After": "1"})
    async with connect_once({"execute"}, SYNC_INTERVAL=OFTEN, CALL_DEADLINE="1", on_message=told) as claude:
        assert "company_demo__LOG_NOTE" not in await claude.tools()
        uru.faults.clear()
        await until(lambda: told.times > 0)
        assert "company_demo__LOG_NOTE" in await claude.tools()


async def test_uru_is_left_alone_for_as_long_as_it_asks(connect_once: Connect, uru: Uru) -> None:
    async with connect_once({"execute"}, SYNC_INTERVAL=OFTEN) as claude:
        await claude.tools()
        uru.faults.status(VERSION, 429, headers={"Retry-After": "600"}, times=1)
        asked = looks(uru) + 1
        await until(lambda: looks(uru) == asked)
        await time_for(5)
        assert looks(uru) == asked


async def test_looks_that_hang_do_not_keep_the_process_alive(uru: Uru) -> None:
    async with serving(uru.sandbox) as url:
        key = uru.key().text
        async with served(URU_API_KEY=key, URU_PROXY_URL=url, URU_SYNC_INTERVAL=OFTEN) as running:
            await running.initialize("2025-11-25")
            await running.result("tools/list")
            uru.faults.delay(VERSION, FOREVER)
            asked = looks(uru)
            await until(lambda: looks(uru) > asked)
            await running.close_stdin()
            await running.process.wait()
    assert running.process.returncode == 0
    assert running.stderr == ""


@pytest.mark.parametrize(
    ("seen", "loaded", "before", "news"),
    [
        (7, None, None, True),
        (8, 7, 7, True),
        (7, 7, 7, False),
        (7, 7, 3, False),
        (3, 7, 7, False),
        (3, 7, None, False),
        (3, 7, 3, True),
        (4, 7, 3, True),
        (3, 7, 4, True),
    ],
)
def test_what_is_news(seen: int, loaded: int | None, before: int | None, news: bool) -> None:
    assert is_news(seen, loaded=loaded, before=before) is news


def test_versions_that_come_and_go_load_nothing() -> None:
    before = 7
    for seen in [3, 7, 4, 7, 7, 0, 7]:
        assert not is_news(seen, loaded=7, before=before)
        before = seen


@pytest.mark.parametrize(
    "body", [None, [], "7", {"version": None}, {"version": 7.5}, {"version": "seven"}, {"version": []}]
)
def test_what_is_not_a_whole_number_is_no_version(body: Any) -> None:
    with pytest.raises(UnexpectedShape):
        read_version(body)


def test_pauses_grow_with_full_jitter_up_to_a_quarter_of_an_hour() -> None:
    def pauses(random: float, retry_after: float | None = None) -> list[float]:
        return [
            pause_after(n, interval=60, retry_after=retry_after, random=lambda: random) for n in (0, 1, 2, 3, 4, 10_000)
        ]

    assert pauses(1.0) == [60, 120, 240, 480, LONGEST_PAUSE, LONGEST_PAUSE]
    assert pauses(0.5)[1:] == [60, 120, 240, 450, 450]
    assert pauses(0.0)[1:] == [0] * 5
    assert pauses(0.5, retry_after=300)[1:] == [300, 300, 300, 450, 450]
    assert pauses(0.0, retry_after=3600)[1:] == [3600] * 5


@pytest.mark.parametrize(
    ("error", "ends"),
    [
        (KeyRefused("", fix="", status=401), True),
        (Refused("", fix="", status=403), True),
        (WorkspaceProblem("", fix="", status=400), True),
        (Refused("", fix="", status=400), False),
        (Refused("", fix="", status=404), False),
        (NoAnswer("", fix="", status=429), False),
        (NoAnswer("", fix="", status=503), False),
        (NoAnswer("", fix=""), False),
    ],
)
def test_what_ends_the_looks(error: UruError, ends: bool) -> None:
    assert stops_polling(error) is ends
