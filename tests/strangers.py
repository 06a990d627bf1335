"""What strangers write: any JSON, and JSON that is nearly of a shape that Uru's is known to have."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

FIELDS = (
    "id", "name", "namespace", "namespaces", "key", "workspace", "workspace_id", "permissions", "scopes", "permission",
    "last4", "status", "created_at", "expires_at", "tools", "function", "parameters", "inputSchema", "annotations",
    "readOnlyHint", "type", "properties", "required", "granted", "$schema", "data", "successful", "success", "error",
    "log_id", "code", "error_code", "message", "detail", "details", "retry_after_ms", "tip", "items", "next_cursor",
    "content", "title", "size", "updated_at", "started_at", "automation_id", "variables", "choices", "persona",
    "events", "node", "version", "displayName", "recovery_tools",
)  # fmt: skip
HOLDERS = ("key", "namespaces", "tools", "items", "error", "detail", "details", "events", "data", "workspace")
WORDS = (
    "read", "Read, Execute", "object", "string", "approval_requested", "waiting_for_approval", "tools_not_ready",
    "insufficient_permission", "workspace_required", "invalid_api_key", "2026-11-23T12:00:00Z",
    "0001-01-01T00:00+23:59",
    "9999-12-31T23:59:59-23:59", "\ud800", "\u202ex\u200b", " ", "", "<html>", "{", '"\\"x\\""',
)  # fmt: skip

texts = st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=()), max_size=20)
leaves = (
    st.none() | st.booleans() | texts | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([10**400, -(10**400), 1e308, -1])
)  # fmt: skip

anything: st.SearchStrategy[Any] = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
"""Any value that JSON can hold."""

near: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=10,
)
"""A value whose members have names that the readers look for."""

records = st.dictionaries(st.sampled_from(FIELDS), near, max_size=8)
listed = st.lists(records | near, max_size=4)
holding = st.builds(lambda name, inner: {name: inner}, st.sampled_from(HOLDERS), records | listed)
bodies: st.SearchStrategy[Any] = (
    st.builds(lambda outer, inner: {**outer, **inner}, records, holding) | listed | anything
)
"""Bodies of an answer: objects and lists of records, or anything."""
