"""`uru-mcp install --uninstall`: removes the server, and gives back what it had replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uru_mcp.commands.install_errors import errors_as_text
from uru_mcp.commands.install_summary import say_which_hold_a_key
from uru_mcp.commands.output import say, say_line

if TYPE_CHECKING:
    from uru_mcp.commands.client_configs.entry_shape import Shape
    from uru_mcp.commands.client_configs.locations import Configuration


def remove_from(configuration: Configuration, name: str, *, dry_run: bool) -> None:
    """Remove the server of this name, or show what would change."""
    from uru_mcp.commands.client_configs.file_writing import remove
    from uru_mcp.commands.client_configs.other_entries import NODE_CLIENT, is_foreign, is_node_client
    from uru_mcp.commands.client_configs.planned_change import current, removal, server_of, spent_backup
    from uru_mcp.commands.client_configs.preview import difference
    from uru_mcp.untrusted_input.redaction import Redaction

    client, path = configuration.client, configuration.path
    title, shape = client.title, client.shape
    with errors_as_text(Redaction()):
        old = server_of(current(configuration), name)
        if is_foreign(old, shape):
            what = NODE_CLIENT if is_node_client(old, shape) else "another program"
            say_line(f"Nothing to change: the server “{name}” of {title} is {what}, in {path}")
            _remove_keyed_backups(configuration, dry_run=dry_run)
            return
        change = removal(configuration, name)
        if not change.is_any:
            say_line(f"Nothing to change: {title} has no server “{name}” in {path}")
            _remove_keyed_backups(configuration, dry_run=dry_run)
            return
        if dry_run:
            say(difference(change, name))
            return
        change.make()
        spent = spent_backup(change)
        if spent is not None:
            remove(spent)
        given_back = server_of(change.after, name)
    what = f"the server “{name}” of {title}, from {path}"
    say_line(f"Removed: {what if change.after is not None else f'{path}, which contained nothing else'}")
    _say_what_stays(shape, name, old, given_back)
    with errors_as_text(Redaction()):
        _remove_keyed_backups(configuration, dry_run=False)
    say(f"\nRestart {title} to finish.")


def _say_what_stays(shape: Shape, name: str, old: Any, given_back: Any) -> None:
    """The server that was there before, if it is given back, and the file with the key."""
    from uru_mcp.commands.client_configs.other_entries import NODE_CLIENT, is_node_client

    if given_back is not None:
        before = f", {NODE_CLIENT}" if is_node_client(given_back, shape) else ""
        say_line(f"Given back: the server “{name}” that was there before{before}")
    env = shape.environment(old)
    if "URU_API_KEY_FILE" in env:
        say_line(f"Not removed: the key file {env['URU_API_KEY_FILE']}")


def _remove_keyed_backups(configuration: Configuration, *, dry_run: bool) -> None:
    """Remove the backups that contain a key and nothing else of use, and name the others."""
    from uru_mcp.commands.client_configs.file_writing import remove
    from uru_mcp.commands.client_configs.keyed_backups import keyed_backups
    from uru_mcp.commands.own_command import removing

    backups = keyed_backups(configuration)
    for backup in backups.spare:
        if not dry_run:
            remove(backup)
        say_line(f"{'Would remove' if dry_run else 'Removed'}: the backup {backup}, which contained a key")
    if backups.is_used:
        say_which_hold_a_key([*backups.needed])
        return
    for backup in backups.needed:
        say_line(f"Not removed: the backup {backup}, which contains a key. Remove it: {removing(backup)}")
