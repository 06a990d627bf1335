"""Uru itself, seen through the settings: from the key and the address to a real read. Nothing is changed in it."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import anyio

from uru_mcp.answers import KEYS_PAGE
from uru_mcp.assembly import assembled
from uru_mcp.calls import Calls
from uru_mcp.catalog import Catalog
from uru_mcp.client import UruClient
from uru_mcp.connection import Connection, Request
from uru_mcp.doctor.checks import Examination, Finding, failed, ok, skipped
from uru_mcp.doctor.variables import ADDRESS, CONFIGURATION, KEY
from uru_mcp.errors import KeyRefused, PermissionMissing, Refused, UruError, WorkspaceProblem
from uru_mcp.failures import causes_of
from uru_mcp.gate import allows, runs_unasked, unknown_permissions
from uru_mcp.identity import Identity
from uru_mcp.introspection import ASK_WITHIN
from uru_mcp.key_source import source_of
from uru_mcp.key_status import Standing
from uru_mcp.keyring import Keyring
from uru_mcp.loading import ask
from uru_mcp.names import shown_name
from uru_mcp.permissions import Grant, in_words
from uru_mcp.policy import PLATFORM
from uru_mcp.redaction import Redaction
from uru_mcp.settings import Settings
from uru_mcp.whoami import Facts, report
from uru_mcp.whoami_text import permissions_in_words

READING = shown_name(PLATFORM, "context_query")
READ_WITHIN = 10.0  # seconds
READS_OTHERWISE = "Ask Claude to read with this tool itself, and send a report: uru-mcp doctor --report FILE."

WORDS_OF_URU = (KeyRefused, WorkspaceProblem, PermissionMissing)  # which nothing else says in its place

SERVICE, TLS, ACCEPTED = "service", "TLS", "key accepted"
WORKSPACE, PERMISSIONS, CATALOG, READ, VERSION = "workspace", "permissions", "catalog", "read", "version"

AFTER: dict[str, tuple[str, ...]] = {
    KEY: (CONFIGURATION,),
    ADDRESS: (CONFIGURATION,),
    SERVICE: (KEY, ADDRESS),
    TLS: (SERVICE,),
    ACCEPTED: (TLS,),
    WORKSPACE: (ACCEPTED,),
    PERMISSIONS: (ACCEPTED,),
    CATALOG: (WORKSPACE, PERMISSIONS),
    READ: (CATALOG,),
    VERSION: (WORKSPACE,),
}
"""What is looked at, in this order, and what it rests on."""


async def examine_service(examination: Examination, settings: Settings | None, redaction: Redaction) -> None:
    """Make the checks of `AFTER`; without settings, those that have not been told yet are skipped."""
    if settings is None:
        told = {check.name for check in examination.checks}
        for name in AFTER:
            if name not in told:
                examination.skip(name)
        return
    service = Service(settings, redaction)
    looks = {
        KEY: service.key,
        ADDRESS: service.address,
        SERVICE: service.answers,
        TLS: service.tls,
        ACCEPTED: service.accepts_key,
        WORKSPACE: service.workspace,
        PERMISSIONS: service.permissions,
        CATALOG: service.catalog,
        READ: service.read,
        VERSION: service.version,
    }
    async with service.running():
        for name, after in AFTER.items():
            await examination.look(name, looks[name], after=after)


class Service:
    """One Uru and one key: a method for each check. Later ones rest on what earlier ones have found."""

    def __init__(self, settings: Settings, redaction: Redaction) -> None:
        self._settings = settings
        self._redaction = redaction
        self._keyring = Keyring(source_of(settings), redaction)
        self._connection = Connection(
            settings.proxy_url,
            self._keyring,
            workspace_id=settings.fixed_workspace,
            redaction=redaction,
            transport=None,
        )
        self._client = UruClient(self._connection, redaction)
        self._identity = Identity(
            self._client, self._keyring, declared=settings.permissions, workspace_id=settings.fixed_workspace
        )
        self._standing = Standing()
        self._catalog = Catalog()
        self._broken_tls: UruError | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            self._identity.start(tasks)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await self._client.aclose()

    async def key(self) -> Finding:
        key = await self._keyring.current()
        exposure = self._keyring.exposure
        if exposure is not None:
            return Finding("warning", exposure.message, exposure.fix)
        return ok(f"…{key.last4}, from {self._keyring.source.name}")

    async def address(self) -> Finding:
        return ok(self._settings.proxy_url)

    async def answers(self) -> Finding:
        """One request that is sent once, and then the question about the key, which may take its time."""
        began = time.monotonic()
        try:
            key = await self._keyring.current()
            question = Request("GET", "/tools/sync/version", key=key, asks_of_key=True)
            await self._connection.receive(question, ASK_WITHIN)  # what it answers is judged below
        except UruError as error:
            if any(isinstance(cause, ssl.SSLError) for cause in causes_of(error)):
                self._broken_tls = error
                return ok("takes connections")
            raise
        ms = (time.monotonic() - began) * 1000
        self._standing = await self._identity.ask()
        trouble = self._standing.trouble
        if trouble is not None and not isinstance(trouble, WORDS_OF_URU):
            raise trouble.with_traceback(None)
        return ok(f"answers in {ms:.0f} ms")

    async def tls(self) -> Finding:
        if self._broken_tls is not None:
            return failed(self._broken_tls)
        if self._settings.proxy_url.startswith("http://"):
            return skipped("none, which is right on this machine")
        return ok("the certificate is verified")

    async def accepts_key(self) -> Finding:
        if isinstance(self._standing.trouble, KeyRefused):
            return failed(self._standing.trouble)
        record = self._standing.record
        name = f"“{record.name}”, " if record is not None and record.name else ""
        ends = f", until {record.expires_at:%Y-%m-%d}" if record is not None and record.expires_at else ""
        seen = f"{name}…{self._keyring.last4}{ends}"
        without_grant = replace(self._standing, grant=None)
        return _with_warnings(seen, self._facts(without_grant, source=self._keyring.source))

    async def workspace(self) -> Finding:
        if isinstance(self._standing.trouble, WorkspaceProblem):
            return failed(self._standing.trouble)
        place = self._standing.workspace
        if place is None:
            return ok("one is selected in Uru, which does not tell its name")
        return ok(f"“{place.name}” ({place.id})" if place.name else f"{place.id}")

    async def permissions(self) -> Finding:
        if isinstance(self._standing.trouble, PermissionMissing):
            return failed(self._standing.trouble)
        grant = self._standing.grant or Grant()
        if grant.unknown and isinstance(self._standing.trouble, WorkspaceProblem):
            return skipped("Uru tells them only for a workspace that the key may use")
        facts = self._facts(self._standing)
        seen = permissions_in_words(report(facts)[0]["permissions"])
        if grant.unknown:
            unknown = unknown_permissions("", grant)
            return Finding("failed", f"{seen}. {unknown.message}", unknown.fix)
        if not grant.effective:
            widen = ", or change URU_PERMISSIONS, which takes away what it has" if grant.held else ""
            return Finding("failed", seen, f"Give the key the permissions that it needs in {KEYS_PAGE}{widen}.")
        return _with_warnings(seen, facts)

    async def catalog(self) -> Finding:
        patterns = self._settings.namespaces
        told = await ask(self._client, patterns, self._redaction)
        offered = [one.name for one in await self._client.namespaces(within=ASK_WITHIN)] if patterns else []
        self._catalog = assembled(*told, self._redaction, rules=self._settings.rules)
        useless = [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in offered)]
        structure = report(self._facts(self._standing))[0]
        counts, lacking = structure["tools"], structure["resources"]["not_offered"]
        seen = (
            f"namespaces: {len(told.namespaces)}; tools: {counts['allowed']} allowed, {counts['blocked']} blocked,"
            f" {counts['left_out']} left out"
        )
        if lacking:
            seen += "; not offered: " + "; ".join(f"{one['kind']}, since {one['why']}" for one in lacking)
        if useless:
            verdict: Any = "warning" if told.namespaces else "failed"
            mend = f"Mend URU_NAMESPACES. Uru offers {', '.join(sorted(offered)) or 'none'}."
            return Finding(verdict, f"No namespace fits {', '.join(useless)} of URU_NAMESPACES. {seen}", mend)
        if not self._catalog.tools and not told.failed:
            mend = "Connect apps in Uru, under its integrations, and see that the key's workspace is the right one."
            return Finding("failed", f"Uru offers this key no tools. {seen}", mend)
        is_wanting = told.failed or self._catalog.rules.misfits
        facts = self._facts(replace(self._standing, trouble=None))
        problems = report(facts)[0]["problems"] if is_wanting else []
        if problems:
            messages, fixes = (" ".join(dict.fromkeys(one[part] for one in problems)) for part in ("message", "fix"))
            return Finding("warning" if self._catalog.tools else "failed", f"{messages} {seen}", fixes)
        return ok(seen)

    async def read(self) -> Finding:
        tool = self._catalog.tools.get(READING)
        if tool is None or tool.is_run:
            return skipped(f"there is no {READING} that only reads")
        if not allows(tool.needs, self._standing):
            return skipped(f"{READING} needs {in_words(tool.needs)}, which the key has not")
        if not runs_unasked(tool, self._catalog.rules):
            return skipped(f"{READING} runs only after a person's yes (URU_CONFIRM)")
        began = time.monotonic()
        calls = Calls(self._client, self._identity)
        try:
            await calls.run(tool, {"op": "list", "limit": 1}, key=self._standing.key, within=READ_WITHIN)
        except Refused as error:
            if error.code != "upstream_failed":
                raise
            return Finding("warning", f"{error.message} Context blocks may not be listed.", READS_OTHERWISE)
        return ok(f"{READING} answers in {(time.monotonic() - began) * 1000:.0f} ms")

    async def version(self) -> Finding:
        if not self._settings.sync_interval:
            return skipped("URU_SYNC_INTERVAL is 0, so that nobody looks for new tools")
        try:
            version = await self._client.tool_version(None, within=ASK_WITHIN)
        except UruError as error:
            return Finding(
                "warning",
                f"Changed tools are not noticed. {error.message}",
                f"{error.fix} Until then, the client sees them when it is started again.",
            )
        return ok(f"{version.number}, by which changed tools are noticed")

    def _facts(self, standing: Standing, **more: Any) -> Facts:
        base_url, last4 = self._settings.proxy_url, self._keyring.last4
        return Facts(standing, self._catalog, None, {}, base_url, last4, datetime.now(UTC), **more)


def _with_warnings(seen: str, facts: Facts) -> Finding:
    warnings = report(facts)[0]["warnings"]
    if not warnings:
        return ok(seen)
    messages = " ".join(warning["message"] for warning in warnings)
    return Finding("warning", f"{seen}. {messages}", " ".join(warning["fix"] for warning in warnings))
