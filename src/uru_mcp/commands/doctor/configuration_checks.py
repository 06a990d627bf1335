"""The clients' configurations on this machine: whether they can be read, and whether what they start as uru-mcp starts.

Servers that are not ours for sure are never started, see `entry_recognition.py`; they are named where two share a name,
or where they may be ours.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from uru_mcp.client_configs.launch import current_command
from uru_mcp.client_configs.locations import Configuration, configurations
from uru_mcp.client_configs.reading import Server, read_servers
from uru_mcp.commands.doctor.checks import Examination, Finding, failed, ok, skipped
from uru_mcp.commands.doctor.entry_recognition import Recognition, recognise
from uru_mcp.commands.doctor.handshake import Silent, is_tracked, shake_hands
from uru_mcp.commands.doctor.settings_checks import given
from uru_mcp.config.settings import read_settings
from uru_mcp.credentials.program_lookup import find_program
from uru_mcp.errors import SettingsError, UruError

FILLS_IN_NOTHING = ("claude-desktop",)  # the others may fill in placeholders, ${…}
SANDBOX_FILE = "--db"  # and after it, or after =, the file that a sandbox is kept in

IMPORTS_HERE = (
    "it takes code from the client's working directory first: a file such as click.py in a project that is open there"
    " would run, with the key in its reach"
)
AGAIN = "or run uru-mcp install again"


@dataclass(frozen=True, slots=True)
class Found:
    """A configuration and its servers, each with what it is, or why they cannot be read."""

    configuration: Configuration
    servers: tuple[Server, ...] = ()
    recognised: tuple[Recognition, ...] = ()
    error: UruError | None = None

    @property
    def title(self) -> str:
        return self.configuration.client.title

    @property
    def ours(self) -> list[Server]:
        """Those that are uru-mcp for sure."""
        return [server for server, what in self._with_what if what.kind == "ours"]

    @property
    def unstarted(self) -> list[tuple[Server, Recognition]]:
        """Those that may be ours, and Uru's client for Node."""
        return [(server, what) for server, what in self._with_what if what.kind in ("unsure", "node")]

    @property
    def _with_what(self) -> Iterator[tuple[Server, Recognition]]:
        return zip(self.servers, self.recognised, strict=True)

    def name(self, server: Server) -> str:
        """How a server is called here."""
        return f"{self.title} “{server.name}”"


def found_on(platform: str, home: Path, environ: Mapping[str, str]) -> list[Found]:
    return [_read(one, environ) for one in configurations(platform, home, environ)]


def serves_sandbox(server: Server) -> bool:
    return "--sandbox" in server.args


def _without_file(server: Server) -> tuple[list[str], str]:
    """Its arguments for a trial, and what to say of it: a sandbox makes itself a key in its file at each start."""
    words = [
        word
        for before, word in zip(("", *server.args), server.args, strict=False)
        if SANDBOX_FILE not in (before, word) and not word.startswith(f"{SANDBOX_FILE}=")
    ]
    if not serves_sandbox(server) or len(words) == len(server.args):
        return [*server.args], ""
    return words, f", tried without {SANDBOX_FILE}, so that nothing is written there"


def environment_of(server: Server, environ: Mapping[str, str]) -> dict[str, str]:
    """What a client starts it with: of our variables those of the configuration alone."""
    ours = given(environ)
    return {**{name: value for name, value in environ.items() if name not in ours}, **server.env}


async def examine_configuration(examination: Examination, found: Found, environ: Mapping[str, str]) -> None:
    """Make the checks of one configuration."""
    path = found.configuration.path
    if found.error is not None:
        examination.tell(found.title, failed(found.error))
        return
    if not (found.ours or found.unstarted):
        examination.tell(found.title, skipped(f"{path} has no uru-mcp in it"))
    else:
        examination.tell(found.title, ok(str(path)))
    for finding in _doubled(found):
        examination.tell(found.title, finding)
    for server, what in found.unstarted:
        examination.tell(found.name(server), skipped(what.why))
    for server in found.ours:
        await _examine_server(examination, found, server, environ)
    named = [*found.ours, *(server for server, _ in found.unstarted)]
    if any(map(_holds_key, named)) and await is_tracked(path, environ):
        seen = f"{path} holds a key and is tracked by Git, so that whoever gets the repository gets the key"
        remedy = (
            "Put the key into a file of its own, chmod 600, and URU_API_KEY_FILE in the place of URU_API_KEY; then"
            " replace the key in Uru, since the repository's history keeps this one."
        )
        examination.tell(found.title, Finding("warning", seen, remedy))


