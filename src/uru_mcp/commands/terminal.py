"""`uru-mcp whoami`, `tools` and `call`: what Claude would see, in a terminal, through the same bridge and gate.

Results go to stdout, and what went wrong and what is said beside them to stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from uru_mcp.commands.listing import Listed, lines_of, listed, listed_as_json
from uru_mcp.commands.screen import decide_colours, say, say_json, with_signs
from uru_mcp.commands.starting import Choice, in_words, start

if TYPE_CHECKING:
    from uru_mcp.bridge import Bridge
    from uru_mcp.render import Rendered
    from uru_mcp.settings import Settings

Value = TypeVar("Value")

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, as programs read it.")
MISUSED = 2  # the exit code for wrong settings and a wrong command line
WHOLE = 2**40  # characters of a result, which nobody can ask for in pieces once the process has ended
FOR_LOOKS = 4  # of the time a call has, one part is left for the run itself when Uru is slow at all before it


@click.command()
@AS_JSON
@click.pass_obj
def whoami(choice: Choice, as_json: bool) -> None:
    """Show the key's state, its workspace and permissions.

    It is what Claude reads when it calls uru_whoami: also what is blocked, and how to fix what is wrong. The exit code
    is 0 when the key can be used, 1 when something is wrong with it, and 2 when the settings are.
    """
    report = _asked(choice, lambda bridge: bridge.call_tool("uru_whoami", {}), as_json=as_json)
    _say(report, as_json=as_json)
    sys.exit(1 if report.structure["problems"] else 0)


@click.command()
@click.argument("query", default="")
@click.option("--blocked", is_flag=True, help="Only what this key may not call or nobody can, and why.")
@AS_JSON
@click.pass_obj
def tools(choice: Choice, query: str, blocked: bool, as_json: bool) -> None:
    """List the tools that Claude is shown, or find some.

    Each with the permissions that it needs. QUERY finds tools as Claude does, also those that are not listed one by
    one: uru-mcp tools "send a mail".
    """
    found: Listed = _asked(choice, lambda bridge: listed(bridge, query, blocked=blocked), as_json=as_json)
    if as_json:
        say_json(listed_as_json(found))
    else:
        for line, is_allowed in lines_of(found):
            say(line, dim=not is_allowed)
        if found.note:
            say(found.note, err=True)
        if found.permissions:
            say(f"Permissions: {found.permissions}", err=True)
    if found.refusal is not None:
        if not as_json:
            say(found.refusal.text, err=True)
        sys.exit(1)


@click.command()
@click.argument("tool")
@click.argument("arguments", metavar="[JSON]", default="{}")
@AS_JSON
@click.pass_obj
def call(choice: Choice, tool: str, arguments: str, as_json: bool) -> None:
    """Call a tool as Claude would, through the same gate.

    TOOL is a name that uru-mcp tools prints, and JSON an object with its arguments; - reads it from stdin:

    \b
      uru-mcp call uru_search_tools '{"query": "mail"}'
      uru-mcp call platform__context_query '{"op": "list"}'

    A run is waited for as long as URU_EXECUTE_TIMEOUT allows, and a long result comes whole. The exit code is 1 when
    the call was refused or failed, and 2 when the command line or the settings are wrong.
    """
    given = _object(sys.stdin.read() if arguments == "-" else arguments)

    async def question(bridge: Bridge) -> Rendered:
        from uru_mcp.errors import UnknownTool

        try:
            return await bridge.call_tool(tool, given)
        except UnknownTool as error:
            return bridge.refusal(error)

    answer = _asked(choice, question, as_json=as_json)
    _say(answer, as_json=as_json)
    sys.exit(1 if answer.is_error else 0)


def _asked(choice: Choice, question: Callable[[Bridge], Awaitable[Value]], *, as_json: bool) -> Value:
    """What a bridge answers to the question. Exits with 2 when the settings are wrong, and says what is."""
    import anyio

    from uru_mcp.bridge import Bridge
    from uru_mcp.errors import SettingsError
    from uru_mcp.logs import start_logging
    from uru_mcp.settings import read_environment
    from uru_mcp.unconfigured import Unconfigured

    decide_colours(read_environment())
    settings, redaction, transport = start(choice)
    if isinstance(settings, SettingsError):
        if as_json:
            _say(Unconfigured(settings, redaction).refusal(settings), as_json=True)
        else:
            say(in_words(settings.problems, redaction), err=True)
        sys.exit(MISUSED)
    is_level_set = "log_level" in settings.given
    start_logging(settings.log_level if is_level_set else "error", redaction)  # warnings stand in the answers too
    bridge = Bridge(_patient(settings), redaction, transport=transport)

    async def answer() -> Value:
        async with bridge.running():
            return await with_signs("Waiting for Uru", lambda: question(bridge))

    return anyio.run(answer)


def _patient(settings: Settings) -> Settings:
    """The settings for a process that ends with its one call: no run goes on behind it, and no rest can be fetched."""
    within = max(settings.call_deadline, FOR_LOOKS * settings.execute_timeout)
    return replace(settings, call_deadline=within, result_chars=WHOLE, sync_interval=0)


def _object(text: str) -> dict[str, Any]:
    """Raises: `click.UsageError`, without repeating the text, in which a secret may stand."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise click.UsageError(
            f"The arguments are not JSON: {error.msg[:1].lower()}{error.msg[1:]} at {where}. In most shells, JSON"
            ' stands in single quotation marks: \'{"query": "mail"}\''
        ) from error
    except (ValueError, RecursionError) as error:
        raise click.UsageError("The arguments cannot be read: too deep, or with too long a number.") from error
    if not isinstance(found, dict):
        raise click.UsageError('The arguments are not a JSON object, such as {"query": "mail"}.')
    return found


def _say(answer: Rendered, *, as_json: bool) -> None:
    if as_json:
        say_json(answer.structure)
        return
    say(answer.body, err=answer.is_error)
    for note in answer.notes:
        say(note, err=True)
