"""Good messages and bodies, and all the ways in which chance spoils them; the same for the same seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "fuzz", "version": "1"},
}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "fuzz", "version": "1"}}

CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("uru_whoami", {}),
    ("uru_search_tools", {"query": "send mail", "limit": 3}),
    ("uru_read", {"tool": "platform__context_query", "input": {"op": "search", "query": "refund", "limit": 2}}),
    ("uru_write", {"tool": "platform__context_edit", "input": {"op": "create", "title": "T", "content": "text"}}),
    ("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}}),
    ("uru_execute", {"tool": "company_demo__GENERATE_REPORT", "input": {"title": "T", "rows": 4}}),
    ("uru_result", {"call_id": "call_1", "offset": 10, "wait": 1}),
    ("uru_list_resources", {"query": "tone"}),
    ("uru_read_resource", {"uri": "uru://contexts/ctx_acme_tone", "offset": 0}),
    ("company_demo__LIST_NOTES", {}),
)
REQUESTS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("tools/call", {"name": name, "arguments": arguments}) for name, arguments in CALLS),
    ("initialize", HELLO),
    ("server/discover", {"_meta": META}),
    ("ping", {}),
    ("tools/list", {"cursor": None}),
    ("resources/list", {}),
    ("resources/templates/list", {}),
    ("resources/read", {"uri": "uru://contexts/ctx_acme_tone"}),
    ("prompts/list", {}),
    ("prompts/get", {"name": "prepare_a_visit", "arguments": {"serial": "7"}}),
    (
        "completion/complete",
        {"ref": {"type": "ref/resource", "uri": "uru://contexts/{id}"}, "argument": {"name": "id", "value": "to"}},
    ),
    ("logging/setLevel", {"level": "debug"}),
)
OTHERS: tuple[dict[str, Any], ...] = (
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "never", "reason": "x"}},
    {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 2}},
    {"jsonrpc": "2.0", "id": "mine", "result": {}},
    {"jsonrpc": "2.0", "id": "mine", "error": {"code": -1, "message": "no"}},
)

SCHEMA = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"], "$schema": "x"}
BODIES: tuple[Any, ...] = (
    {
        "key": {"name": "k", "last4": "cdef", "status": "active", "created_at": "2026-07-01T10:00:00Z"},
        "workspace": {"id": "w", "name": "Acme"},
        "permissions": ["read", "execute"],
    },
    {"namespaces": [{"name": "platform"}, {"namespace": "a", "displayName": "A", "connected_account_id": "c"}]},
    {
        "tools": [
            {"name": "A", "description": "a", "inputSchema": SCHEMA, "annotations": {"readOnlyHint": True}},
            {"type": "function", "function": {"name": "B", "parameters": SCHEMA}, "permission": "read"},
        ]
    },
    {"data": {"rows": [1, "two"]}, "successful": True, "success": False, "error": "no", "log_id": "log_1"},
    {"version": 7, "degraded": False},
    {"items": [{"id": "c", "title": "T", "size": 7, "updated_at": "2026-07-01T10:00:00+02:00"}], "next_cursor": "x"},
    {"id": "p", "title": "T", "content": "{{a}}", "variables": [{"name": "a", "required": True, "choices": ["x"]}]},
    {
        "id": "r",
        "automation_id": "a",
        "status": "waiting_for_approval",
        "events": [{"node": "head", "type": "approval_requested", "detail": "Refund?"}],
    },
    {"error": {"code": "insufficient_permission", "message": "m"}, "required": ["read"], "granted": "write"},
    {"code": "TOOLS_NOT_READY", "details": {"recovery_tools": ["x"], "retry_after_ms": 1500}, "tip": "t"},
    "Wed, 21 Oct 2026 07:28:00 GMT",
    "120",
)

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, -(10**30), 1e308, float("nan"), float("inf"), "", " ", "x" * 5_000, "\ud800",
    "\x00", "\u202e\u200b", "uru://", "../..", "%2e%2e", "a\r\nb", "2.0", "🙂", [], {}, [[]], {"": {}}, "-" * 70,
)  # fmt: skip


class Spoiler:
    """Chance, and what it does to a good value or line."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def body(self) -> Any:
        """A body that is nearly good, or nearly nothing."""
        body: Any = self.chance.choice(BODIES)
        for _ in range(self.chance.randint(0, 6)):
            body = self.changed(body)
        return body

    def lines(self) -> Iterator[bytes]:
        """Lines without their ends, requests mostly, most of them with an id of their own."""
        number = 1_000
        while True:
            number += 1
            message: Any = self._message(number)
            for _ in range(self.chance.choice((0, 0, 1, 1, 2, 5))):
                message = self.changed(message)
            if isinstance(message, dict) and "id" in message and self.chance.random() < 0.9:
                message["id"] = number if self.chance.random() < 0.8 else f"id {number}"
            line = json.dumps(message, ensure_ascii=self.chance.random() < 0.5).encode(errors="surrogatepass")
            if self.chance.random() < 0.2:
                line = self.spoilt(line)
            yield line.replace(b"\n", b" ").replace(b"\r", b" ")

    def _message(self, number: int) -> dict[str, Any]:
        if self.chance.random() < 0.1:
            return dict(self.chance.choice(OTHERS))
        method, params = self.chance.choice(REQUESTS)
        if self.chance.random() < 0.3:
            params = {**params, "_meta": META}
        return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}

    def changed(self, value: Any) -> Any:
        """A copy in which one place is otherwise."""
        chance = self.chance.random()
        if not isinstance(value, (dict, list)) or not value or chance < 0.15:
            return self._other(value)
        if isinstance(value, list):
            at = self.chance.randrange(len(value))
            inner = [] if chance < 0.25 else [self.changed(value[at])] * (2 if chance < 0.35 else 1)
            return [*value[:at], *inner, *value[at + 1 :]]
        name = self.chance.choice(list(value))
        if chance < 0.25:
            return {other: inner for other, inner in value.items() if other != name}
        if chance < 0.35:
            return {**value, self.chance.choice(["", "x", "_meta", "\ud800", name + " "]): self._other(None)}
        return {**value, name: self.changed(value[name])}

    def _other(self, value: Any) -> Any:
        chance = self.chance.random()
        if isinstance(value, str) and chance < 0.4:
            at = self.chance.randint(0, len(value))
            return value[:at] + self.chance.choice(["", "x", "\x00", "\u200d", "\ud83d", "%", "_"]) + value[at + 1 :]
        if chance < 0.5:
            return [value] * self.chance.choice([0, 1, 3])
        if chance < 0.6:
            return {self.chance.choice(["", "id", "x"]): value}
        if chance < 0.62:
            for _ in range(self.chance.choice([70, 120])):
                value = [value] if chance < 0.61 else {"a": value}
            return value
        return self.chance.choice(ODD)

    def spoilt(self, line: bytes) -> bytes:
        """The line with some bytes otherwise: cut, changed, doubled, or with what is no text."""
        kind, at = self.chance.randrange(5), self.chance.randint(0, len(line))
        if kind == 0:
            return line[:at]
        if kind == 1:
            return line[:at] + self.chance.randbytes(self.chance.randint(1, 4)) + line[at + 1 :]
        if kind == 2:
            return line + line
        if kind == 3:
            return line[:at] + self.chance.choice([b"[" * 3_000, b'{"a":' * 3_000, b"9" * 5_000]) + line[at:]
        return line[:at] + b"\xff\xfe" + line[at:]
