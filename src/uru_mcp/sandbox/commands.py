"""`uru-mcp sandbox`: serve a sandbox, and look after its keys."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import click

from . import clock
from .access import workspaces
from .database import Database, NotOurs
from .keys import Key, Keys, NewKey, UnknownKey, UnknownWorkspace
from .permissions import PERMISSIONS, in_order, permission_set
from .sandbox import Sandbox
from .seed import seed
from .strangers import BadCatalog

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Duration(click.ParamType[timedelta]):
    """`45m`, `24h` or `7d`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,5})([mhd])", str(value))
        if found is None:
            self.fail(f"{value!r} is no duration, such as 45m, 24h or 7d.", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


class Expiry(click.ParamType[datetime]):
    """A date, whose last second is meant, or a duration from now."""

    name = "date or duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        if re.fullmatch(r"\d{1,5}[mhd]", str(value)):
            return clock.now() + Duration().convert(value, param, ctx)
        try:
            return datetime.combine(datetime.fromisoformat(str(value)).date(), time(23, 59, 59), UTC)
        except ValueError:
            self.fail(f"{value!r} is neither a date, such as 2026-12-31, nor a duration, such as 30d.", param, ctx)


class PermissionNames(click.ParamType[frozenset[str]]):
    """`read,execute`."""

    name = "permissions"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[str]:
        if isinstance(value, frozenset):
            return value
        try:
            return permission_set([name for name in re.split(r"[,\s]+", str(value).lower()) if name])
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.group()
def sandbox() -> None:
    """An Uru of your own, to try everything without a subscription."""


@sandbox.command()
@click.option("--port", type=click.IntRange(0, 65535), default=3001, show_default=True, help="0 takes any free port.")
@click.option(
    "--db",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep everything in this file. Otherwise all is gone at the end.",
)
@click.option("--tools", type=click.IntRange(0, 1_000_000), default=0, help="Add so many synthetic tools.")
@click.option(
    "--catalog",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Add the namespaces and tools of a JSON file in the API's shape.",
)
@click.option("--verbose", is_flag=True, help="Log every request to stderr.")
def serve(port: int, db: Path | None, tools: int, catalog: Path | None, verbose: bool) -> None:
    """Serve the sandbox on 127.0.0.1 until Ctrl-C."""
    try:
        opened = Sandbox.open(db, tools=tools, catalog=catalog)
    except (NotOurs, BadCatalog, OSError) as error:
        raise click.ClickException(str(error)) from error
    try:
        asyncio.run(_serve(opened, port, verbose=verbose))
    except OSError as error:
        raise click.ClickException(f"Cannot serve on port {port}: {error.strerror}.") from error
    finally:
        opened.close()


@sandbox.group()
def keys() -> None:
    """Create, list, rotate and delete the keys of a sandbox file.

    A server that runs on the same file sees every change at once.
    """


_db = click.option("--db", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The sandbox's file.")


@keys.command()
@_db
@click.option("--name", required=True, help="What the key is for, such as 'Claude Desktop'.")
@click.option("--workspace", help="Name or id. Without it, the key selects its workspace itself.")
@click.option(
    "--permissions", required=True, type=PermissionNames(), help=f"Any of {','.join(PERMISSIONS)}, separated by commas."
)
@click.option("--expires", type=Expiry(), help="Last day, such as 2026-12-31, or how long, such as 30d.")
def create(db: Path, name: str, workspace: str | None, permissions: frozenset[str], expires: datetime | None) -> None:
    """Create a key and show it, this once. A file that is not there yet is made."""
    with _opened(db, new=True) as database:
        made = Keys(database).create(name=name, workspace=workspace, permissions=permissions, expires_at=expires)
        _show_new(made)


@keys.command(name="list")
@_db
def list_keys(db: Path) -> None:
    """List all keys, those that expired or were deleted included."""
    with _opened(db) as database:
        names = {one.id: one.name for one in workspaces(database)}
        rows = [_row(key, names) for key in Keys(database).list()]
    _table(["ID", "NAME", "LAST 4", "WORKSPACE", "PERMISSIONS", "AGE", "LAST USED", "USES", "STATUS"], rows)


@keys.command()
@_db
@click.argument("key_id", metavar="ID")
def usage(db: Path, key_id: str) -> None:
    """Show how a key was used: requests by day, tool calls by permission and by outcome."""
    with _opened(db) as database:
        used = Keys(database).usage(key_id)
    click.echo(f"{used.requests_total} requests, {used.requests_24h} of them in the last 24 hours.")
    for title, counts in (
        ("Requests by day", used.by_day),
        ("Calls by permission", used.by_permission),
        ("Calls by outcome", used.by_outcome),
    ):
        click.echo(f"\n{title}")
        _table(None, [[f"  {name or 'none needed'}", str(count)] for name, count in counts.items()] or [["  none"]])


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
    """Replace a key with a new one of the same name, workspace and permissions."""
    with _opened(db) as database:
        made = Keys(database).rotate(key_id, overlap)
        old = Keys(database).get(key_id)
    _show_new(made)
    click.echo(f"The old key {key_id} ends {old.expires_at}." if old.status == "active" else f"{key_id} has ended.")


@keys.command()
@_db
@click.argument("key_id", metavar="ID")
def delete(db: Path, key_id: str) -> None:
    """Delete a key. Whoever still uses it is told that it was revoked."""
    with _opened(db) as database:
        Keys(database).delete(key_id)
    click.echo(f"{key_id} has ended.")


@contextmanager
def _opened(path: Path, *, new: bool = False) -> Iterator[Database]:
    """The database, its errors turned into what a person at a terminal can act on."""
    if not new and not path.exists():
        raise click.ClickException(f"There is no file {path}. `sandbox serve --db` or `keys create --db` makes one.")
    try:
        database = Database(path, fill=seed)
    except (NotOurs, OSError) as error:
        raise click.ClickException(str(error)) from error
    try:
        yield database
    except UnknownKey as error:
        raise click.ClickException(f"{error} `keys list` shows the ids.") from error
    except UnknownWorkspace as error:
        known = ", ".join(one.name for one in workspaces(database))
        raise click.ClickException(f"{error} There are {known}.") from error
    finally:
        database.close()


async def _serve(opened: Sandbox, port: int, *, verbose: bool) -> None:
    from .serve import serving

    if verbose:
        import logging

        logging.basicConfig(level=logging.INFO, format="%(message)s")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Not loop.add_signal_handler, which Windows does not have.
    before = {
        number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        async with serving(opened, port, verbose=verbose) as url:
            _welcome(opened, url)
            await stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _welcome(opened: Sandbox, url: str) -> None:
    click.echo(f"The sandbox serves {url} until Ctrl-C.\n\nWorkspaces:")
    _table(None, [[f"  {one.name}", one.id] for one in opened.workspaces])
    text = "uru_…"
    if not opened.keys.list():
        first = opened.workspaces[0].name
        made = opened.keys.create(name="First key", workspace=first, permissions=PERMISSIONS)
        click.echo(f"\nThis key for {first} has all permissions. It is only for this sandbox and is shown only now:\n")
        click.echo(f"  {made.text}")
        text = made.text
    click.echo(f"\nPoint uru-mcp at it:\n\n  URU_PROXY_URL={url}\n  URU_API_KEY={text}\n")


def _show_new(made: NewKey) -> None:
    click.echo(f"{made.record.id}: {made.record.name}, {' and '.join(in_order(made.record.permissions))}.")
    click.echo(f"\n  {made.text}\n\nIt is only for this sandbox and is shown only now.")


def _row(key: Key, names: dict[str, str]) -> list[str]:
    return [
        key.id,
        key.name,
        key.last4,
        names[key.workspace_id] if key.workspace_id else "-",
        ",".join(in_order(key.permissions)) or "-",
        f"{(clock.now() - clock.parse(key.created_at)).days}d",
        key.last_used_at or "never",
        str(key.uses),
        key.status,
    ]


def _table(heading: Sequence[str] | None, rows: Sequence[Sequence[str]]) -> None:
    lines = [*([heading] if heading else []), *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
