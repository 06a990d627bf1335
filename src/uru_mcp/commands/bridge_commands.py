"""`uru-mcp whoami`, `tools` and `call`: run tools from a terminal, through the same bridge and gate as Claude.

Results go to stdout, errors and notes to stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from uru_mcp.commands import tool_details
from uru_mcp.commands.command_setup import Choice, in_words, sandbox_options, start
from uru_mcp.commands.output import progress, say, say_json, say_wrapped, says_yes, somebody_types
from uru_mcp.commands.own_command import as_told_here
from uru_mcp.commands.tool_table import Listed, lines_of, listed, listed_as_json
from uru_mcp.config.environment import read_environment
from uru_mcp.messages.person_wording import in_terminal
from uru_mcp.messages.report_messages import IGNORED_VARIABLES

if TYPE_CHECKING:
    from uru_mcp.bridge import Bridge
    from uru_mcp.config.settings import Settings
    from uru_mcp.results.render import Rendered

Value = TypeVar("Value")

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print what Claude gets, as JSON.")
WAITING = "Waiting for Uru"
MISUSED = 2  # the exit code for invalid settings or an invalid command line
WHOLE = 2**40  # characters of a result; the rest of a truncated one could not be fetched after the process exits
FOR_LOOKS = 4  # the call deadline in execute timeouts, so that slow lookups before a run leave enough time for it


@click.command()
@AS_JSON
@sandbox_options
def whoami(choice: Choice, as_json: bool) -> None:
    """Show the key's status, workspace and permissions.

    This is what Claude reads when it calls uru_whoami, including what is blocked and how to fix problems. The exit code
    is 0 if the key can be used, 1 if there is a problem with it, and 2 if the settings are invalid.
    """
    report = _asked(choice, lambda bridge: bridge.call_tool("uru_whoami", {}), as_json=as_json, is_report=True)
    _say(report, as_json=as_json)
    sys.exit(1 if report.structure["problems"] else 0)


@click.command()
@click.argument("query", default="")
@click.option("--blocked", is_flag=True, help="Show only tools that cannot be called, and why.")
@AS_JSON
@sandbox_options
def tools(choice: Choice, query: str, blocked: bool, as_json: bool) -> None:
    """List the tools that Claude sees, or search all tools, or show one.

    Each line shows the permissions that the tool needs. QUERY searches as Claude does, including tools that are not
    listed individually: uru-mcp tools "send a mail". The name of a tool shows all of that tool: its permissions,
    description and arguments, and an example call.
    """
    found: Listed = _asked(choice, lambda bridge: listed(bridge, query, blocked=blocked), as_json=as_json)
    if as_json:
        say_json(listed_as_json(found))
    elif found.is_whole:
        for line in tool_details.lines_of(found.tools[0], choice.arguments):
            say(line)
    else:
        for line, is_allowed in lines_of(found):
            say(line, dim=not is_allowed)
    if not as_json:
        if found.note:
            say_wrapped(as_told_here(in_terminal(found.note)), err=True)
        if found.permissions:
            say_wrapped(f"Permissions: {found.permissions}", err=True)
    if found.refusal is not None:
        if not as_json:
            say_wrapped(error_in_words(found.refusal), err=True)
        sys.exit(1)


class ToolName(click.types.StringParamType):
    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        return "Name a tool, for example: uru-mcp call uru_whoami. uru-mcp tools lists them."


@click.command()
@click.argument("tool", type=ToolName())
@click.argument("arguments", metavar="[JSON]", default="{}")
@AS_JSON
@sandbox_options
def call(choice: Choice, tool: str, arguments: str, as_json: bool) -> None:
    """Call a tool, with the same permission checks as for Claude.

    TOOL is a name printed by uru-mcp tools. JSON is an object with its arguments; - reads it from stdin:

    \b
      uru-mcp call uru_search_tools '{"query": "mail"}'
      uru-mcp call platform__context_query '{"op": "list"}'

    The command waits for a run up to URU_EXECUTE_TIMEOUT and never truncates the result. A tool that URU_CONFIRM names
    is shown first and runs only after a y in a terminal. The exit code is 1 if the call is refused or fails, and 2 if
    the command line or the settings are invalid.
    """
    given = _object(sys.stdin.read() if arguments == "-" else arguments)

    async def question(bridge: Bridge) -> Rendered:
        from uru_mcp.errors import UnknownTool

        try:
            return await bridge.call_tool(tool, given, way="terminal" if somebody_types() else "none")
        except UnknownTool as error:
            return bridge.refusal(error)

    async def after(bridge: Bridge, answer: Rendered) -> Rendered:
        return await _with_a_yes(bridge, tool, given, answer)

    answer = _asked(choice, question, after=after, as_json=as_json)
    _say(answer, as_json=as_json)
    sys.exit(1 if answer.is_error else 0)


async def _with_a_yes(bridge: Bridge, tool: str, given: dict[str, Any], answer: Rendered) -> Rendered:
    """The answer, or that of the same call once the person has said y to it."""
    from uru_mcp.results.consent import Confirmation

    waiting = answer.waits_for
    if not isinstance(waiting, Confirmation):
        return answer
    say(waiting.question, err=True)
    consent = waiting.consent("terminal", _answer())
    if consent.answer != "yes":
        return bridge.declined(tool, given, consent)
    with progress(WAITING):
        return await bridge.call_tool(tool, given, consent=consent)


def _answer() -> Literal["yes", "no"] | None:
    """What the person types; None where that is Ctrl-C or the end of the input."""
    try:
        return "yes" if says_yes("Run it?") else "no"
    except click.Abort:
        return None


def _asked(
    choice: Choice,
    question: Callable[[Bridge], Awaitable[Value]],
    *,
    as_json: bool,
    is_report: bool = False,
    after: Callable[[Bridge, Value], Awaitable[Value]] | None = None,
) -> Value:
    """What a bridge answers to the question, and `after` makes of it, while the person may be asked something.

    What else the person should know is printed too, unless the answer `is_report`, which says it itself. Exits with 2
    when the settings are wrong, and says what is.
    """
    import anyio

    bridge = _opened(choice, as_json=as_json)

    async def answer() -> Value:
        async with bridge.running():
            with progress(WAITING, is_wanted=not as_json):
                found = await question(bridge)
            found = found if after is None else await after(bridge, found)
            if not is_report:
                _warn(bridge)
            return found

    return anyio.run(answer)


def _opened(choice: Choice, *, as_json: bool) -> Bridge:
    """The bridge for this choice. Exits with 2 when the settings are wrong, and says what is."""
    with progress("Starting", is_wanted=not as_json):
        from uru_mcp.bridge import Bridge
        from uru_mcp.errors import SettingsError
        from uru_mcp.server.logging_setup import start_logging
        from uru_mcp.server.unconfigured import Unconfigured

        settings, redaction, transport = start(choice)
    if isinstance(settings, SettingsError):
        if as_json:
            _say(Unconfigured(settings, redaction).refusal(settings), as_json=True)
        else:
            say_wrapped(in_words(settings.problems, redaction), err=True)
        sys.exit(MISUSED)
    is_level_set = bool(read_environment().get("URU_LOG_LEVEL"))
    start_logging(settings.log_level if is_level_set else "error", redaction)  # warnings stand in the answers too
    return Bridge(_patient(settings), redaction, transport=transport, origin="terminal")


def _warn(bridge: Bridge) -> None:
    """Print the warnings of `uru_whoami`, and that the call was not recorded, which its answer does not say."""
    known, _ = bridge.report()
    unrecorded = [one for one in known["problems"] if one["code"] == "audit_unavailable"]
    for one in (*(() if bridge.recorder.is_required else unrecorded), *known["warnings"]):
        say(in_terminal(f"Warning: {one['message']}\n  Fix: {one['fix']}"), err=True)
    if known["ignored_variables"]:
        say(f"Warning: {IGNORED_VARIABLES.format(ignored_variables=', '.join(known['ignored_variables']))}", err=True)


def _patient(settings: Settings) -> Settings:
    """The settings for a process that exits after one call: no background runs, no truncated results."""
    within = max(settings.call_deadline, FOR_LOOKS * settings.execute_timeout)
    return settings._replace(call_deadline=within, result_chars=WHOLE, sync_interval=0)


def error_in_words(answer: Rendered) -> str:
    """An error for a person: its code and message, then the fix on a line of its own, then what else there is."""
    return as_told_here(in_terminal(answer.body.replace("\n", "\n  Fix: ", 1)))


def _object(text: str) -> dict[str, Any]:
    """Raises: `click.UsageError`, without repeating the text, which may contain a secret."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise click.UsageError(
            f"The arguments are not JSON: {error.msg[:1].lower()}{error.msg[1:]} at {where}. In most shells, put JSON"
            ' in single quotation marks: \'{"query": "mail"}\''
        ) from error
    except (ValueError, RecursionError) as error:
        raise click.UsageError(
            "The arguments cannot be read: they are nested too deeply or contain a number that is too long."
        ) from error
    if not isinstance(found, dict):
        raise click.UsageError('The arguments are not a JSON object, such as {"query": "mail"}.')
    return found


def _say(answer: Rendered, *, as_json: bool) -> None:
    """Print an answer: as JSON what a model gets, otherwise our own sentences in the words for a person."""
    if as_json:
        say_json(answer.structure)
        return
    if answer.is_error:
        say_wrapped(error_in_words(answer), err=True)
    elif answer.is_data:
        say(answer.body)
    else:
        say_wrapped(as_told_here(in_terminal(answer.body)))
    for note in filter(None, (as_told_here(in_terminal(note)) for note in answer.notes)):
        say_wrapped(note, err=True)
