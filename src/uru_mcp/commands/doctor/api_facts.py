"""Lists the assumptions about Uru's API, each with its grade and, if a read can show it, a check.

`docs/api.md` has the same table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from uru_mcp.commands.doctor import api_fact_checks
from uru_mcp.commands.doctor.api_fact_checks import Probes

Check = Callable[[Probes], bool | None]


@dataclass(frozen=True, slots=True)
class Fact:
    """`text` is Markdown. `check` is None if no harmless read can check the fact."""

    id: str
    text: str
    grade: Literal["guide", "client", "assumed"]
    check: Check | None = None

    def held(self, probes: Probes) -> bool | None:
        return None if self.check is None else self.check(probes)


FACTS: tuple[Fact, ...] = (
    Fact(
        "key-prefix",
        "an API key starts with `uru_`, belongs to one workspace, and has any of Read, Write and "
        "Execute, which are independent",
        "guide",
        api_fact_checks.accepted,
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
        api_fact_checks.accepted,
    ),
    Fact(
        "key-record",
        "`GET /keys/self` tells a key's name, age, workspace and permissions",
        "assumed",
        api_fact_checks.key_record,
    ),
    Fact(
        "namespaces",
        "`GET /namespaces`, with only `platform` and `recovery: true` while no workspace is selected",
        "client",
        api_fact_checks.namespaces,
    ),
    Fact(
        "tool-lists",
        "`GET /list/apps/{namespace}/tools`, with aliases for the names of fields, and MCP's annotations",
        "client",
        api_fact_checks.tool_lists,
    ),
    Fact(
        "tool-permission",
        "a tool declares what it needs in `permission`",
        "assumed",
        api_fact_checks.tool_permission,
    ),
    Fact(
        "run-route",
        "`POST /execute/{namespace}__execute_tool` with `tool_name` and `parameters`, routed by "
        "`X-Namespace`, `X-Connected-Account-Id` and `X-Server-Id`",
        "client",
        api_fact_checks.run_route,
    ),
    Fact(
        "failure-flags",
        "either `successful: false` or `success: false` on status 200 is a failure",
        "client",
        api_fact_checks.flags,
    ),
    Fact(
        "version-needs-both",
        "`GET /tools/sync/version` needs a key and a workspace, so it is the cheapest check of both",
        "client",
        api_fact_checks.version,
    ),
    Fact(
        "version-tag",
        "its `version` only grows, and growth means that the tools have changed; it has an `ETag` and "
        "answers 304 to `If-None-Match`",
        "client",
        api_fact_checks.tag,
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
        api_fact_checks.degraded,
    ),
    Fact(
        "known-queries",
        "`list_workspaces`, `set_current_workspace(workspace_id)`, `automation_query(op)` in `platform`",
        "client",
        api_fact_checks.known_tools,
    ),
    Fact(
        "other-tools",
        "the other tools of `platform`, their arguments and answers, and the permission that each needs",
        "assumed",
        api_fact_checks.other_tools,
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
        api_fact_checks.record_fields,
    ),
    Fact(
        "list-answer",
        "a list or a search answers `items` and `next_cursor`, and an edit the record as it then stands",
        "assumed",
        api_fact_checks.list_answer,
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
        api_fact_checks.json,
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