async def _examine_server(examination: Examination, found: Found, server: Server, environ: Mapping[str, str]) -> None:
    name = found.name(server)
    command, imports, settings, start = (f"{name} {check}" for check in ("command", "imports", "settings", "start"))
    with_own = environment_of(server, environ)

    async def look_at_command() -> Finding:
        return _command(found, server, with_own)

    async def look_at_settings() -> Finding:
        return _settings(found, server, with_own)

    async def start_it() -> Finding:
        program = find_program(server.command or "", with_own.get("PATH")) or ""
        words, untouched = _without_file(server)
        try:
            return ok(f"starts and speaks MCP: {await shake_hands([program, *words], with_own)}{untouched}")
        except Silent as error:
            return Finding("failed", f"{server.command} {error}.", _to_write(found, server))

    await examination.look(command, look_at_command)
    if recognise(server, with_own).imports_here:
        examination.tell(imports, Finding("failed", IMPORTS_HERE, _to_write(found, server)))
    await examination.look(settings, look_at_settings)
    await examination.look(start, start_it, after=(command,))


def _read(configuration: Configuration, environ: Mapping[str, str]) -> Found:
    try:
        servers = tuple(read_servers(configuration))
        whats = tuple(recognise(server, environment_of(server, environ)) for server in servers)
        return Found(configuration, servers, whats)
    except UruError as error:
        return Found(configuration, error=error)


def _doubled(found: Found) -> Iterator[Finding]:
    """Names that two servers have; JSON readers take the last one and say nothing."""
    for name, count in Counter(server.name for server in found.servers).items():
        if count > 1:
            lines = ", ".join(str(server.line) for server in found.servers if server.name == name)
            seen = f"{count} servers have the name “{name}” (lines {lines}), and the client sees the last one only"
            yield Finding("failed", seen, f"Rename or remove the others in {found.configuration.path}.")


def _command(found: Found, server: Server, environ: Mapping[str, str]) -> Finding:
    command = server.command or ""
    program = find_program(command, environ.get("PATH"))
    if program is None:
        return Finding("failed", f"{command} {_why_not(command)}.", _to_write(found, server))
    if not Path(command).is_absolute():
        return Finding(
            "warning",
            f"{command} is not an absolute path, and desktop programs do not know your PATH.",
            f"Write {json.dumps(program)} in its place, in {found.configuration.path}.",
        )
    return ok(command)


def _why_not(command: str) -> str:
    if Path(command).is_absolute():
        return "is no program that you may run" if Path(command).is_file() else "does not exist"
    if Path(command).name != command:
        return "is a relative path, and clients start servers in directories of their own"
    return "is found nowhere on the PATH"


def _to_write(found: Found, server: Server) -> str:
    """The command that starts this installation, in the words of the configuration, for the same kind of Uru."""
    command, *words = [*current_command(), *(["--sandbox"] if serves_sandbox(server) else [])]
    entry = f'"command": {json.dumps(command)}, "args": {json.dumps(words)}'
    return f"Write in {found.configuration.path}: {entry}; {AGAIN}."


def _settings(found: Found, server: Server, environ: Mapping[str, str]) -> Finding:
    if serves_sandbox(server):
        return skipped("it serves a sandbox, which needs none")
    has_placeholders = any("${" in value for value in server.env.values())
    if has_placeholders and found.configuration.client.name not in FILLS_IN_NOTHING:
        return skipped(f"they hold placeholders, which {found.title} fills in")
    try:
        read_settings(environ)
    except SettingsError as error:
        return failed(error)
    return ok(", ".join(sorted(given(environ))))


def _holds_key(server: Server) -> bool:
    key = server.env.get("URU_API_KEY", "").strip()
    return bool(key) and "${" not in key
