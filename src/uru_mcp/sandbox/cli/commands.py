"""The `uru-mcp sandbox` command group and `sandbox serve`; `key_commands` has the commands for keys.

A command imports what it needs when it runs, so that `--help` stays fast.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..permissions import PERMISSIONS
from .difference_option import read_unlike, say_chosen
from .printing import in_one_line, say, say_table

if TYPE_CHECKING:
    from socket import socket

    from ..sandbox import Sandbox
    from ..web.mcp_server import McpServer
    from ..web.visit import Site

MCP_SERVER = f"{__name__}.mcp_server"  # key in click's `Context.meta`: the `McpServer` for the pages


class _Commands(click.Group):
    """The commands defined here, and `keys`, which is imported lazily from its own module."""

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
@click.option("--open", "is_opened", is_flag=True, help="Open its pages in the browser.")
@click.option("--verbose", is_flag=True, help="Log every request to stderr.")
@click.pass_context
def serve(
    ctx: click.Context,
    port: int,
    db: Path | None,
    tools: int,
    catalog: Path | None,
    unlike: list[str],
    is_opened: bool,
    verbose: bool,
) -> None:
    """Serve the sandbox on 127.0.0.1 until Ctrl-C.

    It says how to point uru-mcp at it. Where there is no key yet, it makes one and shows it, this once. The pages, on
    the same port, have the keys and their usage, what Claude sees, and the workspaces; they ask for a code that is
    printed here.
    """
    import asyncio

    from ..data.database import NotOurs
    from ..sandbox import Sandbox
    from ..serve import listening
    from ..tools.recorded_tools import BadCatalog

    try:
        listener = listening(port)  # first, so that no file is made for a sandbox that cannot be served
    except OSError as error:
        raise click.ClickException(_why_not(port, error)) from error
    with listener:
        try:
            opened = Sandbox.open(db, tools=tools, catalog=catalog, unlike=unlike)
        except (NotOurs, BadCatalog, OSError) as error:
            raise click.ClickException(str(error)) from error
        try:
            server = ctx.meta.get(MCP_SERVER)
            asyncio.run(_serve(opened, listener, unlike, server, is_opened=is_opened, verbose=verbose))
        finally:
            opened.close()


def _why_not(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use; --port 0 takes any free one."
    return f"Cannot serve on port {port}: {error.strerror}."


async def _serve(
    opened: Sandbox,
    listener: socket,
    unlike: Sequence[str],
    server: McpServer | None,
    *,
    is_opened: bool,
    verbose: bool,
) -> None:
    import asyncio
    import signal

    from ..serve import serving
    from ..web.app import beside
    from ..web.visit import Site

    site = Site(opened, server)
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
        async with serving(opened, listener=listener, app=beside(opened.app, site), verbose=verbose) as url:
            _welcome(site, url, unlike)
            with ExitStack() as until_the_end:
                if is_opened:
                    await _open(site, url, until_the_end)
                await stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _welcome(site: Site, url: str, unlike: Sequence[str]) -> None:
    opened = site.sandbox
    say(f"The sandbox serves {url} until Ctrl-C.\n\nWorkspaces:")
    say_table(None, [[f"  {one.name}", one.id] for one in opened.workspaces])
    say_chosen(unlike)
    _invite(site, url)
    text = "uru_..."
    if not opened.keys.list():
        first = opened.workspaces[0].name
        made = opened.keys.create(name="First key", workspace=first, permissions=PERMISSIONS)
        say(f"\nThis key for {in_one_line(first)} has all permissions.")
        say("It is only for this sandbox and is shown only now:\n")
        say(f"  {made.text}")
        text = made.text
    say("\nTo point uru-mcp at it, set these variables in a terminal, or write them into a client's env:")
    say(f"\n  URU_PROXY_URL={url}\n  URU_API_KEY={text}\n")


def _invite(site: Site, url: str) -> None:
    """Print how to open the pages."""
    from ..web.opening import link_to

    say("\nIn a browser it has pages. This link opens them; it works once, within ten minutes:")
    say(f"\n  {link_to(site, url)}")
    say(f"\nOr open {url}/ and type the code {site.sessions.code}")


async def _open(site: Site, url: str, until_the_end: ExitStack) -> None:
    """Open the pages in the browser."""
    import asyncio

    from ..web.opening import link_to, opened_in_browser

    if not await asyncio.to_thread(until_the_end.enter_context, opened_in_browser(link_to(site, url))):
        say("There is no browser that could be opened here.", err=True)
