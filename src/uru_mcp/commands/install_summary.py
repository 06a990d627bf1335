"""Prints what `uru-mcp install` has done, what it has not saved, and what else in the configuration is about Uru."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from uru_mcp.commands.output import say_line
from uru_mcp.commands.own_command import making_private

if TYPE_CHECKING:
    from uru_mcp.commands.client_configs.locations import Configuration
    from uru_mcp.commands.client_configs.machine import Machine
    from uru_mcp.commands.client_configs.planned_change import Change
    from uru_mcp.commands.key_selection import Environment, Wish


def say_what_was_done(
    change: Change, wish: Wish, backup: Path | None, configuration: Configuration, env: Environment, old: Any
) -> None:
    """Print what was written, and where."""
    from uru_mcp.commands.client_configs.file_writing import is_open_to_others
    from uru_mcp.commands.client_configs.other_entries import NODE_CLIENT, is_foreign, is_node_client

    done = "Written" if change.is_any else "Nothing to change"
    say_line(f"{done}: the server “{wish.name}” of {configuration.client.title}, in {change.path}")
    if is_foreign(old, configuration.client.shape):
        replaced = NODE_CLIENT if is_node_client(old, configuration.client.shape) else "another server"
        say_line(f"It replaces {replaced}; --uninstall gives that back.")
    if backup is not None:
        say_line(f"Backup: {backup}")
    beside = _beside_the_key(env)
    if beside:
        say_line(f"{'It' if wish.sandbox else 'Besides the key, it'} sets {', '.join(beside)}.")
    if "URU_API_KEY" in env.variables and is_open_to_others(change.path):
        say_line(
            "Other users of this machine can access that file and its key. To prevent that, run"
            f" {making_private(change.path)}, or use --key-file to store the key separately."
        )


def say_what_is_left(
    configuration: Configuration, wish: Wish, machine: Machine, env: Environment, backups: list[Path]
) -> None:
    """Print what was not saved, and what else may be in the way."""
    from uru_mcp.commands.client_configs.other_entries import notes_on

    say_which_hold_a_key(backups)
    if env.unused:
        way = "the file in URU_API_KEY_FILE" if env.file else "the command in URU_API_KEY_COMMAND"
        say_line(f"Not used, since the entry gets its key from {way}: {', '.join(env.unused)}")
    if not wish.sandbox:
        say_what_stays_in_the_terminal(machine, env)
    for note in notes_on(configuration, wish.name):
        say_line(note)


def say_which_hold_a_key(backups: list[Path]) -> None:
    if backups:
        say_line(f"These backups still contain a key: {', '.join(map(str, backups))}")


def _beside_the_key(env: Environment) -> list[str]:
    """The variables of this terminal that were written, with their values, none of which is secret."""
    from uru_mcp.commands.client_configs.entry_environment import CARRIED
    from uru_mcp.commands.client_configs.network_environment import NAMES, holds_password
    from uru_mcp.config.settings import KEY_VARIABLES, VARIABLES

    shown = {*CARRIED, *VARIABLES, *NAMES} - {*KEY_VARIABLES}
    return [f"{name}={value}" for name, value in env.variables.items() if name in shown and not holds_password(value)]


def say_what_stays_in_the_terminal(machine: Machine, env: Environment) -> None:
    """Print which variables of this terminal the entry does not get, and why."""
    from uru_mcp.commands.client_configs.entry_environment import left_behind, url_of
    from uru_mcp.commands.client_configs.network_environment import unneeded, with_password

    unused = left_behind(machine.environ, env.variables)
    if unused:
        say_line(f"Set in this terminal but not saved for the client: {', '.join(unused)}")
        say_line(f"To save them, add {' '.join(f'--set {name}' for name in unused)}")
    local = unneeded(machine.environ, url_of(env.variables))
    if local:
        say_line(f"Not saved, since {url_of(env.variables)} is on this machine: {', '.join(local)}")
    secret = with_password(machine.environ, url_of(env.variables))
    if secret:
        say_line(
            f"Not saved, since it contains a user name or password: {', '.join(secret)}. Without it, the client may not"
            " reach Uru; set a proxy for this machine that needs none, or add the variable to the entry yourself."
        )
