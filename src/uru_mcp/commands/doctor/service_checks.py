"""Checks the connection to Uru with the current settings, from the key to a real read. It changes nothing in Uru."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import anyio

from uru_mcp.access.gate import allows, runs_unasked, unknown_permissions
from uru_mcp.access.identity import Identity
from uru_mcp.access.key_lookup import ASK_WITHIN
from uru_mcp.access.key_status import KeyStatus
from uru_mcp.access.policy import PLATFORM
from uru_mcp.catalog.assembly import assembled
from uru_mcp.catalog.catalog import Catalog
from uru_mcp.catalog.loader import ask
from uru_mcp.catalog.tool_names import shown_name
from uru_mcp.commands.doctor.checks import Examination, Finding, failed, ok, skipped
from uru_mcp.commands.doctor.settings_checks import ADDRESS, CONFIGURATION, KEY
from uru_mcp.commands.own_command import as_told_here
from uru_mcp.config.settings import Settings
from uru_mcp.errors import KeyRefused, PermissionMissing, Refused, UruError, WorkspaceProblem
from uru_mcp.messages.access_messages import KEYS_PAGE
from uru_mcp.permissions import Grant, in_words
from uru_mcp.session.tool_execution import Calls
from uru_mcp.tools.whoami import Facts, report
from uru_mcp.tools.whoami_text import permissions_in_words
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.api import UruClient
from uru_mcp.uru.connect import connect
from uru_mcp.uru.http import Request
from uru_mcp.uru.network_errors import causes_of

READING = shown_name(PLATFORM, "context_query")
READ_WITHIN = 10.0  # seconds
READS_OTHERWISE = "Ask Claude to call this tool directly, and send a report: uru-mcp doctor --report FILE."

WORDS_OF_URU = (KeyRefused, WorkspaceProblem, PermissionMissing)  # only Uru itself raises these

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
"""The checks in order, each with the checks it depends on."""


async def examine_service(examination: Examination, settings: Settings | None, redaction: Redaction) -> None:
    """Run the checks of `AFTER`; without settings, those not yet reported are skipped."""
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
    """The checks of one Uru and one key, one method each. Later checks use the results of earlier ones."""

    def __init__(self, settings: Settings, redaction: Redaction) -> None:
        self._settings = settings
        self._redaction = redaction
        self._connection = connect(settings, redaction)
        self._keyring = self._connection.keyring
        self._client = UruClient(self._connection, redaction)
        self._identity = Identity(
            self._client,
            self._keyring,
            declared=settings.permissions,
            allowed=settings.allowed_permissions,
            workspace_id=settings.workspace_id,
        )
        self._key_status = KeyStatus()
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
        """Send one request without retries to measure latency, and then ask about the key, which may take longer."""
        began = time.monotonic()
        try:
            key = await self._keyring.current()
            question = Request("GET", "/tools/sync/version", key=key, asks_of_key=True)
            await self._connection.receive(question, ASK_WITHIN)  # the answer is evaluated below
        except UruError as error:
            if any(isinstance(cause, ssl.SSLError) for cause in causes_of(error)):
                self._broken_tls = error
                return ok("accepts connections")
            raise
        ms = (time.monotonic() - began) * 1000
        self._key_status = await self._identity.ask()
        trouble = self._key_status.trouble
        if trouble is not None and not isinstance(trouble, WORDS_OF_URU):
            raise trouble.with_traceback(None)
        return ok(f"answers in {ms:.0f} ms")

    async def tls(self) -> Finding:
        if self._broken_tls is not None:
            return failed(self._broken_tls)
        if self._settings.proxy_url.startswith("http://"):
            return skipped("not used, which is safe on this machine")
        return ok("the certificate is verified")

    async def accepts_key(self) -> Finding:
        if isinstance(self._key_status.trouble, KeyRefused):
            return failed(self._key_status.trouble)
        record = self._key_status.record
        name = f"“{record.name}”, " if record is not None and record.name else ""
        ends = f", until {record.expires_at:%Y-%m-%d}" if record is not None and record.expires_at else ""
        seen = f"{name}…{self._keyring.last4}{ends}"
        without_grant = self._key_status._replace(grant=None)
        return _with_warnings(seen, self._facts(without_grant, source=self._keyring.source))

    async def workspace(self) -> Finding:
        if isinstance(self._key_status.trouble, WorkspaceProblem):
            return failed(self._key_status.trouble)
        place = self._key_status.workspace
        if place is None:
            return ok("selected in Uru, which does not report its name")
        return ok(f"“{place.name}” ({place.id})" if place.name else f"{place.id}")

    async def permissions(self) -> Finding:
        if isinstance(self._key_status.trouble, PermissionMissing):
            return failed(self._key_status.trouble)
        grant = self._key_status.grant or Grant()
        if grant.unknown and isinstance(self._key_status.trouble, WorkspaceProblem):
            return skipped("Uru reports them only for a workspace that the key may use")
        facts = self._facts(self._key_status)
        seen = permissions_in_words(report(facts)[0]["permissions"])
        if grant.unknown:
            unknown = unknown_permissions("", grant)
            return Finding("failed", f"{seen}. {unknown.message}", unknown.fix)
        if not grant.effective:
            widen = ", or change URU_PERMISSIONS, which removes the permissions it has" if grant.held else ""
            return Finding("failed", seen, f"Give the key the permissions that it needs in {KEYS_PAGE}{widen}.")
        return _with_warnings(seen, facts)

    async def catalog(self) -> Finding:
        told = await ask(self._client, self._settings.namespaces, self._redaction)
        self._catalog = assembled(*told[:3], self._redaction, rules=self._settings.rules, choice=told.choice)
        structure = report(self._facts(self._key_status))[0]
        counts, lacking = structure["tools"], structure["resources"]["not_offered"]
        seen = (
            f"namespaces: {len(told.namespaces)}; {counts['allowed']} allowed, {counts['blocked']} blocked,"
            f" {counts['left_out']} left out"
        )
        if lacking:
            seen += "; not offered: " + "; ".join(f"{one['kind']}, because {one['why']}" for one in lacking)
        if told.choice.problem is not None:
            message, fix = told.choice.problem
            return Finding("warning" if told.namespaces else "failed", f"{message} {seen}", fix)
        if not self._catalog.tools and not told.failed:
            fix = "Connect apps in Uru, under its integrations, and check that the key's workspace is the right one."
            return Finding("failed", f"Uru offers this key no tools. {seen}", fix)
        is_wanting = told.failed or self._catalog.rules.misfits
        facts = self._facts(self._key_status._replace(trouble=None))
        problems = report(facts)[0]["problems"] if is_wanting else []
        if problems:
            messages, fixes = (" ".join(dict.fromkeys(one[part] for one in problems)) for part in ("message", "fix"))
            return Finding("warning" if self._catalog.tools else "failed", f"{messages} {seen}", fixes)
        return ok(seen)

    async def read(self) -> Finding:
        tool = self._catalog.tools.get(READING)
        if tool is None or tool.is_run:
            return skipped(f"there is no read-only {READING}")
        if not allows(tool.needs, self._key_status):
            return skipped(f"{READING} needs {in_words(tool.needs)}, which the key lacks")
        if not runs_unasked(tool, self._catalog.rules):
            is_by_policy = self._catalog.rules.confirmed.are_closed_by_policy(tool)
            wanted_by = "the administrator's policy" if is_by_policy else "URU_CONFIRM"
            return skipped(f"{READING} runs only after a person's yes ({wanted_by})")
        began = time.monotonic()
        calls = Calls(self._client, self._identity)
        try:
            await calls.run(tool, {"op": "list", "limit": 1}, key=self._key_status.key, within=READ_WITHIN)
        except Refused as error:
            if error.code != "upstream_failed":
                raise
            return Finding(
                "warning", f"{error.message} Context blocks may not be listed.", as_told_here(READS_OTHERWISE)
            )
        return ok(f"{READING} answers in {(time.monotonic() - began) * 1000:.0f} ms")

    async def version(self) -> Finding:
        if not self._settings.sync_interval:
            return skipped("URU_SYNC_INTERVAL is 0, which disables checks for changed tools")
        try:
            version = await self._client.tool_version(None, within=ASK_WITHIN)
        except UruError as error:
            return Finding(
                "warning",
                f"Changed tools are not detected. {error.message}",
                f"{error.fix} Until then, restart the client to see them.",
            )
        return ok(f"{version.number}, used to detect changed tools")

    def _facts(self, key_status: KeyStatus, **more: Any) -> Facts:
        base_url, last4 = self._settings.proxy_url, self._keyring.last4
        return Facts(key_status, self._catalog, None, {}, base_url, last4, datetime.now(UTC), **more)


def _with_warnings(seen: str, facts: Facts) -> Finding:
    warnings = report(facts)[0]["warnings"]
    if not warnings:
        return ok(seen)
    messages = " ".join(warning["message"] for warning in warnings)
    return Finding("warning", f"{seen}. {messages}", " ".join(warning["fix"] for warning in warnings))
