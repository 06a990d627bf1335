"""The command line. Without a command it serves MCP on stdin and stdout, and stdout then belongs to the protocol.

What a command needs is imported when it runs, so that `--help` and `--version` stay quick.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from uru_mcp import __version__

if TYPE_CHECKING:
    from httpx2 import AsyncBaseTransport

    from uru_mcp.errors import SettingsError, UruError
    from uru_mcp.redaction import Redaction
    from uru_mcp.sandbox import Sandbox
    from uru_mcp.settings import Settings

SANDBOX_URL = "https://sandbox-in-this-process.invalid"  # never looked up
OWN_KEY_LASTS = timedelta(days=30)  # the sandbox's own key, which a file would otherwise keep for ever

INTRODUCTION = """\
uru-mcp is an MCP server: Claude Desktop or another MCP client starts it and talks to it through pipes.
There is nothing to type here.

  Try it without an account:   uru-mcp demo
  Add it to Claude Desktop:    uru-mcp install claude-desktop
  Or by hand:                  Settings → Developer → Edit Config, put this into claude_desktop_config.json,
                               then quit Claude fully and open it again

{config}
"""


COMMANDS = {
    "demo": "uru_mcp.commands.demo",
    "install": "uru_mcp.commands.install",
    "sandbox": "uru_mcp.sandbox.commands",
    "usage": "uru_mcp.commands.usage",
}


class Commands(click.Group):
    """The commands by name, each imported from its module, where it has the same name, when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.command(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="uru-mcp %(version)s")
@click.option("--sandbox", is_flag=True, help="Serve a sandbox in this process instead of the real Uru.")
@click.option(
    "--db", type=click.Path(dir_okay=False, path_type=Path), help="With --sandbox: keep its workspaces in this file."
)
@click.option(
    "--tools", type=click.IntRange(0, 1_000_000), default=0, help="With --sandbox: add so many synthetic tools."
)
@click.option(
    "--catalog",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --sandbox: add the namespaces and tools of a JSON file in the API's shape.",
)
@click.pass_context
def main(ctx: click.Context, sandbox: bool, db: Path | None, tools: int, catalog: Path | None) -> None:
    """Bridge MCP clients such as Claude Desktop to an Uru workspace.

    Without a command, serve MCP on stdin and stdout, with the API key of URU_API_KEY, URU_API_KEY_FILE or
    URU_API_KEY_COMMAND. In a terminal, say what to put into a client's configuration instead.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console that has no arrow still gets the rest of the line
    arguments = [
        *(["--sandbox"] if sandbox else []),
        *(["--db", str(db.absolute())] if db else []),
        *(["--tools", str(tools)] if tools else []),
        *(["--catalog", str(catalog.absolute())] if catalog else []),
    ]
    if ctx.invoked_subcommand is not None:
        if arguments:
            raise click.UsageError(f"{arguments[0]} is for serving and does not go with {ctx.invoked_subcommand}.")
        return
    if arguments and not sandbox:
        raise click.UsageError("--db, --tools and --catalog go with --sandbox.")
    _serve(_sandbox_for(db, tools, catalog) if sandbox else None, arguments)


def _serve(sandbox: Sandbox | None, arguments: list[str]) -> None:
    """Serve the real Uru, or this sandbox; say so instead when a person started it in a terminal."""
    gc.disable()  # until all is imported: nothing of that is garbage, and to look for some takes a tenth of the time
    from uru_mcp.errors import SettingsError
    from uru_mcp.key import Key
    from uru_mcp.logs import start_logging
    from uru_mcp.redaction import Redaction
    from uru_mcp.settings import read_environment, read_settings

    redaction = Redaction()
    environ = read_environment()
    try:
        settings: Settings | SettingsError = read_settings(environ if sandbox is None else _inside(sandbox, environ))
    except SettingsError as error:
        settings = error
        with suppress(ValueError):  # nobody else remembers the key when the settings cannot be used
            redaction.remember(Key(environ.get("URU_API_KEY", "")).reveal())
    if sys.stdin.isatty():
        _introduce(settings, redaction, arguments)
    start_logging("warning" if isinstance(settings, SettingsError) else settings.log_level, redaction)
    if not isinstance(settings, SettingsError) and settings.ignored:
        click.echo(f"uru-mcp: ignored, only the Node client reads them: {', '.join(settings.ignored)}", err=True)

    from uru_mcp.bridge import Bridge, Unconfigured
    from uru_mcp.process import serve

    if isinstance(settings, SettingsError):
        serve(Unconfigured(settings, redaction), redaction)
    transport = None if sandbox is None else _in_process(sandbox)
    serve(Bridge(settings, redaction, transport=transport), redaction)


def _introduce(settings: Settings | SettingsError, redaction: Redaction, arguments: list[str]) -> NoReturn:
    """Say what this is, and what is wrong with the configuration; exit 2 when something is, otherwise 0.

    A key file is looked into; a command is not run, since it may ask for something.
    """
    from uru_mcp.clients.entry import KEY, configuration
    from uru_mcp.errors import SettingsError

    key = KEY
    problems: list[UruError] = []
    if isinstance(settings, SettingsError):
        problems = [*settings.problems]
    elif settings.api_key_file is not None:
        key = ("URU_API_KEY_FILE", str(settings.api_key_file))
        problems = _of_file(settings.api_key_file)
    elif settings.api_key_command is not None:
        key = ("URU_API_KEY_COMMAND", "the command that prints your key")
    click.echo(INTRODUCTION.format(config=configuration(sys.executable, *arguments, key=key)))
    for problem in problems:
        click.echo(redaction.text(f"Here, now: {problem.message}\n  To mend it: {problem.fix}"))
    sys.exit(2 if problems else 0)


def _of_file(path: Path) -> list[UruError]:
    """What is wrong with a key file."""
    import anyio

    from uru_mcp.errors import KeyUnavailable
    from uru_mcp.key_source import KeyFile

    try:
        anyio.run(KeyFile(path).read)
    except KeyUnavailable as error:
        return [error]
    return []


def _sandbox_for(db: Path | None, tools: int, catalog: Path | None) -> Sandbox:
    from uru_mcp.sandbox import Sandbox
    from uru_mcp.sandbox.database import NotOurs
    from uru_mcp.sandbox.strangers import BadCatalog

    try:
        return Sandbox.open(db, tools=tools, catalog=catalog)
    except (NotOurs, BadCatalog, OSError) as error:
        raise click.ClickException(str(error)) from error


def _inside(sandbox: Sandbox, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment for a sandbox in this process, with a key of its own where none is given."""
    from uru_mcp.settings import KEY_VARIABLES

    own = {"URU_PROXY_URL": SANDBOX_URL}
    if not any(environ.get(name, "").strip() for name in KEY_VARIABLES):
        made = sandbox.keys.create(
            name="uru-mcp --sandbox",
            workspace=sandbox.workspaces[0].id,
            permissions={"read", "write", "execute"},
            expires_at=datetime.now(UTC) + OWN_KEY_LASTS,
        )
        own["URU_API_KEY"] = made.text
    return {**environ, **own}


def _in_process(sandbox: Sandbox) -> AsyncBaseTransport:
    from httpx2 import ASGITransport

    return ASGITransport(app=sandbox.app)
