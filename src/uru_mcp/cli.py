"""The command line. Without a command it serves MCP on stdin and stdout; stdout is then reserved for the protocol.

Commands are imported when they run, so that `--help` and `--version` stay fast.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from uru_mcp import __version__
from uru_mcp.commands.command_line_errors import refuse_key, safe_error_messages
from uru_mcp.commands.command_setup import Choice, Start, in_words, start
from uru_mcp.commands.output import say
from uru_mcp.messages import policy_messages

if TYPE_CHECKING:
    from uru_mcp.config.settings import Settings
    from uru_mcp.errors import UruError

INTRODUCTION = """\
uru-mcp is an MCP server: Claude Desktop or another MCP client starts it and
talks to it through pipes. There is nothing to type here.

  Try it without an account:   uru-mcp demo
  Add it to Claude Desktop:    uru-mcp install claude-desktop
  All that it can do:          uru-mcp --help

Or by hand: Settings → Developer → Edit Config, put this into
claude_desktop_config.json, then quit Claude fully and open it again.

{config}
"""


COMMANDS = {  # in the order of `--help`: those that a new user needs come first
    "install": "uru_mcp.commands.install",
    "doctor": "uru_mcp.commands.doctor.command",
    "whoami": "uru_mcp.commands.bridge_commands",
    "tools": "uru_mcp.commands.bridge_commands",
    "call": "uru_mcp.commands.bridge_commands",
    "demo": "uru_mcp.commands.demo",
    "usage": "uru_mcp.commands.usage",
    "sandbox": "uru_mcp.commands.sandbox",
}
WITH_SANDBOX = ("whoami", "tools", "call")  # the commands that accept --sandbox


class Commands(click.Group):
    """The commands by name, each imported on use from the attribute of the same name in its module.

    A key on the command line is refused before the arguments are parsed, and no error message repeats a key.
    """

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        with safe_error_messages():
            refuse_key(args)
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with safe_error_messages():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.command(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="uru-mcp %(version)s")
@click.option(
    "--sandbox",
    is_flag=True,
    help="Use a sandbox in this process instead of the real Uru, for serving and with whoami, tools and call.",
)
@click.option(
    "--db", type=click.Path(dir_okay=False, path_type=Path), help="With --sandbox: store its workspaces in this file."
)
@click.option(
    "--tools",
    type=click.IntRange(0, 1_000_000),
    metavar="N",
    default=0,
    help="With --sandbox: add N synthetic tools.",
)
@click.option(
    "--catalog",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --sandbox: add the namespaces and tools of a JSON file in the API's shape.",
)
@click.pass_context
def main(ctx: click.Context, sandbox: bool, db: Path | None, tools: int, catalog: Path | None) -> None:
    """Bridge MCP clients such as Claude Desktop to an Uru workspace.

    \b
      Add it to a client:               uru-mcp install claude-desktop
      See it first, without an account: uru-mcp demo

    Without a command, serve MCP on stdin and stdout, with the API key of URU_API_KEY, URU_API_KEY_FILE or
    URU_API_KEY_COMMAND. In a terminal, print the configuration for a client instead.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # for consoles whose encoding lacks a character, such as an arrow
    ctx.obj = choice = Choice(sandbox, db, tools, catalog)
    if choice.arguments and ctx.invoked_subcommand not in (None, *WITH_SANDBOX):
        also = f"{', '.join(WITH_SANDBOX[:-1])} and {WITH_SANDBOX[-1]}"
        raise click.UsageError(
            f"{choice.arguments[0]} works only for serving, {also}, not with {ctx.invoked_subcommand}."
        )
    if choice.arguments and not sandbox:
        raise click.UsageError("--db, --tools and --catalog require --sandbox.")
    if ctx.invoked_subcommand is None:
        _serve(choice)


def _name_what_limits(settings: Settings) -> None:
    """Name the policy, and the variables that limit nothing since uru-mcp does not read them."""
    if settings.policy is not None:
        say(policy_messages.LIMITED_ON_STDERR.format(file=settings.policy.path), err=True)
    if settings.ignored:
        say(f"uru-mcp: ignored, only the Node client reads them: {', '.join(settings.ignored)}", err=True)
    if settings.foreign:
        say(f"uru-mcp: ignored, not variables of uru-mcp: {', '.join(settings.foreign)}", err=True)


def _serve(choice: Choice) -> None:
    """Serve MCP for the chosen Uru or sandbox; in a terminal, print an introduction instead."""
    if sys.stdin is None or sys.stdout is None:
        raise click.ClickException("uru-mcp needs stdin and stdout for MCP, and one of them is closed.")
    gc.disable()  # until everything is imported: nothing is garbage yet, and collection takes a tenth of the startup
    from uru_mcp.errors import SettingsError
    from uru_mcp.server.logging_setup import start_logging

    started = start(choice)
    settings, redaction, transport = started
    if sys.stdin.isatty():
        _introduce(started, choice.arguments)
    start_logging("warning" if isinstance(settings, SettingsError) else settings.log_level, redaction)
    if not isinstance(settings, SettingsError):
        _name_what_limits(settings)

    from uru_mcp.audit.telemetry import Telemetry
    from uru_mcp.bridge import Bridge
    from uru_mcp.config.environment import read_environment
    from uru_mcp.config.otel_variables import read_otel_variables
    from uru_mcp.server.lifecycle import serve
    from uru_mcp.server.unconfigured import Unconfigured

    telemetry = Telemetry(read_otel_variables(read_environment()), redaction)
    if isinstance(settings, SettingsError):
        serve(Unconfigured(settings, redaction, telemetry), redaction)
    serve(Bridge(settings, redaction, transport=transport, telemetry=telemetry), redaction)


def _introduce(started: Start, arguments: list[str]) -> NoReturn:
    """Print an introduction and any problems with the configuration. Exits with 2 if there are problems, otherwise 0.

    A key file is read. A key command is not run, since it may prompt.
    """
    from uru_mcp.commands.client_configs.entry import KEY, configuration
    from uru_mcp.errors import SettingsError

    key, settings = KEY, started.settings
    problems: list[UruError] = []
    if isinstance(settings, SettingsError):
        problems = [*settings.problems]
    elif settings.api_key_file is not None:
        key = ("URU_API_KEY_FILE", str(settings.api_key_file))
        problems = _of_file(settings.api_key_file)
    elif settings.api_key_command is not None:
        key = ("URU_API_KEY_COMMAND", "the command that prints your key")
    say(INTRODUCTION.format(config=configuration(sys.executable, *arguments, key=key)))
    if problems:
        say(in_words(problems, started.redaction))
    sys.exit(2 if problems else 0)


def _of_file(path: Path) -> list[UruError]:
    """The problems with a key file."""
    import anyio

    from uru_mcp.credentials.key_sources import KeyFile
    from uru_mcp.errors import KeyUnavailable

    try:
        anyio.run(KeyFile(path).read)
    except KeyUnavailable as error:
        return [error]
    return []
