"""`Catalog`: the namespaces and tools of the key's workspace, named, classified and searchable.

A `Catalog` is an immutable snapshot; `assembly.py` creates new ones. It does not decide whether a tool may be called.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

from uru_mcp import limits
from uru_mcp.access.policy import PLATFORM, dispatcher_of, is_foreign, needs_of, reads_only
from uru_mcp.catalog.account_labels import called
from uru_mcp.catalog.namespace_choice import NamespaceChoice
from uru_mcp.catalog.search.postings import Document
from uru_mcp.catalog.search.tool_index import Index
from uru_mcp.catalog.tool_names import LONGEST_LISTED, listed_name, may_be_of, shown_name
from uru_mcp.config.tool_patterns import SEPARATOR, UserRules
from uru_mcp.errors import UruError
from uru_mcp.messages import report_messages
from uru_mcp.permissions import Permissions
from uru_mcp.untrusted_input.json_fields import compact
from uru_mcp.untrusted_input.quoting import described, quoted
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.untrusted_input.word_splitting import first_sentence
from uru_mcp.uru.namespaces_and_tools import LeftOut, Namespace, UpstreamTool

SENTENCE_CHARS = 200  # of the one-sentence description of a tool


class Tool(NamedTuple):
    """One of Uru's tools as we offer it. `id` is its name for MCP clients, `name` its name in Uru.

    Its schema is kept as JSON text to save memory, since only few schemas are ever parsed.
    """

    id: str
    namespace: Namespace
    name: str
    title: str
    description: str
    schema_json: str
    needs: Permissions
    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool

    @property
    def schema(self) -> dict[str, Any]:
        """The schema of its arguments, parsed and cached: recently used tools return the same object."""
        return _parsed(self.schema_json)

    @property
    def dispatcher(self) -> str | None:
        """The dispatch tool that can run it, or None if it can only be called by its own name."""
        return dispatcher_of(self.needs, read_only=self.read_only)

    @property
    def listed_as(self) -> str:
        """Its name in a list, shortened if `id` leaves no room for a client's prefix."""
        return self.id if len(self.id) <= LONGEST_LISTED else listed_name(self.namespace.name, self.name)

    @property
    def names(self) -> tuple[str, ...]:
        """All that it is called: as Uru does, as it is shown, and as it is listed."""
        return (f"{self.namespace.name}{SEPARATOR}{self.name}", self.id, self.listed_as)

    @property
    def attributed(self) -> str:
        """The description after a note on its author, so that a model does not attribute it to Uru or the user."""
        author = report_messages.OUTSIDE_DESCRIPTION if is_foreign(self.namespace.name) else ""
        return f"[{self.namespace.title}{author}] {self.description}".strip()

    @property
    def in_one_sentence(self) -> str:
        """The attributed description, shortened to one sentence."""
        whole = self.attributed
        sentence = " ".join(first_sentence(self.description)[0].split())
        attributed = f"{whole[: len(whole) - len(self.description)]}{sentence}".strip()
        return attributed if len(attributed) <= SENTENCE_CHARS else attributed[: SENTENCE_CHARS - 1] + "…"

    @property
    def full_title(self) -> str:
        """Its title, preceded by that of its namespace, which distinguishes accounts."""
        return f"{self.namespace.title}: {self.title}"

    @property
    def is_run(self) -> bool:
        """Whether a call may change something, so that it must never be sent twice."""
        return not (self.read_only and self.namespace.name == PLATFORM)


