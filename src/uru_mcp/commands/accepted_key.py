"""The key for a configuration: found or asked for, accepted by Uru, and, if it is to have one, with a file that may be
written. It is written by `install.py`, once the configuration can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uru_mcp.commands.screen import confirm, say_line
from uru_mcp.commands.ticked_boxes import ticked
from uru_mcp.escaping import in_one_line

if TYPE_CHECKING:
    from uru_mcp.key import Key
    from uru_mcp.key_status import Standing
    from uru_mcp.permissions import Grant
    from uru_mcp.redaction import Redaction


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for. `key_file` is absolute; `permissions` are as the person wrote them."""

    name: str
    permissions: str | None = None
    key_file: Path | None = None
    sandbox: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables that an entry is to set, and the key that is yet to be put into the wished file, if one is.

    `undeclared` is what is known of the permissions where neither Uru nor the person has said them.
    """

    variables: Mapping[str, Any]
    for_file: Key | None = None
    undeclared: Grant | None = None


def planned_environment(old: Mapping[str, Any], wish: Wish, environ: Mapping[str, str]) -> Environment:
    """The variables that an entry would set; nothing is asked, not even whether the key is one."""
    from uru_mcp.clients.entry import KEY
    from uru_mcp.clients.environment import keys_given, with_key

    key = _placed(wish) or keys_given(environ) or dict([KEY])
    return Environment(with_key(old, environ, key, wish.permissions))


def accepted_environment(
    old: Mapping[str, Any], wish: Wish, environ: Mapping[str, str], redaction: Redaction
) -> Environment:
    """What an entry is to set, once Uru has accepted the key. Nothing is written.

    Raises: `UruError` when the key or a setting is no good, and `Abort` when the person stops.
    """
    import anyio

    from uru_mcp.clients.environment import as_variables, keys_given, with_key
    from uru_mcp.clients.key_check import key_in, standing_of
    from uru_mcp.settings import read_settings

    in_file = anyio.run(key_in, wish.key_file) if wish.key_file else None
    key = keys_given(environ) or (_placed(wish) if in_file else {}) or {"URU_API_KEY": _asked()}
    settings = read_settings(as_variables(with_key(old, environ, key, wish.permissions), environ))
    standing = anyio.run(standing_of, settings, redaction)
    _judge(standing, settings.proxy_url, redaction)
    grant = standing.grant if standing.grant is not None and standing.grant.unknown else None
    permissions = wish.permissions if grant is None else ticked(grant)
    for_file = standing.key if wish.key_file and standing.key != in_file else None
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


def _judge(standing: Standing, url: str, redaction: Redaction) -> None:
    """Say what Uru says of the key.

    Raises: its trouble, and `Abort` when Uru does not answer and the person leaves it at that.
    """
    from uru_mcp.answers import new_key
    from uru_mcp.errors import KeyRefused, NoAnswer
    from uru_mcp.permissions import in_words

    key, trouble, workspace = standing.key, standing.trouble, standing.workspace
    selects_later = trouble is not None and trouble.code == "workspace_selection_required"
    if trouble is not None and not selects_later:
        if isinstance(trouble, KeyRefused):
            fix = new_key("and run uru-mcp install again with it")
            raise KeyRefused(f"{trouble.message} Nothing was written.", fix=fix, code=trouble.code)
        if key is None or not isinstance(trouble, NoAnswer):
            raise trouble
        say_line(redaction.text(f"The key …{key.last4} could not be checked. {in_one_line(trouble.message)}"))
        confirm("Write it into the configuration all the same?")
        return
    say_line(f"Key: …{key.last4 if key else ''}, accepted by {url}")
    if workspace is not None:
        say_line(redaction.text(f"Workspace: {in_one_line(workspace.name or workspace.id or '')}"))
    elif selects_later:
        say_line("Workspace: none yet; Claude will ask which one, or set URU_WORKSPACE_ID and install again")
    if standing.grant is not None and standing.grant.unknown:
        seen = ", but a first read has shown Read" if standing.grant.effective else ""
        say_line(f"Permissions: Uru does not tell them{seen}")
    elif standing.grant is not None:
        say_line(f"Permissions: {in_words(standing.grant.effective)}")


def _ask_for(path: Path, key: Key, in_file: Key | None) -> None:
    """Raises: `Abort` when the file holds something else, and the person keeps that."""
    if in_file is not None:
        confirm(f"{path} holds another key, …{in_file.last4}. Replace it with …{key.last4}?")
    elif not _is_empty(path):
        confirm(f"{path} holds something that is no key. Replace it?")


def _is_empty(path: Path) -> bool:
    """Whether nothing is lost when the file is written; no, when that cannot be known."""
    try:
        return not path.stat().st_size
    except FileNotFoundError:
        return True
    except OSError:
        return False
