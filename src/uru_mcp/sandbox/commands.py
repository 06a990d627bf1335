"""`uru-mcp sandbox`: serve a sandbox. Its keys are looked after in `key_commands`.

What a command needs is imported when it runs, so that `--help` stays quick.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .permissions import PERMISSIONS
from .terminal import in_one_line, say, say_table
from .unlike import read_unlike, say_chosen

if TYPE_CHECKING:
    from .sandbox import Sandbox


class _Commands(click.Group):
    """The commands defined here, and `keys`, which comes from a module of its own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "keys"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name != "keys":
            return super().get_command(ctx, cmd_name)
        from .key_commands import keys

        return keys


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def sandbox() -> None:
    """Run an Uru of your own, to try everything without an account.

    It implements Uru's HTTP API as far as that is known. To have uru-mcp itself use one, without a server
    beside it: uru-mcp --sandbox.
    """


@sandbox.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    default=3001,
    show_default=True,
    help="The port to serve on; 0 takes any free one.",
)
@click.option(
    "--db",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep everything in this file. Otherwise all is gone at the end.",
)
@click.option("--tools", type=click.IntRange(0, 1_000_000), metavar="N", default=0, help="Add so many synthetic tools.")
@click.option(
    "--catalog",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Add the namespaces and tools of a JSON file in the API's shape.",
)
@click.option(
    "--unlike",
    multiple=True,
    metavar="NAME",
    callback=read_unlike,
    help="Differ from the description of Uru's API in this way, or in several: NAME,NAME. --unlike list shows them.",
)
@click.option("--verbose", is_flag=True, help="Log every request to stderr.")
def serve(port: int, db: Path | None, tools: int, catalog: Path | None, unlike: list[str], verbose: bool) -> None:
    """Serve the sandbox on 127.0.0.1 until Ctrl-C.

    It says how to point uru-mcp at it. Where there is no key yet, it makes one and shows it, this once.
    """
    import asyncio

    from .database import NotOurs
    from .sandbox import Sandbox
    from .strangers import BadCatalog

    try:
        opened = Sandbox.open(db, tools=tools, catalog=catalog, unlike=unlike)
    except (NotOurs, BadCatalog, OSError) as error:
        raise click.ClickException(str(error)) from error
    try:
        asyncio.run(_serve(opened, port, unlike, verbose=verbose))
    except OSError as error:
        raise click.ClickException(_why_not(port, error)) from error
    finally:
        opened.close()


def _why_not(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use; --port 0 takes any free one."
    return f"Cannot serve on port {port}: {error.strerror}."


async def _serve(opened: Sandbox, port: int, unlike: Sequence[str], *, verbose: bool) -> None:
    import asyncio
    import signal

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
            _welcome(opened, url, unlike)
            await stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _welcome(opened: Sandbox, url: str, unlike: Sequence[str]) -> None:
    say(f"The sandbox serves {url} until Ctrl-C.\n\nWorkspaces:")
    say_table(None, [[f"  {one.name}", one.id] for one in opened.workspaces])
    say_chosen(unlike)
    text = "uru_..."
    if not opened.keys.list():
        first = opened.workspaces[0].name
        made = opened.keys.create(name="First key", workspace=first, permissions=PERMISSIONS)
        say(f"\nThis key for {in_one_line(first)} has all permissions.")
        say("It is only for this sandbox and is shown only now:\n")
        say(f"  {made.text}")
        text = made.text
    say(f"\nPoint uru-mcp at it:\n\n  URU_PROXY_URL={url}\n  URU_API_KEY={text}\n")
