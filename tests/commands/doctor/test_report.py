"""`uru-mcp doctor --report`: what Uru answers, without its contents, for whoever maintains this."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest

from tests.commands.doctor.patient import Patient
from tests.commands.doctor.test_command import doctor
from tests.documents import DOCUMENTS
from tests.world import Uru
from uru_mcp.commands.doctor.api_facts import FACTS
from uru_mcp.commands.doctor.endpoint_probes import Probe
from uru_mcp.commands.doctor.report import TITLE, rendered, survey
from uru_mcp.config.environment import read_settings
from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving
from uru_mcp.untrusted_input.redaction import Redaction

KEPT = Path(__file__).parents[2] / "data" / "reports"
CANARY = "canary"
QUERIES = ("context_query", "prompt_query", "persona_query", "automation_query")
SNAPSHOTS: dict[str, list[str]] = {
    "plain": [],
    "no-key-record": ["no-key-record"],
    "older-service": ["older-service"],
    "results-mcp": ["results-mcp"],
    "key-record-html": ["key-record-html"],
    "namespaces-by-name": ["namespaces-by-name", "tools-composio"],
}
SPOKEN = """
    no-key-record key-record-401 key-record-html key-record-broken key-record-unknown-names namespaces-by-name
    namespaces-names namespaces-in-data-twice list-apps older-service oldest-service tools-openai tools-composio
    tools-schema-in-json declared-in-metadata results-twice-as-text results-as-text results-mcp results-mcp-pieces
    results-bare platform-lists-by-kind records-camel no-platform platform-no-queries errors-in-text errors-html
    gateway-envelope gateway-html-type gateway-challenge-200 gateway-challenge-403 tool-version-word
