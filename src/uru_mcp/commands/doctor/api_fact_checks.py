"""Checks the responses to probes against assumptions about Uru's API: whether a fact held, or None if unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from uru_mcp.access.policy import LIST_WORKSPACES, PLATFORM, PLATFORM_TOOLS, SELECT_WORKSPACE
from uru_mcp.commands.doctor.endpoint_probes import CONDITIONAL, HEALTH, NAMESPACES, OLDER, RUN, SELF, VERSION, Probe
from uru_mcp.untrusted_input.json_fields import Record, UnexpectedShape, list_at
from uru_mcp.uru.catalog_version import read_version
from uru_mcp.uru.key_record import read_key_record
from uru_mcp.uru.namespaces_and_tools import read_namespaces, read_tools
from uru_mcp.uru.records import read_page
from uru_mcp.uru.response_body import JSON_TYPE
from uru_mcp.uru.run_results import FLAGS, read_result

Probes = Sequence[Probe]
KNOWN = (LIST_WORKSPACES, SELECT_WORKSPACE, "automation_query")


def _of(probes: Probes, *kinds: str) -> list[Probe]:
    return [probe for probe in probes if probe.kind in kinds and probe.answer is not None]


def _reads(reader: Callable[[Any], Any], probe: Probe) -> bool:
    with suppress(UnexpectedShape):
        reader(probe.body)
        return probe.is_good
    return False


def accepted(probes: Probes) -> bool | None:
    """Whether an endpoint that needs a key accepted this one; if all answer 401, the key may be invalid."""
    found = [probe for probe in _of(probes, VERSION, NAMESPACES) if probe.is_good]
    return True if found else None


def key_record(probes: Probes) -> bool | None:
    found = _of(probes, SELF)
    if not found or not accepted(probes):
        return None
    with suppress(UnexpectedShape):
        return found[0].is_good and read_key_record(found[0].body).permissions is not None
    return False


def namespaces(probes: Probes) -> bool | None:
    found = _of(probes, NAMESPACES)
    return _reads(read_namespaces, found[0]) if found else None


def tool_lists(probes: Probes) -> bool | None:
    found = [probe for probe in _of(probes, "tools") if probe.is_good]
    if not found:
        return False if _of(probes, "tools") and accepted(probes) else None
    return all(_reads(lambda body: read_tools(PLATFORM, body), probe) for probe in found)


def _platform(probes: Probes) -> list[Record]:
    """The listed tools of `platform`."""
    found = next((probe for probe in _of(probes, "tools") if probe.namespace == PLATFORM), None)
    with suppress(UnexpectedShape):
        return [tool for tool in list_at(found.body if found else None, "tools") if isinstance(tool, dict)]
    return []


def _names(probes: Probes) -> frozenset[str] | None:
    found = next((probe for probe in _of(probes, "tools") if probe.namespace == PLATFORM and probe.is_good), None)
    with suppress(UnexpectedShape):
        return frozenset(tool.name for tool in read_tools(PLATFORM, found.body)[0]) if found else None
    return None


def tool_permission(probes: Probes) -> bool | None:
    tools = _platform(probes)
    return any("permission" in tool for tool in tools) if tools else None


def known_tools(probes: Probes) -> bool | None:
    names = _names(probes)
    return None if names is None else names.issuperset(KNOWN)


def other_tools(probes: Probes) -> bool | None:
    names = _names(probes)
    return None if names is None else names.issuperset(PLATFORM_TOOLS)


def run_route(probes: Probes) -> bool | None:
    """A refusal for any reason other than a missing route proves nothing about the route."""
    found = _of(probes, RUN)
    if any(probe.is_good for probe in found):
        return True
    return False if _of(probes, OLDER) else None


def flags(probes: Probes) -> bool | None:
    """Whether a result has one of the flags; that `false` means a failure is not tested."""
    found = [probe.body for probe in _of(probes, RUN, OLDER) if probe.is_good]
    return any(isinstance(body, dict) and any(flag in body for flag in FLAGS) for body in found) if found else None


def version(probes: Probes) -> bool | None:
    found = _of(probes, VERSION)
    return _reads(read_version, found[0]) if found else None


def tag(probes: Probes) -> bool | None:
    """The tag and the 304; that the number only grows cannot be checked with one request."""
    if not version(probes):
        return None
    again = _of(probes, CONDITIONAL)
    return bool(again) and again[0].answer is not None and again[0].answer.status == 304


def degraded(probes: Probes) -> bool | None:
    if not version(probes):
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


def list_answer(probes: Probes) -> bool | None:
    found = [probe for probe in _of(probes, RUN, OLDER) if probe.is_good]
    return len(_pages(found)) == len(found) if found else None


def record_fields(probes: Probes) -> bool | None:
    records = [record for page in _pages(probes) for record in page]
    return all("id" in one and ("title" in one or "name" in one) for one in records) if records else None


def json(probes: Probes) -> bool | None:
    found = [probe for probe in probes if probe.kind != HEALTH and probe.answer is not None and probe.answer.body]
    good = [probe for probe in found if probe.answer is not None and 200 <= probe.answer.status < 300]
    types = [probe.answer.headers.get("content-type", "application/json") for probe in good if probe.answer]
    is_json = [JSON_TYPE.fullmatch(stated.split(";")[0].strip()) is not None for stated in types]
    return all(is_json) and all(probe.is_good for probe in good) if good else None
