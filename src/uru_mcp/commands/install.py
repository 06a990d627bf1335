"""`uru-mcp install`: adds uru-mcp to an MCP client's configuration with a verified key, or removes it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uru_mcp.commands.administrator_limits import refuse_if_managed, within_limits
from uru_mcp.commands.client_configs.known_clients import CLIENTS
from uru_mcp.commands.client_configs.locations import Configuration, configuration, configurations
from uru_mcp.commands.client_configs.machine import Machine, SystemFiles
from uru_mcp.commands.install_errors import EPILOG, ExitCode, Failure, errors_as_text
from uru_mcp.commands.install_summary import say_what_is_left, say_what_stays_in_the_terminal, say_what_was_done
from uru_mcp.commands.key_selection import Environment, Wish, accepted_environment, planned_environment
from uru_mcp.commands.output import say, say_line, somebody_types
from uru_mcp.commands.own_command import own_command
from uru_mcp.commands.permission_prompt import say_what_to_add
from uru_mcp.commands.uninstall import remove_from

if TYPE_CHECKING:
    from uru_mcp.commands.client_configs.planned_change import Change
    from uru_mcp.errors import UruError
    from uru_mcp.untrusted_input.redaction import Redaction

NAME = re.compile(r"[A-Za-z0-9_-]+")
ASK = "What may you do in Uru?"


@click.command(epilog=EPILOG)
@click.argument("client", required=False, type=click.Choice([*CLIENTS]), metavar="[CLIENT]")
@click.option("--name", default="uru", show_default=True, help="The server's name in the client.")
@click.option("--permissions", help="The key's permissions, or fewer, such as read,execute.")
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the key to this file, readable only by you, and only its path to the configuration.",
)
@click.option(
    "--key-command", metavar="COMMAND", help="Get the key from this command, such as 'pass show uru', at each start."
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Also save this setting; NAME alone takes its value from this terminal, and NAME= removes it.",
)
@click.option("--sandbox", is_flag=True, help="Serve a sandbox instead of the real Uru; no key is needed.")
@click.option("--yes", "is_yes", is_flag=True, help="Ask nothing, and replace an old key in a key file.")
@click.option("--dry-run", is_flag=True, help="Show what would change; ask and write nothing.")
@click.option("--uninstall", is_flag=True, help="Remove the server, and give back what it replaced.")
def install(
    client: str | None,
    name: str,
    permissions: str | None,
    key_file: Path | None,
    key_command: str | None,
    assignments: tuple[str, ...],
    sandbox: bool,
    is_yes: bool,
    dry_run: bool,
    uninstall: bool,
) -> None:
    """Add uru-mcp to an MCP client's configuration, or remove it.

    CLIENT is optional if only one of these has a configuration on this machine:

    \b
      claude-desktop  claude-code  cursor  vscode  windsurf  zed
      codex  gemini-cli  opencode  cline  goose  lm-studio

    The key is read from URU_API_KEY, URU_API_KEY_FILE or URU_API_KEY_COMMAND, or from a prompt in a terminal, and is
    written only after Uru has accepted it. An entry that gets its key from a file or a command keeps doing so. The
    rest of the configuration stays unchanged, and a backup is saved beside it. Without a terminal, or with --yes,
    nothing is asked.

    \b
      uru-mcp install claude-desktop
      uru-mcp install claude-desktop --permissions read --key-file ~/uru-key
      uru-mcp install cursor --sandbox --dry-run
    """
    from uru_mcp.config.environment import read_environment

    system = click.get_current_context().find_object(SystemFiles) or SystemFiles()
    machine = Machine(sys.platform, Path.home(), read_environment(), system)
    if uninstall and (permissions or key_file or key_command or assignments or sandbox):
        raise click.UsageError("--uninstall can be combined only with --name, --yes and --dry-run.")
    _see_that_there_is_one_key(sandbox=sandbox, key_file=key_file, key_command=key_command)
    if NAME.fullmatch(name) is None:
        raise click.UsageError("--name may contain only letters, digits, - and _, since clients use it in tool names.")
    configuration = _chosen(client, machine)
    if uninstall:
        remove_from(configuration, name, dry_run=dry_run)
        return
    asks = somebody_types() and not (is_yes or dry_run)
    wish = Wish(
        name,
        _checked(permissions),
        key_file.expanduser().absolute() if key_file else None,
        _resolved(key_command, machine),
        _settings(assignments, machine),
        sandbox=sandbox,
        dry_run=dry_run,
        is_yes=is_yes,
        asks=asks,
    )
    _install(configuration, wish, machine)


def _see_that_there_is_one_key(*, sandbox: bool, key_file: Path | None, key_command: str | None) -> None:
    given = {"--key-file": key_file, "--key-command": key_command}
    options = [option for option, value in given.items() if value is not None]
    if sandbox and options:
        raise click.UsageError(f"A sandbox needs no key: --sandbox cannot be combined with {options[0]}.")
    if len(options) > 1:
        raise click.UsageError("The key can come from only one place: use --key-file or --key-command.")


def _checked(permissions: str | None) -> str | None:
    from uru_mcp.config.parsing import permissions as read_permissions

    if permissions is not None:
        try:
            read_permissions(permissions)
        except ValueError as error:
            raise click.UsageError(f"--permissions cannot be used: {error}.") from error
    return permissions


def _resolved(key_command: str | None, machine: Machine) -> str | None:
    from uru_mcp.commands.client_configs.key_command import with_absolute_program

    try:
        return None if key_command is None else with_absolute_program(key_command, machine.environ.get("PATH"))
    except ValueError as error:
        raise click.UsageError(f"--key-command cannot be used: {error}.") from error


def _settings(assignments: tuple[str, ...], machine: Machine) -> dict[str, str]:
    from uru_mcp.commands.client_configs.entry_environment import assigned

    try:
        return assigned(assignments, machine.environ)
    except ValueError as error:
        raise click.UsageError(f"--set cannot be used: {error}") from error


def _chosen(client: str | None, machine: Machine) -> Configuration:
    place = (machine.platform, machine.home, machine.environ)
    if client is not None:
        return configuration(CLIENTS[client], *place)
    found = configurations(*place)
    if len(found) == 1:
        return found[0]
    names = [one.client.name for one in found]
    seen = f"Found on this machine: {', '.join(names)}." if names else "No client configuration was found."
    example = own_command("install", [*names, "claude-desktop"][0])
    raise click.UsageError(f"{seen} Name the client, for example: {example}")


def _install(configuration: Configuration, wish: Wish, machine: Machine) -> None:
    from uru_mcp.commands.client_configs.client_presence import absence
    from uru_mcp.commands.client_configs.entry import KEY, entry
    from uru_mcp.commands.client_configs.planned_change import addition, backups_with
    from uru_mcp.commands.client_configs.preview import difference
    from uru_mcp.untrusted_input.redaction import Redaction

    redaction, shape = Redaction(), configuration.client.shape
    with errors_as_text(redaction):
        _refuse_if_temporary()
        refuse_if_managed(configuration, machine)
        words = ["--sandbox"] if wish.sandbox else []
        entry_with = partial(entry, *words, shape=shape, name=wish.name)
        old = _old_entry(configuration, wish, entry_with, machine.environ)
        was = shape.environment(old)
        wish, unlogged = within_limits(was, wish, machine)
        env = _environment(configuration, wish, was, machine, redaction)
        change = addition(configuration, wish.name, entry_with(env=env.variables, old=old))
        if wish.dry_run:
            say(difference(change, wish.name) if change.is_any else "Nothing would change.")
            if not wish.sandbox:
                say_what_stays_in_the_terminal(machine, env)
            return
        absent = absence(configuration, machine)
        backup = _made(change, env)
        holding = [] if KEY[0] in env.variables else backups_with(configuration, wish.name, KEY[0])
    say_what_was_done(change, wish, backup, configuration, env, old)
    say_what_is_left(configuration, wish, machine, env, holding)
    if absent is not None:
        say_line(absent)
    _say_next(configuration, wish, env, unlogged)


def _environment(
    configuration: Configuration, wish: Wish, was: dict[str, Any], machine: Machine, redaction: Redaction
) -> Environment:
    """What the entry sets. Asks for the key and checks it, unless none is needed or nothing is to be changed."""
    from uru_mcp.commands.client_configs.entry_environment import of_sandbox

    if wish.sandbox:
        return Environment(of_sandbox(was, wish.with_permissions))
    if wish.dry_run:
        return planned_environment(was, wish, machine.environ)
    return accepted_environment(was, _with_address(configuration, wish, was, machine), machine, redaction)


def _say_next(configuration: Configuration, wish: Wish, env: Environment, unlogged: UruError | None) -> None:
    """Print what the user has to do now. Exits with a code if the server will not work as it was written."""
    if unlogged is not None:
        say_line(unlogged.message)
        say_line(f"  Fix: {unlogged.fix}")
    if env.undeclared is not None:
        say_line(f"Later: {configuration.client.next_step}")
        say_what_to_add(env.undeclared, wish.name, configuration.client.name)
        sys.exit(ExitCode.UNDECLARED)
    say(f"\nNext: {configuration.client.next_step}\nThen ask: “{ASK}”")
    if unlogged is not None:
        sys.exit(ExitCode.NO_AUDIT_LOG)


def _with_address(configuration: Configuration, wish: Wish, was: dict[str, Any], machine: Machine) -> Wish:
    from uru_mcp.commands.key_address import address_of

    named = [] if wish.name == "uru" else ["--name", wish.name]
    again = own_command("install", configuration.client.name, *named)
    return replace(wish, address=address_of(was, wish.settings, machine.environ, configuration.path, again))


def _refuse_if_temporary() -> None:
    from uru_mcp.commands.client_configs.temporary_copy import warning

    found = warning()
    if found is not None:
        raise Failure(f"{found[0]} Nothing was written.\n  Fix: {found[1]}", ExitCode.USAGE)


def _old_entry(
    configuration: Configuration, wish: Wish, entry_with: Callable[..., dict[str, Any]], environ: Mapping[str, str]
) -> Any:
    """The entry that is there. Raises: `ConfigurationError` early, before the user is asked for a key."""
    from uru_mcp.commands.client_configs.entry import KEY, PERMISSIONS
    from uru_mcp.commands.client_configs.entry_environment import WITH_THE_KEY, given
    from uru_mcp.commands.client_configs.planned_change import current, see_that_it_can_be_changed, server_of

    old = server_of(current(configuration), wish.name)
    sample = {} if wish.sandbox else {**dict([KEY, PERMISSIONS]), **given(environ, *WITH_THE_KEY)}
    tried = entry_with(env=sample, old=old)
    see_that_it_can_be_changed(configuration, wish.name, tried, sample=entry_with(env=sample))
    return old


def _made(change: Change, env: Environment) -> Path | None:
    """Write the backup and the key file, then make the change. Nothing is written if it cannot be made."""
    from uru_mcp.commands.client_configs.file_writing import keep
    from uru_mcp.commands.client_configs.key_check import write_key_file

    with change.making():
        backup = keep(change.path, change.before.data) if change.before and change.is_any else None
        if env.file and env.for_file:
            write_key_file(env.file, env.for_file)
            say_line(f"Key file: {env.file}, readable only by you")
    return backup
