"""Asking Uru what it offers: its namespaces, and then the tools of all of them side by side."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple

import anyio
import anyio.to_thread

from uru_mcp.answers import connection_problem
from uru_mcp.client import UruClient
from uru_mcp.errors import KeyRefused, NoAnswer, UruError, unforeseen
from uru_mcp.policy import PLATFORM
from uru_mcp.redaction import Redaction
from uru_mcp.routes import is_safe_segment
from uru_mcp.wire import LeftOut, Namespace, UpstreamTool

REQUESTS_AT_ONCE = 16
LOAD_WITHIN = 30.0  # seconds for one request

log = logging.getLogger(__name__)


class Told(NamedTuple):
    """What Uru told of its tools, and which namespaces' it did not tell."""

    namespaces: list[Namespace]
    loaded: dict[str, tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]]
    failed: list[tuple[Namespace, UruError]]

    @property
    def has_gaps(self) -> bool:
        """Whether there was no answer about a namespace; a refusal is an answer."""
        return any(isinstance(error, NoAnswer) for _, error in self.failed)


async def ask(
    client: UruClient, patterns: tuple[str, ...], redaction: Redaction, *, min_version: int | None = None
) -> Told:
    """Ask Uru for its namespaces and then for the tools of each that fits the user's patterns.

    A namespace that fails is in `failed`, and the others are there.

    Raises:
        UruError: The namespaces themselves could not be had.
    """
    offered = await client.namespaces(within=LOAD_WITHIN, min_version=min_version)
    namespaces = wanted(offered, patterns, redaction)
    loaded: dict[str, tuple[tuple[UpstreamTool, ...], tuple[LeftOut, ...]]] = {}
    failed: list[tuple[Namespace, UruError]] = []
    at_once = anyio.CapacityLimiter(REQUESTS_AT_ONCE)

    async def load_one(namespace: Namespace) -> None:
        async with at_once:
            try:
                loaded[namespace.name] = await client.tools(namespace.name, within=LOAD_WITHIN)
            except KeyRefused as error:  # the key was just found good, so this is about the app's own connection
                failed.append((namespace, connection_problem(namespace.title, error.details.get("quoted", ""))))
            except UruError as error:
                failed.append((namespace, error))
            except Exception as error:  # boundary: one namespace that nobody foresaw does not cost the others
                log.exception("the tools of a namespace could not be loaded")
                failed.append((namespace, unforeseen(error)))

    async with anyio.create_task_group() as tasks:
        for namespace in namespaces:
            tasks.start_soon(load_one, namespace)
    for namespace, error in failed:
        log.warning("the tools of %s could not be loaded: %s", namespace.name, error.message)
    return Told(namespaces, loaded, failed)


def wanted(offered: Iterable[Namespace], patterns: tuple[str, ...], redaction: Redaction) -> list[Namespace]:
    """Those that fit the user's patterns, `platform` first and then by name."""
    wanted = [replace(one, title=redaction.text(one.title)) for one in offered if _is_wanted(one, patterns)]
    return sorted(wanted, key=lambda namespace: (namespace.name != PLATFORM, namespace.name))


def _is_wanted(namespace: Namespace, patterns: tuple[str, ...]) -> bool:
    routing = (namespace.name, namespace.connected_account_id, namespace.server_id)
    if not all(is_safe_segment(name) for name in routing if name is not None):
        log.warning("a namespace is left out, its name or account cannot stand in a URL: %.80r", namespace.name)
        return False
    if not patterns or (namespace.name == PLATFORM and namespace.recovery):
        return True
    return any(fnmatchcase(namespace.name, pattern) for pattern in patterns)
