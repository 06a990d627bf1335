"""A sandbox whose every name and text was written by somebody who means harm, or just writes much."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from uru_mcp.sandbox import Sandbox, clock
from uru_mcp.sandbox.database import new_id

SCRIPT = (
    '<script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">"\'><svg/onload=alert(1)>'
)
LONG = "W" * 500
RIGHT_TO_LEFT = "\u202e\u05de\u05e4\u05ea\u05d7 gnorw \u0645\u0641\u062a\u0627\u062d"
TEMPLATE = "{{ 7 * 7 }}{% include 'base.html' %}${7*7}"
TEXTS = (SCRIPT, LONG, RIGHT_TO_LEFT, TEMPLATE)

OUTCOMES = ("succeeded", "failed", "refused")
NODES = [{"id": "start", "type": "trigger"}, {"id": "ask", "type": "human_approval", "ask": SCRIPT + LONG}]
EDGES = [{"from": "start", "to": "ask"}]


def fill(sandbox: Sandbox) -> str:
    """Fill the first workspace, with keys, calls and a run that waits; the id of a key that was used."""
    workspace_id = sandbox.workspaces[0].id
    for text in TEXTS:
        _records(sandbox, workspace_id, text)
    keys = [_key(sandbox, workspace_id, text, days) for text, days in zip(TEXTS, (1, 40, 95, 400), strict=True)]
    _calls(sandbox, workspace_id, keys[0])
    sandbox.keys.delete(keys[3])
    return keys[0]


def _key(sandbox: Sandbox, workspace_id: str, name: str, days: int) -> str:
    created = clock.now() - timedelta(days=days)
    permissions = {"read", "write", "execute"}
    made = sandbox.keys.create(name="a", workspace=workspace_id, permissions=permissions, created_at=created)
    sandbox.database.update("keys", made.record.id, name=name)  # as an older or foreign program may have written it
    return made.record.id


def _calls(sandbox: Sandbox, workspace_id: str, key_id: str) -> None:
    for number in range(24):
        at = clock.stamp(clock.now() - timedelta(days=number % 9))
        sandbox.database.insert("uses", key_id=key_id, at=at)
        _insert(
            sandbox,
            "calls",
            key_id=key_id,
            workspace_id=workspace_id,
            namespace="a" * 60,
            tool=TEXTS[number % len(TEXTS)],
            arguments={"text": SCRIPT},
            permission=("read", "read,execute", "")[number % 3],
            outcome=OUTCOMES[number % 3],
            at=at,
        )


def _records(sandbox: Sandbox, workspace_id: str, text: str) -> None:
    now = clock.stamp()
    shared: dict[str, Any] = {"workspace_id": workspace_id}
    record = {**shared, "description": text}
    _insert(sandbox, "contexts", title=text, content=text, category=text, scope=text, updated_at=now, **record)
    mail = {"thread_id": "t", "sender": text, "recipients": [text], "subject": text, "body": text, "labels": [text]}
    _insert(sandbox, "mails", date=now, **mail, **shared)
    _insert(sandbox, "events", summary=text, location=text, starts_at=now, ends_at=now, attendees=[text], **record)
    _insert(sandbox, "notes", text=text, created_at=now, **shared)
    graph = {"trigger": {"type": text}, "nodes": NODES, "edges": EDGES}
    automation_id = _insert(sandbox, "automations", name=text, status="active", **graph, **record)
    walk = {"nodes": NODES, "edges": EDGES, "data": {"input": {}}, "queue": [], "waiting": ["ask"], "steps": 2}
    asked = {"time": now, "node": "ask", "type": "approval_requested", "detail": text}
    status = "waiting_for_approval"
    run = {"automation_id": automation_id, "status": status, "events": [asked], "walk": walk, "started_at": now}
    _insert(sandbox, "runs", **run, **shared)


def _insert(sandbox: Sandbox, table: str, **fields: Any) -> str:
    columns = {f"{name}_json" if isinstance(value, list | dict) else name: value for name, value in fields.items()}
    written = {name: json.dumps(value) if isinstance(value, list | dict) else value for name, value in columns.items()}
    record_id = new_id("x")
    sandbox.database.insert(table, id=record_id, **written)
    return record_id
