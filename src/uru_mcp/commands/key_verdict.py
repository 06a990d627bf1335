"""Prints what Uru says of the key for `uru-mcp install`, and stops if it cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uru_mcp.commands.install_errors import NOTHING_WRITTEN
from uru_mcp.commands.output import confirm, say_line
from uru_mcp.commands.own_command import own_command
from uru_mcp.untrusted_input.terminal_escaping import in_one_line

if TYPE_CHECKING:
    from uru_mcp.access.key_status import KeyStatus
    from uru_mcp.config.settings import Settings
    from uru_mcp.errors import UruError
    from uru_mcp.untrusted_input.redaction import Redaction


def judge(key_status: KeyStatus, settings: Settings, redaction: Redaction, *, asks: bool) -> None:
    """Print the key's status.

    Raises: the key's problem, and `Abort` if Uru does not answer and the user, if one is asked, cancels.
    """
    from uru_mcp.permissions import in_words

    trouble, workspace, grant = key_status.trouble, key_status.workspace, key_status.grant
    selects_later = trouble is not None and trouble.code == "workspace_selection_required"
    if trouble is not None and not selects_later:
        _stop_or_ask(trouble, key_status, settings, redaction, asks=asks)
        return
    say_line(f"Key: …{key_status.key.last4 if key_status.key else ''}, accepted by {settings.proxy_url}")
    if workspace is not None:
        say_line(redaction.text(f"Workspace: {in_one_line(workspace.name or workspace.id or '')}"))
    elif selects_later:
        again = own_command("install")
        say_line(f"Workspace: none selected; Claude will ask for one, or set URU_WORKSPACE_ID and run {again} again")
    if grant is not None and grant.unknown:
        seen = ", but a test read has confirmed Read" if grant.effective else ""
        say_line(f"Permissions: not reported by Uru{seen}")
    elif grant is not None:
        say_line(f"Permissions: {in_words(grant.effective)}")


def _stop_or_ask(
    trouble: UruError, key_status: KeyStatus, settings: Settings, redaction: Redaction, *, asks: bool
) -> None:
    from uru_mcp.errors import KeyRefused, NoAnswer
    from uru_mcp.uru.http_errors import new_key

    again = f"run {own_command('install')} again"
    if isinstance(trouble, KeyRefused):
        file = settings.api_key_file
        steps = f"and {again} with it" if file is None else f"write it to the first line of {file}, and {again}"
        raise KeyRefused(f"{trouble.message} {NOTHING_WRITTEN}", fix=new_key(steps), code=trouble.code)
    if key_status.key is None or not isinstance(trouble, NoAnswer):
        raise trouble
    unchecked = redaction.text(f"The key …{key_status.key.last4} could not be checked. {in_one_line(trouble.message)}")
    if not asks:
        raise NoAnswer(f"{unchecked} {NOTHING_WRITTEN}", fix=trouble.fix, code=trouble.code)
    say_line(unchecked)
    confirm("Write it to the configuration anyway?")
