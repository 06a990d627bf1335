"""The part of `uru_whoami` about what the administrator and the user have set, and patterns that match no tool."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from uru_mcp.access.policy import PLATFORM
from uru_mcp.catalog.catalog import Catalog
from uru_mcp.catalog.tool_names import shown_name
from uru_mcp.config.managed_policy import ManagedPolicy
from uru_mcp.config.tool_patterns import POLICY_CONFIRM, POLICY_TOOLS, Misfit
from uru_mcp.messages import policy_messages, report_messages
from uru_mcp.uru.records import Kind


def user_choices(catalog: Catalog) -> dict[str, Any]:
    """`{"user_choices": {"URU_TOOLS": "*,!stripe_*", "URU_CONFIRM": "destructive", "URU_APPROVALS": "person"}}`

    Only settings with a value are included; without any, the result is empty.
    """
    rules = catalog.rules
    said = {
        "URU_NAMESPACES": str(catalog.choice),
        "URU_TOOLS": ",".join(map(str, rules.chosen.patterns)),
        "URU_CONFIRM": ",".join(map(str, rules.confirmed.patterns)),
        "URU_APPROVALS": "person" if rules.only_person_decides and not rules.is_person_by_policy else "",
    }
    said = {name: value for name, value in said.items() if value}
    return {"user_choices": said} if said else {}


def administrator_s(policy: ManagedPolicy | None) -> dict[str, Any]:
    """`{"policy": {"file": "/etc/uru-mcp/policy.toml", "limits": {"permissions": ["read"]}}}`; empty without one."""
    return {} if policy is None else {"policy": {"file": policy.path, "limits": policy.limits}}


def pattern_problems(catalog: Catalog) -> Iterator[dict[str, Any]]:
    """The patterns that match no namespace and those that match no tool, each with what is similar, and what it does.

    Nothing is reported of tools while some tools could not be loaded, since a pattern may match one of those.
    """
    if catalog.choice.problem is not None:
        message, fix = catalog.choice.problem
        yield {"code": "not_configured", "message": message, "fix": fix}
    for variable, misfit in () if catalog.failed else catalog.rules.misfits:
        yield {"code": "not_configured", "message": misfit_in_words(variable, misfit), "fix": _fix(variable, misfit)}


def misfit_in_words(variable: str, misfit: Misfit) -> str:
    message = report_messages.PATTERN_FITS_NOTHING.format(pattern=misfit.pattern, variable=variable)
    if not misfit.closed:
        return message
    takes_away = variable in ("URU_TOOLS", POLICY_TOOLS)
    closed = report_messages.NEAREST_TAKEN_AWAY if takes_away else report_messages.NEAREST_CONFIRMED
    return f"{message} {closed.format(near=misfit.near, tools=misfit.closed)}"


def _fix(variable: str, misfit: Misfit) -> str:
    if variable in (POLICY_TOOLS, POLICY_CONFIRM):
        return policy_messages.ASK_ABOUT_THE_PATTERN.format(variable=variable)
    if misfit.near is None:
        return report_messages.CHECK_THE_PATTERN.format(variable=variable)
    mark = "!" if misfit.pattern.startswith("!") else ""
    meant = ",".join(f"{mark}{one}" for one in misfit.near.split(","))
    return report_messages.MEAN_THE_NEAREST.format(near=meant, variable=variable)


def why_not_offered(kind: Kind, catalog: Catalog) -> str:
    """Why records of this kind are not offered: the policy or the user excludes the tool, or the workspace lacks it."""
    own = shown_name(PLATFORM, kind.query_tool)
    gone = catalog.taken_away.get(own)
    if gone is not None and catalog.rules.chosen.are_closed_by_policy(gone):
        return policy_messages.QUERY_TOOL_NOT_ALLOWED.format(tool=own)
    if gone is not None:
        return report_messages.QUERY_TOOL_TAKEN_AWAY.format(tool=own)
    if own in catalog.tools and catalog.rules.confirmed.are_closed_by_policy(catalog.tools[own]):
        return policy_messages.QUERY_TOOL_CONFIRMED_BY_POLICY.format(tool=own)
    if own in catalog.tools:
        return report_messages.QUERY_TOOL_CONFIRMED.format(tool=own)
    if catalog.choice.leaves_out(PLATFORM):
        return report_messages.PLATFORM_LEFT_OUT.format(patterns=catalog.choice)
    return report_messages.NO_QUERY_TOOL.format(query_tool=kind.query_tool)
