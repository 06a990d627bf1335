"""Common setup of all commands: reads the settings, and selects the real Uru or a sandbox in this process.

The options for a sandbox stand before or after the command: those before it are the defaults of those after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from uru_mcp.commands.output import say
from uru_mcp.untrusted_input.terminal_escaping import in_one_line

if TYPE_CHECKING:
    from httpx2 import AsyncBaseTransport

    from uru_mcp.config.settings import Settings
    from uru_mcp.errors import SettingsError, UruError
    from uru_mcp.sandbox import Sandbox
    from uru_mcp.untrusted_input.redaction import Redaction

SANDBOX_URL = "https://sandbox-in-this-process.invalid"  # never looked up
SANDBOX_KEY_LIFETIME = timedelta(
    days=30
)  # lifetime of the sandbox's own key, which would otherwise stay in its file forever


@dataclass(frozen=True, slots=True)
class Choice:
    """The Uru that the command line selects, and the contents of a sandbox."""

    sandbox: bool = False
    db: Path | None = None
    tools: int = 0
    catalog: Path | None = None

    @property
    def arguments(self) -> list[str]:
        """The same options as command line arguments, valid in any directory."""
        return [
            *(["--sandbox"] if self.sandbox else []),
            *(["--db", str(self.db.absolute())] if self.db else []),
            *(["--tools", str(self.tools)] if self.tools else []),
            *(["--catalog", str(self.catalog.absolute())] if self.catalog else []),
        ]


SANDBOX_OPTIONS = (
    click.option("--sandbox", is_flag=True, help="Use a sandbox in this process instead of the real Uru."),
    click.option(
        "--db",
        type=click.Path(dir_okay=False, path_type=Path),
        help="With --sandbox: store its workspaces in this file.",
    ),
    click.option(
        "--tools",
        type=click.IntRange(0, 1_000_000),
        metavar="N",
        default=0,
        help="With --sandbox: add N synthetic tools.",
    ),
    click.option(
        "--catalog",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="With --sandbox: add the namespaces and tools of a JSON file in the API's shape.",
    ),
)


def sandbox_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options for a sandbox to a command, and pass what they choose to it as `choice`."""

    @wraps(function)
    def command(*, sandbox: bool, db: Path | None, tools: int, catalog: Path | None, **own: Any) -> None:
        function(choice=Choice(sandbox, db, tools, catalog), **own)

    for option in reversed(SANDBOX_OPTIONS):
        command = option(command)
    return command


class Start(NamedTuple):
    """`transport` connects to the sandbox, if there is one. `settings` may be an error instead."""

    settings: Settings | SettingsError
    redaction: Redaction
    transport: AsyncBaseTransport | None


def start(choice: Choice) -> Start:
    """Read the environment, and open the sandbox if one was chosen.

    Raises: `click.ClickException` if the sandbox's files cannot be used, or are given without `--sandbox`.
    """
    if choice.arguments and not choice.sandbox:
        raise click.UsageError("--db, --tools and --catalog require --sandbox.")
    from uru_mcp.config.environment import read_environment, read_settings
    from uru_mcp.credentials.api_key import read_key
    from uru_mcp.errors import SettingsError
    from uru_mcp.untrusted_input.redaction import Redaction

    sandbox = _sandbox(choice) if choice.sandbox else None
    environ = read_environment()
    redaction = Redaction()
    try:
        settings: Settings | SettingsError = (
            read_settings(environ) if sandbox is None else read_settings(_inside(sandbox, environ), is_remote=False)
        )
    except SettingsError as error:
        settings = error
        with suppress(ValueError):  # with invalid settings, nothing else registers the key for redaction
            redaction.remember(read_key(environ.get("URU_API_KEY", "")).reveal())
    return Start(settings, redaction, None if sandbox is None else _in_process(sandbox))


def in_words(problems: Iterable[UruError], redaction: Redaction) -> str:
    """The problems with the settings and their fixes, as text for the user."""
    return "\n".join(
        redaction.text(f"In this terminal, {_lowered(in_one_line(problem.message))}\n  Fix: {in_one_line(problem.fix)}")
        for problem in problems
    )


def _lowered(sentence: str) -> str:
    """The sentence with a lower-case start, to follow a comma; the name of a variable stays in upper case."""
    return sentence if sentence[1:2].isupper() else sentence[:1].lower() + sentence[1:]


def _sandbox(choice: Choice) -> Sandbox:
    from uru_mcp.sandbox import Sandbox
    from uru_mcp.sandbox.data.database import NotOurs
    from uru_mcp.sandbox.tools.recorded_tools import BadCatalog

    try:
        sandbox = Sandbox.open(choice.db, tools=choice.tools, catalog=choice.catalog)
    except (NotOurs, BadCatalog, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.get_current_context().call_on_close(sandbox.close)
    return sandbox


def _inside(sandbox: Sandbox, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment for a sandbox in this process, with a generated key unless one of the sandbox's own is set.

    What is set for the real Uru is left out and named: a key and a workspace that this sandbox does not have.
    """
    from uru_mcp.config.settings import KEY_VARIABLES

    own = {"URU_PROXY_URL": SANDBOX_URL}
    unused = [name for name in KEY_VARIABLES if environ.get(name, "").strip()]
    key = _key_in(environ) if len(unused) == 1 else None
    if key is not None and sandbox.keys.find(key) is not None:
        unused = []
    else:
        made = sandbox.keys.create(
            name="uru-mcp --sandbox",
            workspace=sandbox.workspaces[0].id,
            permissions={"read", "write", "execute"},
            expires_at=datetime.now(UTC) + SANDBOX_KEY_LIFETIME,
        )
        own["URU_API_KEY"] = made.text
    workspace = environ.get("URU_WORKSPACE_ID", "").strip().lower()
    if workspace and workspace not in {one.id for one in sandbox.workspaces}:
        unused.append("URU_WORKSPACE_ID")
    if unused:
        say(f"uru-mcp: not used, since the sandbox does not know it: {', '.join(unused)}", err=True)
    return {**{name: value for name, value in environ.items() if name not in unused}, **own}


def _key_in(environ: Mapping[str, str]) -> str | None:
    """The key in URU_API_KEY or URU_API_KEY_FILE, if there is one. A command is not run: it may prompt."""
    from uru_mcp.config.parsing import absolute_path, unquoted
    from uru_mcp.credentials.api_key import read_key

    file = unquoted(environ.get("URU_API_KEY_FILE", ""))
    try:
        text = absolute_path(file).read_text().partition("\n")[0] if file else environ.get("URU_API_KEY", "")
        return read_key(text.strip()).reveal()
    except (OSError, ValueError):
        return None


def _in_process(sandbox: Sandbox) -> AsyncBaseTransport:
    from httpx2 import ASGITransport

    return ASGITransport(app=sandbox.app)
