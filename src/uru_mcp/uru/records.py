"""Parses Uru's records from JSON: context blocks, prompts, agents, automations and their runs.

Like the other readers of this package, it knows field names of the API. It sends no requests, see
`resources/record_cache.py`, and does not know MCP.

Source: Uru's guides describe these records; the responses of their tools and their fields are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from uru_mcp import limits
from uru_mcp.messages import record_messages
from uru_mcp.untrusted_input.json_fields import (
    Record,
    UnexpectedShape,
    envelopes_of,
    first,
    flag_at,
    list_at,
    moment_at,
    object_at,
    record_of,
    text_at,
)
from uru_mcp.uru.resource_uris import ResourceUri

JSON = "application/json"
IDS = ("id", "_id", "uuid")
INPUTS = 30  # inputs of an automation that are listed


class Kind(NamedTuple):
    """A kind of record: its collection in URIs, its display name, and the tools of `platform` for it."""

    collection: str
    noun: str
    query_tool: str
    edit_tool: str | None = None
    mime_type: str = JSON


CONTEXTS = Kind("contexts", "context block", "context_query", "context_edit", "text/markdown")
PROMPTS = Kind("prompts", "prompt", "prompt_query", "prompt_edit")
AGENTS = Kind("agents", "agent", "persona_query", "persona_edit")
AUTOMATIONS = Kind("automations", "automation", "automation_query", "automation_edit")
RUNS = Kind("runs", "run of an automation", "automation_query")

KINDS: tuple[Kind, ...] = (CONTEXTS, PROMPTS, AGENTS, AUTOMATIONS, RUNS)

CHANGED_BY: Mapping[str, tuple[Kind, ...]] = {
    **{kind.edit_tool: (kind,) for kind in KINDS if kind.edit_tool is not None},
    "automation_run": KINDS,  # an automation's agents may call any tool
    "automation_decide": KINDS,
}
"""The tools of `platform` that change records, and the kinds they change."""

ANSWERED_BY: Mapping[str, Kind] = {
    **{kind.edit_tool: kind for kind in KINDS if kind.edit_tool is not None},
    "automation_run": RUNS,
    "automation_decide": RUNS,
}
"""The tools of `platform` that return the record in its new state."""


class Entry(NamedTuple):
    """A record as shown in a list. `size` is the length of its text in bytes; `excerpt` is the match of a search.

    `inputs` are the required inputs of an automation, as far as they are known.
    """

    kind: Kind
    address: ResourceUri
    title: str
    description: str
    size: int | None = None
    updated_at: datetime | None = None
    excerpt: str | None = None
    inputs: tuple[str, ...] = ()


class Variable(NamedTuple):
    """A placeholder in a prompt. `choices` is empty if any text is allowed."""

    name: str
    description: str
    required: bool
    choices: tuple[str, ...] = ()


class Prompt(NamedTuple):
    """A prompt. `content` contains `{{name}}` for each variable, and is None if a list omits it.

    `agent` is the id of the agent whose instructions precede it.
    """

    id: str
    title: str
    description: str
    content: str | None
    variables: tuple[Variable, ...]
    agent: str | None


def kind_at(address: ResourceUri) -> Kind | None:
    """The kind of record at a URI; None if there is no such kind."""
    if address.id is None:
        return None
    if address.run_id is not None:
        return RUNS if address.collection == AUTOMATIONS.collection else None
    return next((kind for kind in KINDS if kind.collection == address.collection and kind is not RUNS), None)


def address_of(kind: Kind, record: Record) -> ResourceUri | None:
    """The URI of a record; None if fields are missing, or if its id is too long for a URI."""
    own, automation = text_at(record, *IDS), text_at(record, "automation_id", "automationId")
    if own is None or max(len(own), len(automation or "")) > limits.IDENTIFIER:
        return None
    if kind is not RUNS:
        return ResourceUri(kind.collection, own)
    return ResourceUri(AUTOMATIONS.collection, automation, own) if automation is not None else None


def read_page(body: Any) -> tuple[list[Record], str | None]:
    """Read a list or a search: `{"items": [{"id": …}], "next_cursor": "…"|null}`, or the bare list.

    Raises:
        UnexpectedShape: There is no list.
    """
    items = [item for item in list_at(body, "items") if isinstance(item, dict)]
    cursors = [text_at(envelope, "next_cursor", "nextCursor") for envelope in envelopes_of(body)]
    return items, next((cursor for cursor in cursors if cursor is not None), None)


def read_entry(kind: Kind, record: Record) -> Entry | None:
    """The record as shown in a list; None if it has no id."""
    address = address_of(kind, record)
    if address is None:
        return None
    content = text_at(record, "content")
    title = text_at(record, "title", "name") or text_at(record, "id") or ""
    description = text_at(record, "description") or ""
    updated_at = moment_at(record, "updated_at")
    if kind is RUNS:
        title = record_messages.run_title(automation_name(record), text_at(record, "started_at"))
        description = text_at(record, "status") or ""
        updated_at = moment_at(record, "finished_at") or moment_at(record, "started_at")
    return Entry(
        kind,
        address,
        title,
        description,
        size=_size(record) if content is None else len(content.encode(errors="replace")),
        updated_at=updated_at,
        excerpt=text_at(record, "excerpt"),
        inputs=_required_inputs(record) if kind is AUTOMATIONS else (),
    )


def _required_inputs(record: Record) -> tuple[str, ...]:
    """The required inputs of an automation: `{"trigger": {"input_schema": {"required": ["amount"]}}}`."""
    holders = (object_at(record, "trigger") or {}, record)
    names = ("input_schema", "inputSchema")
    schema = next((found for one in holders for name in names if (found := object_at(one, name)) is not None), {})
    required = schema.get("required")
    named = required if isinstance(required, list) else []
    return tuple(one for one in named if isinstance(one, str) and len(one) <= limits.IDENTIFIER)[:INPUTS]


def automation_name(record: Record) -> str | None:
    """The name of the automation in a run's record."""
    named = object_at(record, "automation") or {}
    return text_at(record, "automation_name", "automation_title") or text_at(named, "name", "title")


