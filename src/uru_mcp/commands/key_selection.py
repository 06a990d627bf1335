"""Selects the key for `uru-mcp install` and where its entry will get it, and checks it with Uru.

It writes nothing; `install.py` writes the key file once it can write the configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uru_mcp.commands.install_errors import unanswered
from uru_mcp.commands.key_verdict import judge
from uru_mcp.commands.output import confirm, progress, say_line
from uru_mcp.commands.permission_prompt import ticked
from uru_mcp.untrusted_input.terminal_escaping import in_one_line

if TYPE_CHECKING:
    from uru_mcp.access.key_status import KeyStatus
    from uru_mcp.commands.client_configs.machine import Machine
    from uru_mcp.commands.key_address import Address
    from uru_mcp.credentials.api_key import Key
    from uru_mcp.errors import KeyUnavailable
    from uru_mcp.permissions import Grant
    from uru_mcp.untrusted_input.redaction import Redaction


@dataclass(frozen=True, slots=True)
class Wish:
    """The user's options. `key_file` is absolute; `key_command` has an absolute program; `permissions` and `settings`
    are as the user wrote them. With `asks`, there is a person to ask; with `is_yes`, `--yes` was given.
    `address` is where the key is sent, if it is not the usual one."""

    name: str
    permissions: str | None = None
    key_file: Path | None = None
    key_command: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    sandbox: bool = False
    dry_run: bool = False
    is_yes: bool = False
    asks: bool = False
    address: Address | None = None

    @property
    def with_permissions(self) -> dict[str, str]:
        """The chosen settings, including the permissions."""
        return {**self.settings, **({"URU_PERMISSIONS": self.permissions} if self.permissions is not None else {})}


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables that an entry will set, and the file and the key to write to it, if any.

    `undeclared` is the known grant if neither Uru nor the user has stated the permissions, or if none is left.
    `unused` are the variables of this terminal that have a key, but not the one that the entry will use.
    """

    variables: Mapping[str, Any]
    file: Path | None = None
    for_file: Key | None = None
    undeclared: Grant | None = None
    unused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """How an entry will get its key.

    `source` are the variables to read the key with now, empty if nobody has given one. `file` is the key file, and
    `placed` the variable that names it in the entry. `is_replaceable` is whether a refused key may be replaced by one
    that the user types. `kept` is the key in the old entry.
    """

    source: Mapping[str, str]
    placed: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    is_replaceable: bool = False
    kept: Key | None = None
    unused: tuple[str, ...] = ()


def way_of(old: Mapping[str, Any], wish: Wish, environ: Mapping[str, str]) -> Way:
    """Options come before the variables of this terminal. An old entry with a key file or a command keeps that way,
    unless an option or a variable names another file or command."""
    from uru_mcp.commands.client_configs.entry_environment import keys_given

    here = keys_given(environ)
    if wish.key_command is not None:
        return Way({"URU_API_KEY_COMMAND": wish.key_command}, unused=tuple(here))
    file, placed = wish.key_file, {"URU_API_KEY_FILE": str(wish.key_file)}
    if file is None and here.keys() <= {"URU_API_KEY"}:
        command = old.get("URU_API_KEY_COMMAND")
        file, placed = _file_of(old), {"URU_API_KEY_FILE": str(old.get("URU_API_KEY_FILE"))}
        if file is None and isinstance(command, str) and command.strip():
            return Way({"URU_API_KEY_COMMAND": command}, unused=tuple(here))
    if file is None:
        kept = _key_of(old)
        return Way(here, is_replaceable=not here, kept=kept)
    return Way(here or placed, placed, file, is_replaceable=not here)


def planned_environment(old: Mapping[str, Any], wish: Wish, environ: Mapping[str, str]) -> Environment:
    """The variables that an entry would set; asks nothing and does not validate the key."""
    from uru_mcp.commands.client_configs.entry import KEY
    from uru_mcp.commands.client_configs.entry_environment import with_key, without_blank

    way = way_of(old, wish, environ)
    kept = {KEY[0]: way.kept.reveal()} if way.kept else dict([KEY])
    key = _as_stored(way.placed or way.source or kept, environ)
    return Environment(without_blank(with_key(old, environ, key, wish.with_permissions)), unused=way.unused)


def accepted_environment(old: Mapping[str, Any], wish: Wish, machine: Machine, redaction: Redaction) -> Environment:
    """The variables for an entry, once Uru has accepted the key. Nothing is written.

    Raises: `UruError` if the key or a setting is invalid, `Failure` if a question cannot be asked, and `Abort` if the
    user cancels.
    """
    import anyio

    from uru_mcp.commands.client_configs.entry_environment import with_key, without_blank
    from uru_mcp.commands.client_configs.key_check import key_in
    from uru_mcp.errors import KeyUnavailable

    environ = machine.environ
    way = way_of(old, wish, environ)
    found = anyio.run(key_in, way.file) if way.file else None
    in_file, missing = (None, found) if isinstance(found, KeyUnavailable) else (found, None)
    key, key_status = _accepted(way, missing, old, wish, machine, redaction)
    known = key_status.grant
    grant = known if known is not None and known.unknown else None
    permissions = wish.permissions if grant is None else ticked(grant, asks=wish.asks)
    for_file = key_status.key if way.file and key_status.key != in_file else None
    is_refused = way.source is way.placed and in_file is not None  # else the file's key would be the accepted one
    if way.file and for_file and not is_refused:
        _see_that_it_may_be_replaced(way.file, for_file, in_file, wish)
    undeclared = grant if permissions is None else None
    if known is not None and not known.unknown and not known.effective:
        undeclared = known
    settings = {**wish.settings, **({"URU_PERMISSIONS": permissions} if permissions is not None else {})}
    variables = without_blank(with_key(old, environ, _as_stored(way.placed or key, environ), settings))
    return Environment(variables, way.file, for_file, undeclared, way.unused)