@dataclass(frozen=True)
class Catalog:
    """Uru's tools by id, `platform` first and then by namespace, in Uru's own order within each.

    `failed` names the namespaces whose tools could not be loaded, and why; what was known of them is still there when
    Uru gave no answer. `unlisted` are tools that clients would refuse in a list, and why. `told_at` is when Uru told
    the tools of each namespace, and `source` where all of it is from. `rules` are what the user has set, and
    `taken_away` the tools that go by them: they are in nothing else here, so that nobody finds or runs them.
    `choice` is what the user has made of the namespaces.
    """

    namespaces: tuple[Namespace, ...] = ()
    tools: Mapping[str, Tool] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    unlisted: Mapping[str, str] = field(default_factory=dict)
    failed: tuple[tuple[Namespace, UruError], ...] = ()
    told_at: Mapping[str, datetime] = field(default_factory=dict)
    source: Literal["nobody", "uru", "disk"] = "nobody"
    rules: UserRules = field(default_factory=UserRules)
    taken_away: Mapping[str, Tool] = field(default_factory=dict)
    choice: NamespaceChoice = NamespaceChoice()  # noqa: RUF009  # it is frozen

    def failure_of(self, tool: str) -> UruError | None:
        """The error of the namespace that a tool with this id belongs to, if it could not be loaded."""
        return next((error for namespace, error in self.failed if may_be_of(tool, namespace.name)), None)

    def why_left_out(self, tool: str) -> str | None:
        """Why a tool with this id was left out, though Uru has it."""
        return next((one.reason for one in self.left_out if shown_name(one.namespace, one.name) == tool), None)

    def left_out_with(self, tool: str) -> tuple[str, ...]:
        """The namespaces that `URU_NAMESPACES` leaves out and that a tool with this id would be of.

        If it leaves out everything, these are all.
        """
        left_out = self.choice.left_out or (PLATFORM,) * self.choice.leaves_out(PLATFORM)
        return tuple(one for one in left_out if may_be_of(tool, one)) or (() if self.namespaces else left_out)

    def find(self, name: str) -> Tool | None:
        """The tool with this id or listed name."""
        return self.tools.get(name) or self._by_listed_name.get(name)

    def find_taken_away(self, name: str) -> Tool | None:
        """The tool of this id or listed name that the user has taken away."""
        return self.taken_away.get(name) or next((one for one in self.taken_away.values() if name in one.names), None)

    @cached_property
    def _by_listed_name(self) -> Mapping[str, Tool]:
        return {tool.listed_as: tool for tool in self.tools.values() if len(tool.id) > LONGEST_LISTED}

    def tools_of(self, namespace: Namespace) -> tuple[Tool, ...]:
        return self._by_namespace.get(namespace.name, ())

    def all_of(self, namespace: Namespace) -> tuple[Tool, ...]:
        """The same, and besides what the user has taken away."""
        gone = tuple(tool for tool in self.taken_away.values() if tool.namespace.name == namespace.name)
        return (*self.tools_of(namespace), *gone)

    def needs_in(self, namespace: Namespace) -> Mapping[Permissions, int]:
        """The number of the namespace's tools for each set of permissions that they need."""
        return self._needs.get(namespace.name, {})

    @cached_property
    def needs(self) -> Mapping[Permissions, int]:
        """The number of all tools for each set of permissions that they need."""
        return sum(self._needs.values(), Counter())

    @cached_property
    def index(self) -> Index:
        """The search index, built on first access; use a thread, since forty thousand tools take a second."""
        return Index(
            {tool.id: words_of(tool) for tool in self.tools.values()},
            favoured={tool.id for tool in self.tools.values() if tool.read_only},  # reading is safer than changing
        )

    @property
    def is_indexed(self) -> bool:
        return "index" in self.__dict__

    @cached_property
    def always_listed(self) -> tuple[Tool, ...]:
        """The few tools that any key may call or that can only be called by their own name."""
        return tuple(tool for tool in self.tools.values() if not tool.needs or tool.dispatcher is None)

    @cached_property
    def _needs(self) -> dict[str, Counter[Permissions]]:
        return {name: Counter(tool.needs for tool in tools) for name, tools in self._by_namespace.items()}

    @cached_property
    def _by_namespace(self) -> dict[str, tuple[Tool, ...]]:
        grouped: dict[str, list[Tool]] = {}
        for tool in self.tools.values():
            grouped.setdefault(tool.namespace.name, []).append(tool)
        return {name: tuple(tools) for name, tools in grouped.items()}


def classified(namespace: Namespace, upstream: UpstreamTool, redaction: Redaction) -> Tool:
    """The tool as we offer it, with its name, permissions and hints, and without invisible characters in its texts."""
    needs = needs_of(namespace.name, upstream.name, declared=upstream.declared, read_only=upstream.read_only)
    read_only = reads_only(namespace.name, upstream.name, declared=upstream.declared, read_only=upstream.read_only)
    trusted = not is_foreign(namespace.name)
    return Tool(
        id=shown_name(namespace.name, upstream.name),
        namespace=namespace,
        name=upstream.name,
        title=quoted(redaction.text(upstream.title or _title_of(namespace, upstream.name)), limits.TITLE),
        description=limits.cut(described(redaction.text(upstream.description)), limits.TOOL_DESCRIPTION),
        schema_json=_clean(upstream, redaction),
        needs=needs,
        read_only=read_only,
        destructive=not read_only and not (trusted and upstream.destructive is False),
        idempotent=read_only or (trusted and upstream.idempotent is True),
        open_world=not (trusted and upstream.open_world is False),
    )


def _title_of(namespace: Namespace, name: str) -> str:
    """A title from a tool's name: `Gmail send email`. Uru's own tools say persona where we say agent."""
    title = name.replace("_", " ").strip()
    return (title.replace("persona", "agent") if namespace.name == PLATFORM else title).capitalize()


def _clean(upstream: UpstreamTool, redaction: Redaction) -> str:
    """The schema as JSON; one that is too large is replaced by a note, and any arguments are accepted."""
    if len(upstream.schema_json) > limits.TOOL_SCHEMA:
        said = report_messages.SCHEMA_TOO_LARGE.format(size=len(upstream.schema_json))
        return compact({"type": "object", "description": said})
    if redaction.is_clean(upstream.schema_json):
        return upstream.schema_json
    return compact(redaction.value(upstream.schema))


@lru_cache(maxsize=256)
def _parsed(schema_json: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_json)
    return schema


def words_of(tool: Tool) -> Document:
    """The searchable texts of a tool: its names, what it does, and separately when and how to use it."""
    parameters = json.loads(tool.schema_json).get("properties")  # parsed without the cache, since it is used only once
    summary, details = first_sentence(tool.description)
    return Document(
        name=tool.name,
        title=tool.title,
        summary=summary,
        details=details,
        namespace=called(tool.namespace),
        parameters=" ".join(parameters) if isinstance(parameters, dict) else "",
    )
