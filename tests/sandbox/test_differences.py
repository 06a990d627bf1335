"""Every way to differ: where it shows, what stays the same behind it, and how it is chosen."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.cli.commands import sandbox as group
from uru_mcp.sandbox.data.database import Database
from uru_mcp.sandbox.differences import DIFFERENCES, UnknownDifference, chosen
from uru_mcp.sandbox.serve import serving

from .callers import connected
from .differing import RUNS, Service, answers, service

RECORD = {"record"}
TOOLS = {"platform", "company"}
NAMESPACES = {"namespaces", "newer namespaces"}
SUCCESSES = {"list", "get", "search", "note"}
RESULTS = SUCCESSES | {"failure"}
QUERIES = {"list", "get", "search", "failure"}
EXECUTE = RESULTS | {"refusal", "older"}
WITHOUT_LIST_APPS = {"apps", "older"}  # 404 where the service is not older
READS = {"record", *NAMESPACES, "version", *TOOLS}

SHOWN: dict[str, set[str]] = {  # by name, or by family: the answers that are not as described
    "platform answers": {"list", "get", "search"},
    "records-camel": {"list", "get"},
    "records-text-for-content": {"get"},
    "records-wrapped": {"get"},
    "records-in-list": {"get"},
    "platform-lists-bare": {"list", "search"},
    "platform-lists-in-data": {"list", "search"},
    "platform-lists-in-results": {"list", "search"},
    "platform-lists-in-records": {"list", "search"},
    "platform-lists-by-kind": {"list", "search"},
    "platform-cursor-camel": {"list", "search"},
    "platform-pagination": {"list", "search"},
    "platform tools": {"platform", *QUERIES, "refusal"},
    "platform-op-find": {"platform", "search"},
    "platform-other-ops": {"platform", "list", "get", "search"},
    "platform-no-context-query": {"platform", *QUERIES},
    "platform-no-queries": {"platform", *QUERIES},
    "platform-action": {"platform", *QUERIES},
    "no-platform": {"platform", *QUERIES, "refusal", *NAMESPACES},
    "declarations": {"platform"},
    "undeclared": TOOLS,
    "no-annotations": TOOLS,
    "hints-snake": TOOLS,
    "hints-at-top": TOOLS,
    "declared-in-metadata": TOOLS,
    "tools": TOOLS,
    "namespaces": NAMESPACES,
    "namespaces-no-min-version": {"newer namespaces"},
    "results": RESULTS,
    "results-error-object": {"failure"},
    "results-error-in-data": {"failure"},
    "results-data-beside-error": {"failure"},
    "results-as-text": SUCCESSES,
    "tool version": {"version"},
    "permission format": RECORD,
    "key record layout": RECORD,
    "key record missing": RECORD,
    "key record refused": RECORD,
    "key record failing": RECORD,
    "key record unusable": RECORD,
    "errors": {"refusal", "apps", "older"},
    "older service": {"apps", *NAMESPACES},
    "older-execute": EXECUTE,
    "older-execute-json": EXECUTE,
    "older-execute-405": EXECUTE,
    "list-apps-no-version": {"apps", *NAMESPACES, "version"},
    "older-service": {"apps", *NAMESPACES, *EXECUTE},
    "oldest-service": {"apps", *READS, *EXECUTE},
    "gateway": RECORD,
    "gateway-envelope": {"apps", *READS, *EXECUTE},
    "gateway-envelope-result": {*READS, *RESULTS},
    "gateway-bom": {"apps", *READS, *EXECUTE},
    "gateway-text-type": {"apps", *READS, *EXECUTE},
    "gateway-html-type": {"apps", *READS, *EXECUTE},
    "gateway-no-type": {"apps", *READS, *EXECUTE},
    "gateway-gzip": {"apps", *READS, *EXECUTE},
    "gateway-no-etag": {"version"},
    "gateway-502-once-each": {*READS, "apps"} - {"newer namespaces"},
}


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """One for all, since to fill one takes longer than all that a test does with it."""
    opened = Sandbox.open()
    yield opened.database
    opened.close()


@pytest.fixture(scope="module")
def described(database: Database) -> dict[str, str]:
    """What the service says that is as described."""
    return asyncio.run(answers(database=database))


def is_older(name: str) -> bool:
    return any(part.name.startswith("older-execute") for part in chosen([name]))


async def note(differing: Service, name: str, text: str, **headers: str) -> int:
    """The status of a run that notes something, by the route that serves."""
    run = differing.run_older if is_older(name) else differing.run
    return (await run("company_demo__LOG_NOTE", {"text": text}, **headers)).status_code


@pytest.mark.parametrize("name", DIFFERENCES)
async def test_a_difference_shows_where_it_says_and_nowhere_else(
    name: str, described: dict[str, str], database: Database
) -> None:
    found = await answers(name, database=database)
    expected = SHOWN[name] if name in SHOWN else SHOWN[DIFFERENCES[name].family]
    assert {what for what in found if found[what] != described[what]} == expected


@pytest.mark.parametrize("name", DIFFERENCES)
async def test_behind_a_difference_keys_permissions_and_effects_count(name: str, database: Database) -> None:
    async with service(name, permissions={"read"}, database=database) as reader:
        await reader.get("/health")  # which one of them answers with 502
        refused = await note(reader, name, "hi from a reader")
        unknown = await note(reader, name, "hi from nobody", Authorization="Bearer uru_test_nobody")
        assert (refused, unknown, reader.notes) == (403, 401, [])
        runner = reader.sandbox.keys.create(name="Runner", workspace="Acme", permissions={"execute"})
        done = await note(reader, name, "hi from a runner", Authorization=f"Bearer {runner.text}")
        assert (done, reader.notes) == (200, ["hi from a runner"])
        reader.sandbox.keys.delete(runner.record.id)
        revoked = await note(reader, name, "hi from a ghost", Authorization=f"Bearer {runner.text}")
        assert (revoked, reader.notes) == (401, ["hi from a runner"])
        listed = [await reader.get("/list/apps/company_demo/tools", Authorization="Bearer uru_test_x") for _ in "12"]
    assert listed[1].status_code == 401


def test_there_are_many_and_each_says_what_it_is() -> None:
    assert len(DIFFERENCES) >= 50
    assert len({one.description for one in DIFFERENCES.values()}) == len(DIFFERENCES)
    assert all(one.description.endswith((".", "…")) and "\n" not in one.description for one in DIFFERENCES.values())
    assert all(name.isascii() and name == name.lower() and " " not in name for name in DIFFERENCES)
    families = [one.family for one in DIFFERENCES.values()]
    assert sorted(set(families), key=families.index) == [*dict.fromkeys(families)]
    assert set(SHOWN) <= {*DIFFERENCES, *families}


def test_all_are_listed_by_name_and_family_in_a_wide_terminal_and_through_a_pipe() -> None:
    result = CliRunner().invoke(group, ["serve", "--unlike", "list"])
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert [line.split()[0] for line in lines if line.startswith("  ")] == [*DIFFERENCES]
    assert [line for line in lines if line and line[0] != " "] == [
        *dict.fromkeys(d.family for d in DIFFERENCES.values())
    ]
    assert all(any(one.description in line for line in lines) for one in DIFFERENCES.values())


@pytest.mark.parametrize(
    ("given", "nearest"),
    [("no-key-recrd", "no-key-record"), ("older-servce", "older-service"), ("tools-bear", "tools-bare")],
)
def test_an_unknown_name_is_refused_with_the_nearest(given: str, nearest: str) -> None:
    result = CliRunner().invoke(group, ["serve", "--unlike", f"tools-bare, {given}"])
    assert result.exit_code == 2
    assert f"There is no difference '{given}'. Did you mean {nearest}?" in result.output
    with pytest.raises(UnknownDifference, match=nearest):
        Sandbox.open(unlike=[given])


@pytest.mark.parametrize("given", ["", "x", "bogus", "🦉" * 20])
def test_a_name_that_is_near_to_nothing_is_refused_without_one(given: str) -> None:
    with pytest.raises(UnknownDifference) as refused:
        Sandbox.open(unlike=[given])
    assert "Did you mean" not in str(refused.value)


def test_serve_says_how_it_differs() -> None:
    code = "from uru_mcp.sandbox.cli.commands import sandbox; sandbox()"
    arguments = ["serve", "--port", "0", "--unlike", "older-service,no-key-record", "--unlike", "tools-bare"]
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"},
    ) as process:
        assert process.stdout is not None
        told = ""
        while "URU_API_KEY=" not in told:
            line = process.stdout.readline()
            assert line, told
            told += line
        process.terminate()
    shown = told.partition("It differs from the description of the API:\n")[2].partition("\n\n")[0]
    listed = [line.split()[0] for line in shown.splitlines()]
    assert listed == ["tools-bare", "no-key-record", "list-apps", "older-execute", "older-service"]


def test_importing_the_sandbox_imports_no_difference() -> None:
    code = (
        "import sys, uru_mcp.sandbox as s, uru_mcp.sandbox.cli.commands; s.Sandbox.open();"
        " print([n for n in sys.modules if 'differences' in n])"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, env=environ)
    assert result.stdout.strip() == "[]", result.stderr


@pytest.mark.parametrize("names", [["namespaces-bare", "namespaces-slug"], ["namespaces-slug", "namespaces-bare"]])
async def test_differences_combine_in_one_order_whatever_the_order_of_choosing(names: list[str]) -> None:
    async with service(*names) as differing:
        assert (await differing.json("/namespaces"))[0] == {"slug": "platform"}


async def test_those_nearer_to_the_client_see_what_the_others_made() -> None:
    async with service(
        "gateway-envelope", "tools-bare", "tools-openai", "list-apps-names", "gateway-gzip"
    ) as differing:
        tools = await differing.get("/list/apps/company_demo/tools")
        apps = await differing.json("/list/apps")
    assert tools.headers["content-encoding"] == "gzip"
    assert tools.json()["data"][0]["function"]["name"] == "LOG_NOTE"
    assert apps == {"status": "success", "data": ["platform", "company_demo", "gmail_demo", "googlecalendar_demo"]}


async def test_of_two_answers_to_one_question_that_of_the_later_counts() -> None:
    for names in (["key-record-500", "no-key-record"], ["no-key-record", "key-record-500"]):
        async with service(*names) as differing:
            assert (await differing.get("/keys/self")).status_code == 500


CHANGING = (
    *("platform answers", "platform tools", "declarations", "tools", "namespaces", "results"),
    *("permission format", "key record layout", "errors", "older service", "gateway"),
)


@pytest.mark.parametrize("family", CHANGING)
async def test_no_combination_within_a_family_breaks_the_service(family: str, database: Database) -> None:
    names = [name for name, one in DIFFERENCES.items() if one.family == family]
    for first, second in zip(names, [*names[1:], names[0]], strict=True):
        async with service(first, second, database=database) as differing:
            await differing.get("/health")
            statuses = {
                path: (await differing.get(path)).status_code for path in ("/keys/self", "/namespaces", "/list/apps")
            }
            statuses |= {what: (await differing.run(*RUNS[what])).status_code for what in ("get", "failure")}
        defects = {path for path, status in statuses.items() if status == 500} - {"/keys/self"}
        assert not defects, (first, second)


async def test_the_log_has_the_request_as_it_was_sent() -> None:
    async with service("older-service", "platform-split") as differing:
        await differing.run_older("platform__list_contexts", {"limit": 1})
        await differing.get("/list/apps")
        run, listing = differing.sandbox.requests
    assert (run.method, run.path, run.status) == ("POST", "/execute/list_contexts", 200)
    assert run.json == {"_app_context": "platform", "limit": 1}
    assert run.headers["x-app-context"] == "platform"
    assert "x-namespace" not in run.headers
    assert (listing.path, listing.status) == ("/list/apps", 200)


async def test_faults_come_before_differences() -> None:
    async with service("no-key-record") as differing:
        differing.sandbox.faults.status("/keys/self", 418, times=1)
        assert [(await differing.get("/keys/self")).status_code for _ in "12"] == [418, 404]


async def test_over_a_socket_a_difference_hangs_up_for_real() -> None:
    sandbox = Sandbox.open(unlike=["key-record-hangs-up", "older-execute"])
    try:
        async with serving(sandbox) as url, connected(sandbox, url=url) as caller:
            differing = Service(sandbox, caller)
            with pytest.raises(Exception, match="disconnected"):
                await differing.get("/keys/self")
            assert (await differing.run_older(*RUNS["note"])).status_code == 200
            assert differing.notes == ["hi"]
            assert (await differing.get("/namespaces")).status_code == 200
    finally:
        sandbox.close()


async def test_what_a_difference_remembers_is_of_one_sandbox() -> None:
    for _ in "12":
        async with service("gateway-502-once") as differing:
            assert [(await differing.get("/health")).status_code for _ in "12"] == [502, 200]
