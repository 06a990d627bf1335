"""The facts about Uru's API that are relied on, each with its grade and, where reading can show it, a check.

`docs/api.md` has the same table. A check says whether the fact held, or None where it could not be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from uru_mcp.connection import JSON_TYPE
from uru_mcp.doctor.probes import CONDITIONAL, HEALTH, NAMESPACES, OLDER, RUN, SELF, VERSION, Probe
from uru_mcp.fields import Record, UnexpectedShape, list_at
from uru_mcp.key_record import read_key_record
from uru_mcp.policy import LIST_WORKSPACES, PLATFORM, PLATFORM_TOOLS, SELECT_WORKSPACE
from uru_mcp.records import read_page
from uru_mcp.run_results import FLAGS, read_result
from uru_mcp.versions import read_version
from uru_mcp.wire import read_namespaces, read_tools

Probes = Sequence[Probe]
Check = Callable[[Probes], bool | None]
KNOWN = (LIST_WORKSPACES, SELECT_WORKSPACE, "automation_query")


@dataclass(frozen=True, slots=True)
class Fact:
    """`text` is Markdown. `check` is None of what no harmless read can show."""

    id: str
    text: str
    grade: Literal["guide", "client", "assumed"]
    check: Check | None = None

    def held(self, probes: Probes) -> bool | None:
        return None if self.check is None else self.check(probes)


def _of(probes: Probes, *kinds: str) -> list[Probe]:
    return [probe for probe in probes if probe.kind in kinds and probe.answer is not None]


def _good(probes: Probes, kind: str) -> bool | None:
    """Whether it was answered well; None where nothing came."""
    found = _of(probes, kind)
    return found[0].is_good if found else None


def _reads(reader: Callable[[Any], Any], probe: Probe) -> bool:
    with suppress(UnexpectedShape):
        reader(probe.body)
        return probe.is_good
    return False


def _accepted(probes: Probes) -> bool | None:
    """Whether what needs a key took this one; an answer of 401 to all of it may be about the key."""
    found = [probe for probe in _of(probes, VERSION, NAMESPACES) if probe.is_good]
    return True if found else None


def _key_record(probes: Probes) -> bool | None:
    found = _of(probes, SELF)
    if not found or not _accepted(probes):
        return None
    with suppress(UnexpectedShape):
        return found[0].is_good and read_key_record(found[0].body).permissions is not None
    return False


def _namespaces(probes: Probes) -> bool | None:
    found = _of(probes, NAMESPACES)
    return _reads(read_namespaces, found[0]) if found else None


def _tool_lists(probes: Probes) -> bool | None:
    found = [probe for probe in _of(probes, "tools") if probe.is_good]
    if not found:
        return False if _of(probes, "tools") and _accepted(probes) else None
    return all(_reads(lambda body: read_tools(PLATFORM, body), probe) for probe in found)


def _platform(probes: Probes) -> list[Record]:
    """The tools of `platform` as they were listed."""
    found = next((probe for probe in _of(probes, "tools") if probe.namespace == PLATFORM), None)
    with suppress(UnexpectedShape):
        return [tool for tool in list_at(found.body if found else None, "tools") if isinstance(tool, dict)]
    return []


def _names(probes: Probes) -> frozenset[str] | None:
    found = next((probe for probe in _of(probes, "tools") if probe.namespace == PLATFORM and probe.is_good), None)
    with suppress(UnexpectedShape):
        return frozenset(tool.name for tool in read_tools(PLATFORM, found.body)[0]) if found else None
    return None


def _tool_permission(probes: Probes) -> bool | None:
    tools = _platform(probes)
    return any("permission" in tool for tool in tools) if tools else None


def _known_tools(probes: Probes) -> bool | None:
    names = _names(probes)
    return None if names is None else names.issuperset(KNOWN)


def _other_tools(probes: Probes) -> bool | None:
    names = _names(probes)
    return None if names is None else names.issuperset(PLATFORM_TOOLS)


def _run_route(probes: Probes) -> bool | None:
    """What was refused for another reason than a missing address tells nothing about it."""
    found = _of(probes, RUN)
    if any(probe.is_good for probe in found):
        return True
    return False if _of(probes, OLDER) else None


def _flags(probes: Probes) -> bool | None:
    """Whether a result has one of the flags; that false means a failure is not tried."""
    found = [probe.body for probe in _of(probes, RUN, OLDER) if probe.is_good]
    return any(isinstance(body, dict) and any(flag in body for flag in FLAGS) for body in found) if found else None


def _version(probes: Probes) -> bool | None:
    found = _of(probes, VERSION)
    return _reads(read_version, found[0]) if found else None


def _tag(probes: Probes) -> bool | None:
    """The tag and the 304; that the number only grows takes longer than one look."""
    if not _version(probes):
        return None
    again = _of(probes, CONDITIONAL)
    return bool(again) and again[0].answer is not None and again[0].answer.status == 304


def _degraded(probes: Probes) -> bool | None:
    if not _version(probes):
        return None
    return isinstance(_of(probes, VERSION)[0].body.get("degraded"), bool)


def _pages(probes: Probes) -> list[list[Record]]:
    pages = []
    for probe in _of(probes, RUN, OLDER):
        with suppress(UnexpectedShape):
            result = read_result(probe.body)
            if probe.is_good and result.error is None:
                pages.append(read_page(result.data)[0])
    return pages


def _list_answer(probes: Probes) -> bool | None:
    found = [probe for probe in _of(probes, RUN, OLDER) if probe.is_good]
    return len(_pages(found)) == len(found) if found else None


def _record_fields(probes: Probes) -> bool | None:
    records = [record for page in _pages(probes) for record in page]
    return all("id" in one and ("title" in one or "name" in one) for one in records) if records else None


def _json(probes: Probes) -> bool | None:
    found = [probe for probe in probes if probe.kind != HEALTH and probe.answer is not None and probe.answer.body]
    good = [probe for probe in found if probe.answer is not None and 200 <= probe.answer.status < 300]
    types = [probe.answer.headers.get("content-type", "application/json") for probe in good if probe.answer]
    is_json = [JSON_TYPE.fullmatch(stated.split(";")[0].strip()) is not None for stated in types]
    return all(is_json) and all(probe.is_good for probe in good) if good else None


FACTS: tuple[Fact, ...] = (
    Fact(
        "key-prefix",
        "an API key starts with `uru_`, belongs to one workspace, and has any of Read, Write and "
        "Execute, which are independent",
        "guide",
        _accepted,
    ),
    Fact(
        "permission-meanings",
        "Read: view resources; Write: create and edit them; Execute: run tools and automations",
        "guide",
    ),
    Fact(
        "rotation",
        "keys are rotated every 90 days",
        "guide",
    ),
    Fact(
        "base-url",
        "base URL `https://mcp.uruintelligence.com`, `Authorization: Bearer uru_…`, `X-Uru-Workspace-Id` "
        "when a workspace is configured",
        "client",
        _accepted,
    ),
    Fact(
        "key-record",
        "`GET /keys/self` tells a key's name, age, workspace and permissions",
        "assumed",
        _key_record,
    ),
    Fact(
        "namespaces",
        "`GET /namespaces`, with only `platform` and `recovery: true` while no workspace is selected",
        "client",
        _namespaces,
    ),
    Fact(
        "tool-lists",
        "`GET /list/apps/{namespace}/tools`, with aliases for the names of fields, and MCP's annotations",
        "client",
        _tool_lists,
    ),
    Fact(
        "tool-permission",
        "a tool declares what it needs in `permission`",
        "assumed",
        _tool_permission,
    ),
    Fact(
        "run-route",
        "`POST /execute/{namespace}__execute_tool` with `tool_name` and `parameters`, routed by "
        "`X-Namespace`, `X-Connected-Account-Id` and `X-Server-Id`",
        "client",
        _run_route,
    ),
    Fact(
        "failure-flags",
        "either `successful: false` or `success: false` on status 200 is a failure",
        "client",
        _flags,
    ),
    Fact(
        "version-needs-both",
        "`GET /tools/sync/version` needs a key and a workspace, so it is the cheapest check of both",
        "client",
        _version,
    ),
    Fact(
        "version-tag",
        "its `version` only grows, and growth means that the tools have changed; it has an `ETag` and "
        "answers 304 to `If-None-Match`",
        "client",
        _tag,
    ),
    Fact(
        "backing-off",
        "on 429, 5xx and network faults the Node client waits a random time up to `min(15 min, 60 s × "  # noqa: RUF001  # as in the document
        "2^n)` and never less than `Retry-After`; 401, 403, and 400 with `workspace_required` or "
        "`workspace_id_invalid` end its looks",
        "client",
    ),
    Fact(
        "min-version",
        "`GET /namespaces?min_version=N` answers 409 `TOOLS_NOT_READY` with `retry_after_ms` before that version",
        "client",
    ),
    Fact(
        "degraded",
        "what `degraded` beside the version means; it is ignored",
        "assumed",
        _degraded,
    ),
    Fact(
        "known-queries",
        "`list_workspaces`, `set_current_workspace(workspace_id)`, `automation_query(op)` in `platform`",
        "client",
        _known_tools,
    ),
    Fact(
        "other-tools",
        "the other tools of `platform`, their arguments and answers, and the permission that each needs",
        "assumed",
        _other_tools,
    ),
    Fact(
        "kinds",
        "context blocks, prompts, agents, automations and runs are what the guides describe",
        "guide",
    ),
    Fact(
        "record-fields",
        "the fields of their records: a context's `title`, `content`, `updated_at`, and in lists its "
        "`size` in bytes; a prompt's `variables` with `choices`, and `persona_id` for the agent that it "
        "is meant for",
        "assumed",
        _record_fields,
    ),
    Fact(
        "list-answer",
        "a list or a search answers `items` and `next_cursor`, and an edit the record as it then stands",
        "assumed",
        _list_answer,
    ),
    Fact(
        "waiting-run",
        "a run that waits has `status: waiting_for_approval`, and among its `events` one of type "
        "`approval_requested` with its `node` and, as `detail`, what is asked",
        "assumed",
    ),
    Fact(
        "json-body",
        "a body is JSON, and says so where it says a type at all; the answer of a run is an object or a list",
        "assumed",
        _json,
    ),
    Fact(
        "error-codes",
        "error codes stand in many places and spellings; 409 has two meanings",
        "client",
    ),
    Fact(
        "401-meanings",
        "a 401 may be about the key or about an integration's own connection",
        "client",
    ),
    Fact(
        "key-codes",
        "the codes `invalid_api_key`, `revoked_api_key`, `expired_api_key`, and "
        "`insufficient_permission` with `required` and `granted`",
        "assumed",
    ),
)