def _size(record: Record) -> int | None:
    """The size in bytes of the text that the list omits."""
    size = record.get("size")
    return size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None


def read_content(kind: Kind, record: Record) -> Any:
    """The content of the resource: the text of a context block, or the record itself for every other kind."""
    return record.get("content") if kind is CONTEXTS and isinstance(record.get("content"), str) else record


def read_prompt(body: Any) -> Prompt:
    """Read a prompt. The field of its agent is assumed: `persona_id`, `agent_id`, or an object with an `id`.

    Raises:
        UnexpectedShape: It is not a record, or has no id.
    """
    record = record_of(body)
    own = text_at(record, *IDS)
    if own is None:
        raise UnexpectedShape("a prompt without an id")
    listed = record.get("variables")
    variables = [_variable(item) for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    agent = object_at(record, "persona") or object_at(record, "agent") or {}
    return Prompt(
        id=own,
        title=text_at(record, "title", "name") or own,
        description=text_at(record, "description") or "",
        content=text_at(record, "content"),
        variables=tuple({one.name: one for one in variables if one is not None}.values()),
        agent=text_at(record, "persona_id", "agent_id") or text_at(agent, "id"),
    )


def _variable(item: Record) -> Variable | None:
    name = text_at(item, "name")
    if name is None:
        return None
    choices = first(item, "choices", "options", "enum")
    return Variable(
        name=name.strip(),
        description=text_at(item, "description") or "",
        required=flag_at(item, "required") is True,
        choices=tuple(one for one in choices if isinstance(one, str)) if isinstance(choices, list) else (),
    )


def read_agent(record: Record) -> tuple[str | None, str | None]:
    """An agent's name and instructions."""
    return text_at(record, "name"), text_at(record, "instructions")