def _accepted(
    way: Way,
    missing: KeyUnavailable | None,
    old: Mapping[str, Any],
    wish: Wish,
    machine: Machine,
    redaction: Redaction,
) -> tuple[Mapping[str, str], KeyStatus]:
    """The first key that Uru accepts, as variables, and its status. A typed key replaces one that is refused."""
    import anyio

    from uru_mcp.commands.client_configs.entry_environment import as_variables, with_key
    from uru_mcp.commands.client_configs.key_check import checked_status
    from uru_mcp.commands.key_prompt import not_read, unseen_typing
    from uru_mcp.config.environment import read_settings
    from uru_mcp.errors import KeyRefused, KeyUnavailable, UruError

    address = wish.address
    if address is not None and (address.is_kept or wish.asks):
        address.say()
    for key in _candidates(way, missing, wish):
        variables = as_variables(with_key(old, machine.environ, key, wish.with_permissions), machine.environ)
        settings = read_settings(variables, machine.system.policy)
        is_typed = key is not way.source and wish.asks
        with unseen_typing() if is_typed else nullcontext(), progress("Asking Uru about the key"):
            key_status = anyio.run(checked_status, settings, redaction)
        try:
            judge(key_status, settings, redaction, asks=wish.asks)
        except KeyUnavailable as error:
            raise not_read(error, is_option=wish.key_command is not None) from error
        except UruError as error:
            told = error if address is None else address.named_in(error)
            may_type = isinstance(error, KeyRefused) and wish.asks and way.is_replaceable
            if key_status.trouble is None or not may_type:
                raise told from error
            where = f"The key in {way.file}" if key is way.source and way.file else "This key was refused"
            say_line(redaction.text(f"{where}: {in_one_line(key_status.trouble.message)}"))
            if address is not None:
                address.say()
        else:
            return key, key_status
    raise AssertionError("typed_keys raises after the last one")


def _candidates(way: Way, missing: KeyUnavailable | None, wish: Wish) -> Iterator[Mapping[str, str]]:
    """The keys to try, as variables: the one that was given, then those that are typed. `missing` is why the key file
    gives none."""
    from uru_mcp.commands.key_prompt import no_key_given, typed_keys

    is_there = way.source and (way.source is not way.placed or missing is None)
    if is_there:
        yield way.source
    if wish.asks:
        for key in typed_keys(way.kept):
            yield {"URU_API_KEY": key.reveal()}
    elif way.kept is not None:
        yield {"URU_API_KEY": way.kept.reveal()}
    elif not is_there:
        raise no_key_given(missing)


def _file_of(old: Mapping[str, Any]) -> Path | None:
    from uru_mcp.config.parsing import absolute_path, unquoted

    named = old.get("URU_API_KEY_FILE")
    try:
        return absolute_path(unquoted(named)) if isinstance(named, str) and unquoted(named) else None
    except ValueError:
        return None


def _key_of(old: Mapping[str, Any]) -> Key | None:
    from uru_mcp.credentials.api_key import read_key

    try:
        return read_key(str(old.get("URU_API_KEY", "")))
    except ValueError:
        return None


def _as_stored(key: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """The key variable as an entry has it: the key alone, and the program of a command as an absolute path."""
    from uru_mcp.commands.client_configs.key_command import with_absolute_program
    from uru_mcp.credentials.api_key import read_key

    def stored(name: str, value: str) -> str:
        try:
            if name == "URU_API_KEY":
                return read_key(value).reveal()
            return with_absolute_program(value, environ.get("PATH")) if name == "URU_API_KEY_COMMAND" else value
        except ValueError:
            return value

    return {name: stored(name, value) for name, value in key.items()}


def _see_that_it_may_be_replaced(path: Path, key: Key, in_file: Key | None, wish: Wish) -> None:
    """Ask before replacing other content of the file; with `--yes`, a key may be replaced.

    Raises: `Abort` if the user keeps it, `Failure` if nobody can be asked.
    """
    if in_file is None and _is_empty(path):
        return
    if in_file is not None:
        question = f"{path} contains another key, …{in_file.last4}. Replace it with …{key.last4}?"
        fix = "Use --yes, which replaces it, or another file."
    else:
        question = f"{path} contains something other than a key. Replace it?"
        fix = "Use another file, or remove this one first."
    if wish.asks:
        confirm(question)
    elif not (wish.is_yes and in_file is not None):
        raise unanswered(question, fix)


def _is_empty(path: Path) -> bool:
    """Whether the file can be written without losing content; False if that is unknown."""
    try:
        return not path.stat().st_size
    except FileNotFoundError:
        return True
    except OSError:
        return False
