"""Describes the shape of JSON for the report: keys, types, and lengths of lists and texts, but no values.

A key is shown only if it is in `VOCABULARY`, since the keys of an object may be private names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from uru_mcp.untrusted_input.json_fields import in_words, parsed_text

NAMES = """
_meta access account_label actions allowed annotations answer apiKey api_key app appName app_name apps args
argsSchema args_schema arguments automation_id automations available_workspaces canExecute canRead canWrite
can_execute can_read can_write categories category choices code comment connectedAccountId connected_account_id
connection_status content contexts count createdAt created_at currentWorkspace current_workspace cursor data
data_type default degraded description destructiveHint destructive_hint detail details displayName display_name
edges enabled enum error error_code events excerpt execute expiresAt expires_at finished_at full function functions
granted has_more help_url id idempotentHint idempotent_hint inputParameters inputSchema input_parameters
input_schema instructions isError is_error items jsonrpc key keys kind label last4 lastFour lastUsedAt last_4
last_four last_used_at length limit logId log_id message meta metadata method mimeType min_version missing mode
name namespace namespaces next nextCursor next_cursor node_id nodes ok op openWorldHint open_world_hint output
outputSchema output_schema page pagination parameters path permission permissions persona_id personas platform
prompts properties query read readOnlyHint read_only_hint reason record records recovery recovery_tools
requests_24h requests_total required requiredPermission requiredPermissions required_permission
required_permissions resource resources response response_data result results retry_after retry_after_ms retryable
run_id runs schema scope scopes serverId server_id size slug started_at state status statusCode status_code
structuredContent structured_content success successful successfull suggestion summary tags text timestamp tip
title tool toolName toolSlug tool_name tool_slug tools total trigger type updatedAt updated_at usage user uuid
value variables version workflow workspace workspaceId workspaceName workspace_id workspace_name workspaces write
"""

VOCABULARY = frozenset(NAMES.split())
"""The documented field names of the API, and those that the readers in `uru/` accept."""

KEYED_BY_NAMES = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependencies"})
DEEPEST = 7  # levels that are shown
MOST = 300  # values at one place that are examined
OTHER = "(other key)"


def lines_of(value: Any) -> list[str]:
    """The shape as indented lines: `object`, `  items: list of 3`, `    each: object`, `      id: text of 4 to 9`."""
    return list(_lines("body", [value], 0, is_named=False))


def _lines(label: str, values: list[Any], depth: int, *, is_named: bool) -> Iterator[str]:
    """The lines for the values at one place, and for their contents. With `is_named`, all keys are private names."""
    seen = values[:MOST]
    yield f"{'  ' * depth}{label}: {' or '.join(_kinds(seen))}"
    if depth >= DEEPEST:
        return
    objects = [one for one in seen if isinstance(one, dict)]
    for key in _keys(objects, is_named=is_named):
        held = [inner for one in objects for name, inner in one.items() if _shown(name, is_named=is_named) == key]
        times = sum(any(_shown(name, is_named=is_named) == key for name in one) for one in objects)
        among = "" if times == len(objects) and key != OTHER else f" ({len(held)}, in {times} of {len(objects)})"
        yield from _lines(f"{key}{among}", held, depth + 1, is_named=key in KEYED_BY_NAMES)
    elements = [inner for one in seen if isinstance(one, list) for inner in one]
    if elements:
        yield from _lines("each", elements, depth + 1, is_named=False)
    texts = [held for one in seen if isinstance(one, str) and (held := _json_in(one)) is not None]
    if texts:
        yield from _lines("JSON in the text", texts, depth + 1, is_named=False)


def _kinds(values: list[Any]) -> Iterator[str]:
    kinds: dict[str, list[int]] = {}
    for value in values:
        size = len(value) if isinstance(value, list | str) else 0
        kinds.setdefault(in_words(value), []).append(size)
    for kind, sizes in kinds.items():
        yield f"{kind} of {_range(sizes)}" if kind in ("text", "a list") else kind


def _range(sizes: list[int]) -> str:
    return str(min(sizes)) if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"


def _keys(objects: list[dict[str, Any]], *, is_named: bool) -> list[str]:
    """The keys to show, in alphabetical order so that their original order is not revealed; other keys last."""
    shown = {_shown(name, is_named=is_named) for one in objects for name in one}
    return sorted(shown, key=lambda key: (key == OTHER, key))


def _shown(name: str, *, is_named: bool) -> str:
    return name if name in VOCABULARY and not is_named else OTHER


def _json_in(text: str) -> Any:
    """The object or list that a text contains as JSON, or None."""
    return parsed_text(text) if text.lstrip()[:1] in ("{", "[") else None


def parsed(body: bytes) -> Any:
    """The JSON of a body in a tuple of one; an empty tuple if it is not JSON."""
    try:
        return (json.loads(body, parse_constant=str),)
    except (ValueError, RecursionError):
        return ()
