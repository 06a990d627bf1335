"""The `uru-mcp sandbox keys` commands: create, list, rotate and delete keys of a sandbox file, and show their usage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import click

from ..data import clock
from ..data.callers import workspaces
from ..data.database import Database, NotOurs
from ..data.keys import DeletedKey, Key, Keys, NewKey, UnknownKey, UnknownWorkspace
from ..data.seed import seed
from ..permissions import PERMISSIONS, in_order, in_words
from .options import Duration, Expiry, KeyName, PermissionNames, SandboxFile
from .printing import in_one_line, say, say_table

_HEADING = ["ID", "NAME", "LAST 4", "WORKSPACE", "PERMISSIONS", "AGE", "EXPIRES", "LAST USED", "USES", "STATUS"]


@click.group()
def keys() -> None:
    """Create, list, rotate and delete the keys of a sandbox file.

    A server that runs on the same file sees every change at once.
    """


_db = click.option("--db", required=True, type=SandboxFile(dir_okay=False, path_type=Path), help="The sandbox's file.")


@keys.command()
@_db
@click.option("--name", required=True, type=KeyName(), help="What the key is for, such as 'Claude Desktop'.")
@click.option("--workspace", help="Name or id. Without it, the key selects its workspace itself.")
@click.option(
    "--permissions", required=True, type=PermissionNames(), help=f"Any of {','.join(PERMISSIONS)}, separated by commas."
)
@click.option("--expires", type=Expiry(), help="Last day, such as 2026-12-31, or how long, such as 30d.")
def create(db: Path, name: str, workspace: str | None, permissions: frozenset[str], expires: datetime | None) -> None:
    """Create a key and show it, this once.

    A file that is not there yet is made.
    """
    with _opened(db, new=True) as database:
        made = Keys(database).create(name=name, workspace=workspace, permissions=permissions, expires_at=expires)
    _say_new(made)


@keys.command(name="list")
@_db
def list_keys(db: Path) -> None:
    """List all keys, those that expired or were deleted included."""
    with _opened(db) as database:
        names = {one.id: one.name for one in workspaces(database)}
        rows = [_row(key, names) for key in Keys(database).list()]
    say_table(_HEADING, rows)


@keys.command()
@_db
@click.argument("key_id", metavar="ID")
def usage(db: Path, key_id: str) -> None:
    """Show how a key was used.

    Its requests are counted by day, its tool calls by permission and by outcome.
    """
    with _opened(db) as database:
        used = Keys(database).usage(key_id)
    say(f"{used.requests_total} requests, {used.requests_24h} of them in the last 24 hours.")
    _say_counts("Requests by day", used.by_day)
    _say_counts("Calls by permission", used.by_permission)
    _say_counts("Calls by outcome", used.by_outcome)
    if not used.by_outcome:
        say("\nNo tool was called.")


@keys.command()
@_db
@click.argument("key_id", metavar="ID")
@click.option(
    "--overlap",
    type=Duration(),
    default="0m",
    help="How long the old key goes on working, such as 24h. By default it ends at once.",
)
def rotate(db: Path, key_id: str, overlap: timedelta) -> None:
    """Replace a key with a new one that is like it.

    The new key has the name, the workspace, the permissions and the expiry of the old one.
    """
    with _opened(db) as database:
        made = Keys(database).rotate(key_id, overlap)
        old = Keys(database).get(key_id)
    _say_new(made)
    say(_deleted(key_id) if old.status == "revoked" else f"The old key {key_id} {_expiry(old)}.")


@keys.command()
@_db
@click.argument("key_id", metavar="ID")
def delete(db: Path, key_id: str) -> None:
    """Delete a key.

    Whoever still uses it is told that it was revoked.
    """
    with _opened(db) as database:
        Keys(database).delete(key_id)
    say(_deleted(key_id))


@contextmanager
def _opened(path: Path, *, new: bool = False) -> Iterator[Database]:
    """The database; its errors are converted to command-line errors."""
    if not new and path.parent.is_dir() and not path.exists():
        raise click.ClickException(f"There is no file {path}. uru-mcp sandbox keys create --db FILE makes one.")
    try:
        database = Database(path, fill=seed)
    except (NotOurs, OSError) as error:
        raise click.ClickException(str(error)) from error
    try:
        yield database
    except DeletedKey as error:
        raise click.ClickException(str(error)) from error
    except UnknownKey as error:
        raise click.ClickException(f"{error} uru-mcp sandbox keys list --db FILE shows the ids.") from error
    except UnknownWorkspace as error:
        known = ", ".join(in_one_line(one.name) for one in workspaces(database))
        raise click.ClickException(f"{error} There are {known}.") from error
    finally:
        database.close()


def _say_new(made: NewKey) -> None:
    key = made.record
    say(f"{key.id}: {in_one_line(key.name)}, which may {in_words(key.permissions) or 'do nothing'}.")
    say(f"\n  {made.text}\n\nIt is only for this sandbox and is shown only now. It {_expiry(key)}.")


def _say_counts(title: str, counts: Mapping[str, int]) -> None:
    if counts:
        say(f"\n{title}")
        say_table(None, [[f"  {name or 'none needed'}", str(count)] for name, count in counts.items()])


def _deleted(key_id: str) -> str:
    return f"{key_id} is deleted; whoever still uses it is told that it was revoked."


def _expiry(key: Key) -> str:
    if key.expires_at is None:
        return "never expires"
    return f"{'expired' if key.status == 'expired' else 'expires'} {key.expires_at}"


def _row(key: Key, names: Mapping[str, str]) -> list[str]:
    return [
        key.id,
        key.name,
        key.last4,
        names[key.workspace_id] if key.workspace_id else "-",
        ",".join(in_order(key.permissions)) or "-",
        f"{(clock.now() - clock.parse(key.created_at)).days}d",
        key.expires_at or "never",
        key.last_used_at or "never",
        str(key.uses),
        key.status,
    ]
