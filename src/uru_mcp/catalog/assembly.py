"""Assembles a catalog from loaded namespaces and tools; leaves out unusable tools, with the reason.

It sends no requests and decides nothing about permissions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from uru_mcp import limits
from uru_mcp.catalog.account_labels import told_apart
from uru_mcp.catalog.catalog import Catalog, Tool, classified
from uru_mcp.catalog.namespace_choice import NamespaceChoice
from uru_mcp.catalog.schemas.unlistable_tools import reasons_unlisted
from uru_mcp.config.tool_patterns import UserRules
from uru_mcp.errors import NoAnswer, UruError
from uru_mcp.messages import report_messages
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.namespaces_and_tools import LeftOut, Namespace, UpstreamTool


def assembled(
    namespaces: Iterable[Namespace],
    loaded: Mapping[str, tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]],
    failed: Iterable[tuple[Namespace, UruError]],
    redaction: Redaction,
    *,
    older: Catalog | None = None,
    rules: UserRules | None = None,
    choice: NamespaceChoice | None = None,
) -> Catalog:
    """Build the catalog. Forty thousand tools take a second, so run it in a thread.

    Of what `failed` because Uru gave no answer, the `older` catalog's tools stay. `rules` take tools away, and
    `choice` is what the namespaces were chosen by.
    """
    namespaces, older = told_apart(namespaces), older or Catalog()
    titled = {namespace.name: namespace for namespace in namespaces}
    failed = tuple((titled.get(namespace.name, namespace), error) for namespace, error in failed)
    unanswered = {namespace.name for namespace, error in failed if isinstance(error, NoAnswer)}
    told_at = dict.fromkeys(loaded, datetime.now(UTC))
    told_at |= {name: moment for name, moment in older.told_at.items() if name in unanswered}
    collected = _Collected(redaction)
    for namespace in namespaces:
        if namespace.name in unanswered:
            collected.keep(namespace, older.all_of(namespace))
        collected.add_all(namespace, *loaded.get(namespace.name, ((), ())))
    rules = (rules or UserRules()).among(collected.tools.values())
    taken_away = {name: tool for name, tool in collected.tools.items() if not rules.chosen.fit(tool)}
    tools = {name: tool for name, tool in collected.tools.items() if name not in taken_away}
    unlisted = reasons_unlisted((tool.id, tool.schema_json, tool.dispatcher) for tool in tools.values())
    return Catalog(
        namespaces,
        tools,
        collected.all_left_out,
        unlisted,
        failed,
        told_at,
        "uru",
        rules,
        taken_away,
        choice or NamespaceChoice(),
    )


class _Collected:
    """Collects usable tools and those left out, within `limits`."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._left_out: list[LeftOut] = []
        self._more = 0
        self._room = limits.CATALOG
        self.tools: dict[str, Tool] = {}

    @property
    def all_left_out(self) -> tuple[LeftOut, ...]:
        more = [LeftOut("", f"({self._more:,} more)", report_messages.LEFT_OUT_MORE)] if self._more else []
        return (*self._left_out, *more)

    def keep(self, namespace: Namespace, known: Iterable[Tool]) -> None:
        """Tools of an older catalog, under the namespace's title of now."""
        for tool in known:
            self.tools.setdefault(tool.id, tool._replace(namespace=namespace))

    def add_all(self, namespace: Namespace, offered: Iterable[UpstreamTool], unusable: Iterable[LeftOut]) -> None:
        for item in unusable:
            self.leave_out(item)
        for upstream in offered:
            self.add(namespace, upstream)

    def add(self, namespace: Namespace, upstream: UpstreamTool) -> None:
        reason = self._reason_against(upstream)
        if reason is not None:
            self.leave_out(LeftOut(namespace.name, upstream.name, reason))
            return
        tool = classified(namespace, upstream, self._redaction)
        if self._redaction.text(tool.id) != tool.id:
            self.leave_out(LeftOut(namespace.name, upstream.name, report_messages.LEFT_OUT_KEY))
        elif tool.id in self.tools:
            self.leave_out(LeftOut(namespace.name, upstream.name, report_messages.LEFT_OUT_SAME_NAME))
        else:
            self._room -= len(tool.description) + len(tool.schema_json)
            self.tools[tool.id] = tool

    def leave_out(self, item: LeftOut) -> None:
        if len(self._left_out) >= limits.LEFT_OUT:
            self._more += 1
        else:
            self._left_out.append(item._replace(name=_told_name(item.name)))

    def _reason_against(self, upstream: UpstreamTool) -> str | None:
        if len(upstream.name) > limits.IDENTIFIER:
            return report_messages.LEFT_OUT_LONG_NAME.format(most=limits.IDENTIFIER)
        if len(self.tools) >= limits.TOOLS or self._room < 0:
            return report_messages.LEFT_OUT_NO_ROOM
        return None


def _told_name(name: str) -> str:
    return name if len(name) <= limits.IDENTIFIER else report_messages.LONG_NAME.format(name=len(name))
