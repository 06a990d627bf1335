"""`uru-mcp install`: adds uru-mcp to an MCP client's configuration with a verified key, or removes it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uru_mcp.commands.client_configs.known_clients import CLIENTS, Client
from uru_mcp.commands.client_configs.locations import Configuration, configuration, configurations
from uru_mcp.commands.client_configs.machine import Machine
from uru_mcp.commands.key_prompt import Environment, Wish, accepted_environment, planned_environment
from uru_mcp.commands.output import say, say_line
from uru_mcp.commands.permission_prompt import UNDECLARED, say_what_to_add
from uru_mcp.untrusted_input.terminal_escaping import for_terminal, in_one_line

if TYPE_CHECKING:
    from uru_mcp.commands.client_configs.planned_change import Change
    from uru_mcp.errors import UruError
    from uru_mcp.untrusted_input.redaction import Redaction

NAME = re.compile(r"[A-Za-z0-9_-]+")
ASK = "What may you do in Uru?"


@click.command()
@click.argument("client", required=False, type=click.Choice([*CLIENTS]), metavar="[CLIENT]")
@click.option("--name", default="uru", show_default=True, help="The server's name in the client.")
@click.option("--permissions", help="The key's permissions, or fewer, such as read,execute.")
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the key to this file, readable only by you, and only its path to the configuration.",
)
@click.option("--sandbox", is_flag=True, help="Serve a sandbox instead of the real Uru; no key is needed.")
@click.option("--dry-run", is_flag=True, help="Show what would change; ask and write nothing.")
@click.option("--uninstall", is_flag=True, help="Remove the server from the configuration.")
def install(
    client: str | None,
    name: str,
    permissions: str | None,
    key_file: Path | None,
    sandbox: bool,
    dry_run: bool,
    uninstall: bool,
) -> None:
    """Add uru-mcp to an MCP client's configuration, or remove it.

    CLIENT is optional if only one of these has a configuration on this machine:

    \b
      claude-desktop  claude-code  cursor  vscode  windsurf  zed
      codex  gemini-cli  opencode  cline  goose  lm-studio

    The key is read from URU_API_KEY, URU_API_KEY_FILE or URU_API_KEY_COMMAND, or from a prompt, and is written only
    after Uru has accepted it. The rest of the configuration stays unchanged, and a backup is saved beside it.

    \b
      uru-mcp install claude-desktop
      uru-mcp install claude-desktop --permissions read --key-file ~/uru-key
      uru-mcp install cursor --sandbox --dry-run
    """
    from uru_mcp.config.environment import read_environment

    if uninstall and (permissions or key_file or sandbox):
        raise click.UsageError("--uninstall can be combined only with --name and --dry-run.")
    if sandbox and key_file:
        raise click.UsageError("A sandbox needs no key: --sandbox cannot be combined with --key-file.")
    if NAME.fullmatch(name) is None:
        raise click.UsageError("--name may contain only letters, digits, - and _, since clients use it in tool names.")
    machine = Machine(sys.platform, Path.home(), read_environment())
    key_file = key_file.expanduser().absolute() if key_file else None
    wish = Wish(name, _checked(permissions), key_file, sandbox, dry_run)
    (_uninstall if uninstall else _install)(_chosen(client, machine), wish, machine)


def _checked(permissions: str | None) -> str | None:
    from uru_mcp.config.parsing import permissions as read_permissions

    if permissions is not None:
        try:
            read_permissions(permissions)
        except ValueError as error:
            raise click.UsageError(f"--permissions cannot be used: {error}.") from error
    return permissions


def _chosen(client: str | None, machine: Machine) -> Configuration:
    place = (machine.platform, machine.home, machine.environ)
    if client is not None:
        return configuration(CLIENTS[client], *place)
    found = configurations(*place)
    if len(found) == 1:
        return found[0]
    names = [one.client.name for one in found]
    seen = f"Found on this machine: {', '.join(names)}." if names else "No client configuration was found."
    raise click.UsageError(f"{seen} Name the client, for example: uru-mcp install {[*names, 'claude-desktop'][0]}")


def _install(configuration: Configuration, wish: Wish, machine: Machine) -> None:
    from uru_mcp.commands.client_configs.entry import KEY, entry, is_in_uv_cache
    from uru_mcp.commands.client_configs.entry_environment import left_behind, of_sandbox
    from uru_mcp.commands.client_configs.planned_change import addition, backups_with
    from uru_mcp.commands.client_configs.preview import difference
    from uru_mcp.untrusted_input.redaction import Redaction

    redaction, shape = Redaction(), configuration.client.shape
    with _errors_as_text(redaction):
        words = ["--sandbox"] if wish.sandbox else []
        entry_with = partial(entry, sys.executable, *words, shape=shape, name=wish.name)
        old = _old_entry(configuration, wish, entry_with)
        was = shape.environment(old)
        if wish.sandbox:
            env = Environment(of_sandbox(was, wish.permissions))
        elif wish.dry_run:
            env = planned_environment(was, wish, machine.environ)
        else:
            env = accepted_environment(was, wish, machine.environ, redaction)
        change = addition(configuration, wish.name, entry_with(env=env.variables, old=old))
        if wish.dry_run:
            say(difference(change, wish.name) if change.is_any else "Nothing would change.")
            return
        backup = _made(change, wish, env)
        holding = [] if KEY[0] in env.variables else backups_with(configuration, wish.name, KEY[0])
    _say_what_was_done(change, wish, backup, configuration.client, env.variables)
    _say_which_hold_a_key(holding)
    unused = [] if wish.sandbox else left_behind(machine.environ)
    if unused:
        say_line(f"Set in this terminal but not saved for the client: {', '.join(unused)}")
    if is_in_uv_cache(sys.executable):
        say_line(
            "This Python is in uv's cache, which may be cleared. Install uru-mcp permanently: uv tool install uru-mcp"
        )
    if env.undeclared is not None:
        say_line(f"Later: {configuration.client.next_step}")
        say_what_to_add(env.undeclared, wish.name, change.path)
        sys.exit(UNDECLARED)
    say(f"\nNext: {configuration.client.next_step}\nThen ask: “{ASK}”")


def _old_entry(configuration: Configuration, wish: Wish, entry_with: Callable[..., dict[str, Any]]) -> Any:
    """The entry that is there. Raises: `ConfigurationError` early, before the user is asked for a key."""
    from uru_mcp.commands.client_configs.entry import KEY, PERMISSIONS
    from uru_mcp.commands.client_configs.planned_change import current, see_that_it_can_be_changed, server_of

    old = server_of(current(configuration), wish.name)
    sample = dict([] if wish.sandbox else [KEY, PERMISSIONS])
    tried = entry_with(env=sample, old=old)
    see_that_it_can_be_changed(configuration, wish.name, tried, sample=entry_with(env=sample))
    return old


def _made(change: Change, wish: Wish, env: Environment) -> Path | None:
    """Write the backup and the key file, then make the change. Nothing is written if it cannot be made."""
    from uru_mcp.commands.client_configs.file_writing import keep
    from uru_mcp.commands.client_configs.key_check import write_key_file

    with change.making():
        backup = keep(change.path, change.before.data) if change.before and change.is_any else None
        if wish.key_file and env.for_file:
            write_key_file(wish.key_file, env.for_file)
            say_line(f"Key file: {wish.key_file}, readable only by you")
    return backup


def _say_what_was_done(change: Change, wish: Wish, backup: Path | None, client: Client, env: Mapping[str, Any]) -> None:
    from uru_mcp.commands.client_configs.entry_environment import CARRIED
    from uru_mcp.commands.client_configs.file_writing import is_open_to_others

    done = "Written" if change.is_any else "Nothing to change"
    say_line(f"{done}: the server “{wish.name}” of {client.title}, in {change.path}")
    if backup is not None:
        say_line(f"Backup: {backup}")
    beside = [f"{name}={env[name]}" for name in CARRIED if name in env]
    if beside:
        say_line(f"Besides the key, it sets {', '.join(beside)}.")
    if "URU_API_KEY" in env and is_open_to_others(change.path):
        say_line(
            "Other users of this machine can read that file and its key. Use --key-file to store the key separately."
        )


def _say_which_hold_a_key(backups: list[Path]) -> None:
    if backups:
        say_line(f"These backups still contain a key: {', '.join(map(str, backups))}")


def _uninstall(configuration: Configuration, wish: Wish, machine: Machine) -> None:
    from uru_mcp.commands.client_configs.entry import KEY
    from uru_mcp.commands.client_configs.file_writing import remove
    from uru_mcp.commands.client_configs.planned_change import backups_with, current, removal, server_of, spent_backup
    from uru_mcp.commands.client_configs.preview import difference
    from uru_mcp.untrusted_input.redaction import Redaction

    title = configuration.client.title
    with _errors_as_text(Redaction()):
        env = configuration.client.shape.environment(server_of(current(configuration), wish.name))
        change = removal(configuration, wish.name)
        if not change.is_any:
            say_line(f"Nothing to change: {title} has no server “{wish.name}” in {change.path}")
            return
        if wish.dry_run:
            say(difference(change, wish.name))
            return
        change.make()
        spent = spent_backup(change)
        if spent is not None:
            remove(spent)
        holding = backups_with(configuration, wish.name, KEY[0])
    what = f"the server “{wish.name}” of {title}, from {change.path}"
    say_line(f"Removed: {what if change.after is not None else f'{change.path}, which contained nothing else'}")
    if "URU_API_KEY_FILE" in env:
        say_line(f"Not removed: the key file {env['URU_API_KEY_FILE']}")
    _say_which_hold_a_key(holding)
    say(f"\nRestart {title} to finish.")


@contextmanager
def _errors_as_text(redaction: Redaction) -> Iterator[None]:
    """Turn errors into a message with its fix, and exit code 1."""
    from uru_mcp.errors import SettingsError, UruError

    try:
        yield
    except click.Abort:  # prompts come only before anything is written
        raise click.ClickException("Stopped. Nothing was written.") from None
    except SettingsError as error:
        raise click.ClickException("\n".join(_in_two_lines(one, redaction) for one in error.problems)) from error
    except UruError as error:
        raise click.ClickException(_in_two_lines(error, redaction)) from error


def _in_two_lines(error: UruError, redaction: Redaction) -> str:
    text = f"{in_one_line(redaction.text(error.message))}\n  Fix: {in_one_line(redaction.text(error.fix))}"
    by_hand = error.details.get("by_hand")
    return f"{text}\n  This is how the file lists it:\n\n{for_terminal(redaction.text(by_hand))}" if by_hand else text
