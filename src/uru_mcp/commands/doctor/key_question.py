"""Asks Uru about the key of its environment, and prints the report as JSON. Doctor starts it once for each key.

It runs as a process of its own, since proxies and certificates are those of a process. It loads no tools, keeps nothing
on disk and writes no audit log.
"""

from __future__ import annotations

from datetime import UTC, datetime

import anyio

from uru_mcp.access.gate import unknown_permissions
from uru_mcp.catalog.catalog import Catalog
from uru_mcp.commands.client_configs.key_check import checked_status
from uru_mcp.commands.output import say_json
from uru_mcp.config.chosen_key_source import source_of
from uru_mcp.config.environment import read_environment, read_settings
from uru_mcp.errors import SettingsError, UruError
from uru_mcp.permissions import Grant
from uru_mcp.server.logging_setup import start_logging
from uru_mcp.tools.whoami import Facts, report
from uru_mcp.untrusted_input.redaction import Redaction


def answer() -> None:
    """Print `{"last4": …, "report": {…}}` as `uru_whoami` reports it, or `"error": {"code", "message", "fix"}`."""
    redaction = Redaction()
    start_logging("error", redaction)
    try:
        settings = read_settings(read_environment())
    except SettingsError as error:
        say_json({"error": _as_record(error, redaction)})
        return
    status = anyio.run(checked_status, settings, redaction)
    last4, grant = status.key.last4 if status.key else None, status.grant or Grant()
    trouble = status.trouble or (unknown_permissions("", grant) if grant.unknown else None)
    if trouble is not None:
        say_json({"last4": last4, "error": _as_record(trouble, redaction)})
        return
    facts = Facts(status, Catalog(), None, {}, settings.proxy_url, last4, datetime.now(UTC), source=source_of(settings))
    say_json({"last4": last4, "report": redaction.value(report(facts)[0])})


def _as_record(error: UruError, redaction: Redaction) -> dict[str, str]:
    return {"code": error.code, "message": redaction.text(error.message), "fix": redaction.text(error.fix)}


if __name__ == "__main__":
    answer()
