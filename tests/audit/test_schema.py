"""The lines of the audit log are what `docs/audit.md` says of them."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.audit.recorded import ENTRY
from tests.documents import DOCUMENTS
from tests.world import Connect, Uru
from uru_mcp.audit.entry import STARTED, VERSION, WAITING, Entry, as_record, read_entry
from uru_mcp.untrusted_input.redaction import Redaction

TYPES: dict[str, Any] = {"integer": int, "string": str, "string or null": (str, type(None))}
TYPES["array or null"] = (list, type(None))
ROW = re.compile(r"^\| `(\w+)` \| ([a-z ]+) \| (●?) \| .+ \|$", re.MULTILINE)
SCHEMA = {name: (TYPES[kind], bool(always)) for name, kind, always in ROW.findall(DOCUMENTS["docs/audit.md"])}


def agrees(line: dict[str, Any]) -> bool:
    always = {name for name, (_, is_always) in SCHEMA.items() if is_always}
    return always <= line.keys() <= SCHEMA.keys() and all(isinstance(line[name], SCHEMA[name][0]) for name in line)


def test_the_table_has_every_member_and_the_version() -> None:
    assert SCHEMA.keys() == {"v", *Entry._fields}
    assert f"This is version {VERSION} of the schema." in DOCUMENTS["docs/audit.md"]


async def test_every_line_that_is_written_agrees_with_it(connect_once: Connect, uru: Uru, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    required = {"AUDIT_LOG": str(file), "AUDIT_LOG_REQUIRED": "true"}
    async with connect_once({"execute"}, CONFIRM="execute", **required) as claude:
        await claude.whoami()
        await claude.call("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}})
        await claude.call("uru_read", {"tool": "no_such__TOOL"})
        await claude.call("uru_search_tools", {"query": "mail"})
    async with connect_once(key="uru_test_0123456789abcdef", **required) as claude:
        await claude.call("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}})
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(lines) == 10
    assert [line for line in lines if not agrees(line)] == []
    assert all(datetime.fromisoformat(line["time"]).utcoffset() == timedelta() for line in lines)
    assert {"declined", "started", "ok"} < {line["outcome"] for line in lines}
    whole = ENTRY._replace(origin="terminal", call="5f1d2c3b4a596877", decided_by="person", decided_how="card")
    assert as_record(whole).keys() == SCHEMA.keys()
    assert agrees(as_record(whole))


def test_a_line_of_a_later_version_is_not_read_as_one_of_this() -> None:
    line = as_record(ENTRY._replace(outcome=WAITING))
    assert read_entry(json.dumps(line | {"new": 1}), Redaction()) == ENTRY._replace(outcome=WAITING)
    assert read_entry(json.dumps(line | {"v": VERSION + 1}), Redaction()) is None
    before = {name: value for name, value in line.items() if name != "v"}
    assert read_entry(json.dumps(before), Redaction()) == ENTRY._replace(outcome=WAITING)
    assert read_entry(json.dumps(line | {"outcome": STARTED}), Redaction()) == ENTRY._replace(outcome=STARTED)