"""


@asynccontextmanager
async def unlike(*names: str) -> AsyncIterator[tuple[Uru, str]]:
    uru = Uru(Sandbox.open(unlike=names))
    try:
        async with serving(uru.sandbox) as url:
            yield uru, url
    finally:
        uru.close()


async def asked(uru: Uru, url: str, permissions: Any = ("read", "write", "execute"), **more: str) -> list[Probe]:
    environ = {"URU_API_KEY": uru.key(permissions).text, "URU_PROXY_URL": url, **more}
    return await survey(read_settings(environ), Redaction())


def steady(report: str) -> str:
    """Without what differs from one time to the next."""
    return re.sub(r"version \d[^,]*,", "version …,", re.sub(r"\d+ ms", "… ms", report))


@pytest.mark.parametrize("name", SNAPSHOTS)
async def test_the_report_of_a_service_is_as_it_was(name: str) -> None:
    async with unlike(*SNAPSHOTS[name]) as (uru, url):
        found = steady(rendered(await asked(uru, url)))
    file = KEPT / f"{name}.md"
    if "WRITE_REPORTS" in os.environ:
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8"), f"WRITE_REPORTS=1 writes {file.name} anew"


def plant(uru: Uru) -> None:
    """Canaries in all names, titles, texts and ids that can be had, beside those that stand there."""
    database = uru.sandbox.database
    for table in ("workspaces", "contexts", "prompts", "personas", "automations", "notes"):
        for column in database.rows(f"PRAGMA table_info({table})"):
            name = column["name"]
            if name in ("name", "title", "description", "text", "content", "instructions", "category"):
                database.execute(f"UPDATE {table} SET {name} = '{CANARY} ' || {name}")  # noqa: S608  # ours alone
    for namespace in ("platform", "company_demo", "gmail_demo"):
        tool = {
            "name": f"{CANARY}_TOOL",
            "title": CANARY,
            "description": CANARY,
            "inputSchema": {
                "type": "object",
                "properties": {CANARY: {"type": "string", "description": CANARY, "enum": [CANARY]}, "name": {}},
                "required": [CANARY],
            },
            "annotations": {CANARY: CANARY},
            CANARY: {CANARY: [CANARY]},
        }
        uru.sandbox.put_tool(uru.acme.id, namespace, tool)


@pytest.mark.parametrize("name", ["", *SPOKEN.split()])
async def test_nothing_of_the_workspace_is_in_it(name: str) -> None:
    async with unlike(*filter(None, [name])) as (uru, url):
        plant(uru)
        headers = {"ETag": f'"{CANARY}"', "Retry-After": CANARY, "Server": CANARY, f"X-{CANARY}": CANARY}
        error = {"error": {"code": CANARY, "message": CANARY, CANARY: CANARY}, "detail": f'{{"{CANARY}": "{CANARY}"}}'}
        uru.faults.status("/list/apps/calendar_demo", 418, body=error, headers=headers)
        made = uru.sandbox.keys.create(name=CANARY, workspace=uru.acme.id, permissions={"read", "execute"})
        probes = await survey(read_settings({"URU_API_KEY": made.text, "URU_PROXY_URL": url}), Redaction())
        bodies = b"".join(probe.answer.body for probe in probes if probe.answer is not None)
    report = rendered(probes)
    assert CANARY not in report.lower()
    own = {uru.acme.id, uru.acme.name, made.text, made.record.id, url, "company_demo", "gmail_demo", "ctx_", "LOG_NOTE"}
    assert [secret for secret in own if secret in report] == []
    if not name.startswith("gateway-challenge"):
        assert CANARY.encode() in bodies.lower(), "they were there to be repeated"


async def test_what_stands_in_headers_and_broken_bodies_is_not_in_it_either(uru: Uru) -> None:
    headers = {"ETag": f'"{CANARY}"', "Content-Type": f"text/{CANARY}", "Server": CANARY, f"X-{CANARY}": CANARY}
    uru.faults.status("/tools/sync/version", 200, body={CANARY: CANARY}, headers=headers)
    uru.faults.status("/keys/self", 200, body=f"{CANARY}: {CANARY}", headers=headers)
    uru.faults.redirect("/namespaces", f"https://{CANARY}.example/?{CANARY}")
    async with serving(uru.sandbox) as url:
        report = rendered(await asked(uru, url))
    assert CANARY not in report.lower()
    assert "another type" in report
    assert "- headers: etag, server\n" in report
    assert "location" in report


@pytest.mark.parametrize(
    "name", ["", "no-key-record", "key-record-500", "oldest-service", "tool-version-500", "key-record-hangs-up"]
)
async def test_each_thing_is_asked_once_also_when_it_fails_and_nothing_is_changed(name: str) -> None:
    async with unlike(*filter(None, [name])) as (uru, url):
        await asked(uru, url)
        requests = list(uru.sandbox.requests)
        assert uru.notes == []
    counted = Counter(
        (one.method, one.path, one.headers.get("if-none-match"), one.json.get("tool_name") if one.body else None)
        for one in requests
    )
    assert set(counted.values()) == {1}
    assert {one.method for one in requests} == {"GET", "POST"}
    for one in requests:
        if one.method == "POST":
            sent = one.json.get("parameters", one.json)
            assert (sent["op"], sent["limit"]) == ("list", 1)
            assert one.json.get("tool_name", one.path.rpartition("/")[2]) in QUERIES


@pytest.mark.parametrize(
    ("permissions", "variables"), [(["execute"], {}), (["read", "execute"], {"URU_PERMISSIONS": "execute"})]
)
async def test_no_tool_is_called_where_read_is_not_allowed(
    permissions: list[str], variables: dict[str, str], uru: Uru
) -> None:
    async with serving(uru.sandbox) as url:
        await asked(uru, url, permissions, **variables)
    assert uru.sent("/execute/") == 0


async def test_namespaces_that_the_settings_leave_out_are_not_asked_for(uru: Uru) -> None:
    async with serving(uru.sandbox) as url:
        await asked(uru, url, URU_NAMESPACES="gmail_*")
    assert uru.sent("/list/apps/gmail_demo") == 1
    assert uru.sent("/list/apps/company_demo") == 0


@pytest.mark.parametrize(
    ("name", "fact", "held"),
    [
        ("", "key-record", "held"),
        ("", "version-tag", "held"),
        ("", "other-tools", "held"),
        ("", "min-version", "could not be checked"),
        ("no-key-record", "key-record", "did not hold"),
        ("key-record-html", "key-record", "did not hold"),
        ("key-record-unknown-names", "key-record", "did not hold"),
        ("list-apps", "namespaces", "did not hold"),
        ("older-execute", "run-route", "did not hold"),
        ("no-permission", "tool-permission", "did not hold"),
        ("no-tool-version", "version-needs-both", "did not hold"),
        ("no-tool-version", "version-tag", "could not be checked"),
        ("gateway-no-etag", "version-tag", "did not hold"),
        ("platform-no-queries", "list-answer", "could not be checked"),
        ("platform-no-queries", "other-tools", "did not hold"),
        ("results-bare", "failure-flags", "did not hold"),
    ],
)
async def test_a_fact_held_or_not_or_could_not_be_seen(name: str, fact: str, held: str) -> None:
    async with unlike(*filter(None, [name])) as (uru, url):
        report = rendered(await asked(uru, url))
    (row,) = [line for line in report.splitlines() if line.startswith(f"| {fact} |")]
    assert row.endswith(f"| {held} |")


def test_the_facts_are_those_of_the_document() -> None:
    expected = [f"| {fact.id} | {fact.text} | {fact.grade} |" for fact in FACTS]
    assert "\n".join(["| id | fact | grade |", "|---|---|---|", *expected]) in DOCUMENTS["docs/api.md"]
    assert len({fact.id for fact in FACTS}) == len(FACTS)


async def test_it_is_written_for_its_owner_alone_beside_the_checks(patient: Patient) -> None:
    file = patient.home / "report.md"
    ran = await anyio.to_thread.run_sync(lambda: doctor(patient.home, "--report", str(file), **patient.variables))
    assert ran.exit_code == 0, ran.output
    assert "All checks passed." in ran.stdout
    assert f"Report: {file}. Read it before you send it.\n" in ran.stderr
    assert file.read_text().startswith(TITLE)
    assert sys.platform == "win32" or file.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="links are POSIX's")
async def test_what_is_there_stays_unless_it_is_to_be_replaced_and_a_link_is_never_followed(patient: Patient) -> None:
    file, link = patient.home / "mine.md", patient.home / "link.md"
    file.write_text("mine")
    link.symlink_to(file)
    for path, words in ((file, []), (link, []), (link, ["--force"])):
        ran = doctor(patient.home, "--report", str(path), *words, **patient.variables)
        assert ran.exit_code == 1, ran.output
    assert (file.read_text(), link.is_symlink()) == ("mine", True)
    assert patient.uru.sandbox.requests == [], "it is refused before anything is asked"
    words = ["--report", str(file), "--force"]
    ran = await anyio.to_thread.run_sync(lambda: doctor(patient.home, *words, **patient.variables))
    assert (ran.exit_code, file.read_text()[: len(TITLE)]) == (0, TITLE), ran.output
    assert {path.name for path in patient.home.iterdir()} == {"mine.md", "link.md"}


async def test_the_exit_code_is_that_of_the_checks(patient: Patient) -> None:
    patient.uru.faults.status("/keys/self", 404)
    file = patient.home / "report.md"
    ran = await anyio.to_thread.run_sync(lambda: doctor(patient.home, "--report", str(file), **patient.variables))
    assert (ran.exit_code, file.exists()) == (1, True)


def test_without_settings_there_is_no_report(tmp_path: Path) -> None:
    ran = doctor(tmp_path, "--report", str(tmp_path / "report.md"), URU_API_KEY="sk_1")
    assert (ran.exit_code, (tmp_path / "report.md").exists()) == (1, False)
    assert "No report was written" in ran.stderr
