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
from uru_mcp.commands.command_setup import Choice, Start, in_words, sandbox_options, start
from uru_mcp.commands.output import colours, say
from uru_mcp.config.environment import read_environment
from uru_mcp.messages import policy_messages
from uru_mcp.untrusted_input.terminal_escaping import in_one_line

if TYPE_CHECKING:
    from uru_mcp.config.settings import Settings
    from uru_mcp.errors import UruError

INTRODUCTION = """\
uru-mcp is an MCP server: Claude Desktop or another MCP client starts it and
talks to it through pipes. There is nothing to type here.

  Try it without an account, add it to Claude Desktop, see all it can do:

    uru-mcp demo
    uru-mcp install claude-desktop
    uru-mcp --help

"""
BY_HAND = """\
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
ALL_OF_SANDBOX = ("--sandbox", "--db", "--tools", "--catalog")
WITH_SANDBOX = {**dict.fromkeys(("whoami", "tools", "call"), ALL_OF_SANDBOX), "install": ("--sandbox",)}


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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0].lower(), COMMANDS, n=1)
            from uru_mcp.commands.own_command import own_command

            meant = f" Did you mean {own_command(near[0])}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.command(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="uru-mcp %(version)s")
@sandbox_options
@click.pass_context
def main(ctx: click.Context, choice: Choice) -> None:
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
    ctx.color = colours(read_environment())
    if choice.arguments and ctx.invoked_subcommand is not None:
        ctx.default_map = {ctx.invoked_subcommand: _defaults(choice, ctx.invoked_subcommand)}
    if ctx.invoked_subcommand is None:
        _serve(choice)


def _defaults(choice: Choice, command: str) -> dict[str, Any]:
    """The options for a sandbox that stand before a command, as the defaults of its own. Raises: `click.UsageError`."""
    accepted = WITH_SANDBOX.get(command, ())
    for option in (word for word in choice.arguments if word.startswith("--")):
        if option not in accepted:
            can = [name for name, options in WITH_SANDBOX.items() if option in options]
            also = f"{', '.join(can[:-1])} and {can[-1]}"
            raise click.UsageError(f"{option} works only for serving, {also}, not with {command}.")
    return {name: getattr(choice, name) for name in (option.removeprefix("--") for option in accepted)}


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

    from uru_mcp.server.bridge_opening import opener
    from uru_mcp.server.lifecycle import serve

    if isinstance(settings, SettingsError):
        say(redaction.text(in_one_line(f"uru-mcp cannot work: {settings.message} Fix: {settings.fix}")), err=True)
    serve(opener(settings, redaction, transport), redaction)


def _introduce(started: Start, arguments: list[str]) -> NoReturn:
    """Print an introduction and any problems with the configuration. Exits with 2 if there are problems, otherwise 0.

    A key file is read. A key command is not run, since it may prompt.
    """
    from uru_mcp.commands.client_configs.entry import KEY, configuration
    from uru_mcp.commands.client_configs.temporary_copy import warning
    from uru_mcp.commands.own_command import as_told_here
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
    temporary = warning()
    by_hand = BY_HAND.format(config=configuration(*arguments, key=key))
    say(as_told_here(INTRODUCTION) + (f"{temporary[0]}\n  Fix: {temporary[1]}" if temporary else by_hand))
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
