"""Gets the key for `uru-mcp install` from the environment or a prompt, and checks it with Uru.

It writes nothing; `install.py` writes the key file once it can write the configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uru_mcp.commands.output import confirm, say_line
from uru_mcp.commands.permission_prompt import ticked
from uru_mcp.untrusted_input.terminal_escaping import in_one_line

if TYPE_CHECKING:
    from uru_mcp.access.key_status import KeyStatus
    from uru_mcp.credentials.api_key import Key
    from uru_mcp.permissions import Grant
    from uru_mcp.untrusted_input.redaction import Redaction


@dataclass(frozen=True, slots=True)
class Wish:
    """The user's options. `key_file` is absolute; `permissions` is as the user wrote it."""

    name: str
    permissions: str | None = None
    key_file: Path | None = None
    sandbox: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables that an entry will set, and the key to write to the key file, if any.

    `undeclared` is the known grant if neither Uru nor the user has stated the permissions.
    """

    variables: Mapping[str, Any]
    for_file: Key | None = None
    undeclared: Grant | None = None


def planned_environment(old: Mapping[str, Any], wish: Wish, environ: Mapping[str, str]) -> Environment:
    """The variables that an entry would set; asks nothing and does not validate the key."""
    from uru_mcp.commands.client_configs.entry import KEY
    from uru_mcp.commands.client_configs.entry_environment import keys_given, with_key

    key = _placed(wish) or keys_given(environ) or dict([KEY])
    return Environment(with_key(old, environ, key, wish.permissions))


def accepted_environment(
    old: Mapping[str, Any], wish: Wish, environ: Mapping[str, str], redaction: Redaction
) -> Environment:
    """The variables for an entry, once Uru has accepted the key. Nothing is written.

    Raises: `UruError` if the key or a setting is invalid, and `Abort` if the user cancels.
    """
    import anyio

    from uru_mcp.commands.client_configs.entry_environment import as_variables, keys_given, with_key
    from uru_mcp.commands.client_configs.key_check import checked_status, key_in
    from uru_mcp.config.environment import read_settings

    in_file = anyio.run(key_in, wish.key_file) if wish.key_file else None
    key = keys_given(environ) or (_placed(wish) if in_file else {}) or {"URU_API_KEY": _asked()}
    settings = read_settings(as_variables(with_key(old, environ, key, wish.permissions), environ))
    key_status = anyio.run(checked_status, settings, redaction)
    _judge(key_status, settings.proxy_url, redaction)
    grant = key_status.grant if key_status.grant is not None and key_status.grant.unknown else None
    permissions = wish.permissions if grant is None else ticked(grant)
    for_file = key_status.key if wish.key_file and key_status.key != in_file else None
    if wish.key_file and for_file:
        _ask_for(wish.key_file, for_file, in_file)
    undeclared = grant if permissions is None else None
    return Environment(with_key(old, environ, _placed(wish) or key, permissions), for_file, undeclared)


def _placed(wish: Wish) -> dict[str, str]:
    return {"URU_API_KEY_FILE": str(wish.key_file)} if wish.key_file else {}


def _asked() -> str:
    say_line("Create a key in Uru → Settings → API Keys, and paste it here; it is not shown.")
    answer: str = click.prompt("API key", hide_input=True)
    return answer.strip()


def _judge(key_status: KeyStatus, url: str, redaction: Redaction) -> None:
    """Print the key's status.

    Raises: the key's problem, and `Abort` if Uru does not answer and the user cancels.
    """
    from uru_mcp.errors import KeyRefused, NoAnswer
    from uru_mcp.permissions import in_words
    from uru_mcp.uru.http_errors import new_key

    key, trouble, workspace = key_status.key, key_status.trouble, key_status.workspace
    selects_later = trouble is not None and trouble.code == "workspace_selection_required"
    if trouble is not None and not selects_later:
        if isinstance(trouble, KeyRefused):
            fix = new_key("and run uru-mcp install again with it")
            raise KeyRefused(f"{trouble.message} Nothing was written.", fix=fix, code=trouble.code)
        if key is None or not isinstance(trouble, NoAnswer):
            raise trouble
        say_line(redaction.text(f"The key …{key.last4} could not be checked. {in_one_line(trouble.message)}"))
        confirm("Write it to the configuration anyway?")
        return
    say_line(f"Key: …{key.last4 if key else ''}, accepted by {url}")
    if workspace is not None:
        say_line(redaction.text(f"Workspace: {in_one_line(workspace.name or workspace.id or '')}"))
    elif selects_later:
        say_line(
            "Workspace: none selected; Claude will ask for one, or set URU_WORKSPACE_ID and run uru-mcp install again"
        )
    if key_status.grant is not None and key_status.grant.unknown:
        seen = ", but a test read has confirmed Read" if key_status.grant.effective else ""
        say_line(f"Permissions: not reported by Uru{seen}")
    elif key_status.grant is not None:
        say_line(f"Permissions: {in_words(key_status.grant.effective)}")


def _ask_for(path: Path, key: Key, in_file: Key | None) -> None:
    """Ask before replacing other content of the file. Raises: `Abort` if the user keeps it."""
    if in_file is not None:
        confirm(f"{path} contains another key, …{in_file.last4}. Replace it with …{key.last4}?")
    elif not _is_empty(path):
        confirm(f"{path} contains something other than a key. Replace it?")


def _is_empty(path: Path) -> bool:
    """Whether the file can be written without losing content; False if that is unknown."""
    try:
        return not path.stat().st_size
    except FileNotFoundError:
        return True
    except OSError:
        return False
