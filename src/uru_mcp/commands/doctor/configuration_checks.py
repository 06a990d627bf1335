"""Checks the MCP clients' configurations on this machine: whether they are readable and their uru-mcp entries start.

Only servers that are certainly uru-mcp are started, see `client_configs/entry_recognition.py`. Others are mentioned
only if two share a name, or if they may be uru-mcp.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from uru_mcp import __version__
from uru_mcp.commands.client_configs.entry_recognition import recognise
from uru_mcp.commands.client_configs.launch import current_command
from uru_mcp.commands.client_configs.reading import Server
from uru_mcp.commands.client_configs.temporary_copy import how_to_install, runner_of, warning
from uru_mcp.commands.doctor.checks import Examination, Finding, failed, ok, skipped
from uru_mcp.commands.doctor.exposed_keys import examine_exposure
from uru_mcp.commands.doctor.found_configurations import Found, serves_sandbox, with_path_of
from uru_mcp.commands.doctor.handshake import Silent, shake_hands
from uru_mcp.commands.doctor.settings_checks import examine_audit_log, given
from uru_mcp.commands.doctor.telemetry_check import TELEMETRY, examine_telemetry
from uru_mcp.commands.own_command import own_command
from uru_mcp.config.environment import read_settings
from uru_mcp.credentials.program_lookup import find_program
from uru_mcp.errors import SettingsError

OWN_NAME = f"uru-mcp {__version__}"
PAIR = {"json": '"{}": {}', "jsonc": '"{}": {}', "toml": "{} = {}", "yaml": "{}: {}"}  # a field and its value
SANDBOX_FILE = "--db"  # followed by the sandbox's database file, as the next argument or after =

IMPORTS_HERE = (
    "it imports from the client's working directory first: a file such as click.py in an open project would run with"
    " access to the key"
)


def _without_file(server: Server) -> tuple[list[str], str]:
    """Its arguments for a test start, and a note on the change: a sandbox adds a key to its file at each start."""
    words = [
        word
        for before, word in zip(("", *server.args), server.args, strict=False)
        if SANDBOX_FILE not in (before, word) and not word.startswith(f"{SANDBOX_FILE}=")
    ]
    if not serves_sandbox(server) or len(words) == len(server.args):
        return [*server.args], ""
    return words, f", tested without {SANDBOX_FILE} so that nothing is written there"


async def examine_configuration(examination: Examination, found: Found, environ: Mapping[str, str]) -> None:
    """Run the checks of one configuration."""
    path = found.configuration.path
    if found.overruled_by is not None:
        examination.tell(found.title, _overruled(found, found.overruled_by))
        return
    if found.error is not None:
        examination.tell(found.title, failed(found.error))
        return
    if not (found.ours or found.unstarted):
        examination.tell(found.title, _misplaced(found) or skipped(f"{path} does not contain uru-mcp"))
    else:
        examination.tell(found.title, ok(str(path)))
    for finding in _doubled(found):
        examination.tell(found.title, finding)
    for server, what in found.unstarted:
        finding = Finding("failed", f"{what.why}.", _to_correct(found, server)) if what.is_wrong else skipped(what.why)
        examination.tell(found.name(server), finding)
    for server in found.ours:
        await _examine_server(examination, found, server, environ)
    named = [*found.ours, *(server for server, _ in found.unstarted)]
    await examine_exposure(examination, found.configuration, named, environ)


async def _examine_server(examination: Examination, found: Found, server: Server, environ: Mapping[str, str]) -> None:
    name = found.name(server)
    command, imports, settings, start = (f"{name} {check}" for check in ("command", "imports", "settings", "start"))
    with_own = found.environment_of(server, environ)
    with_path = with_path_of(with_own, environ)

    async def look_at_command() -> Finding:
        return _command(found, server, with_path)

    async def look_at_settings() -> Finding:
        return _settings(found, server, with_own)

    async def start_it() -> Finding:
        program = find_program(server.command or "", with_path.get("PATH")) or ""
        words, untouched = _without_file(server)
        try:
            name = await shake_hands([program, *words], with_own)
        except Silent as error:
            return Finding("failed", f"{server.command} {error}.", _to_write(found, server))
        seen = f"starts and speaks MCP: {name}{untouched}"
        if name == OWN_NAME:
            return ok(seen)
        return Finding("warning", f"{seen}; this is {OWN_NAME}", _to_write(found, server))

    if server.is_off:
        seen = f"is switched off in {found.configuration.path}, so {found.title} does not start it"
        examination.tell(name, Finding("warning", seen, "Switch it on in the client, or in that file."))
    await examination.look(command, look_at_command)
    if recognise(server, with_path).imports_here:
        examination.tell(imports, Finding("failed", IMPORTS_HERE, _to_write(found, server)))
    await examination.look(settings, look_at_settings)
    with suppress(SettingsError):
        if not serves_sandbox(server):
            examine_audit_log(examination, f"{name} audit log", read_settings(with_own))
    await examine_telemetry(examination, with_own, f"{name} {TELEMETRY}")
    await examination.look(start, start_it, after=(command,))


def _overruled(found: Found, managed: Path) -> Finding:
    seen = f"{found.title} ignores the servers in {found.configuration.path}, since {managed} takes precedence"
    if not found.ours:
        return skipped(seen)
    again = own_command("install", found.configuration.client.name, "--uninstall")
    return Finding("warning", f"{seen}; there, uru-mcp has no effect", f"Run {again} to remove it.")


def _misplaced(found: Found) -> Finding | None:
    """A failed finding if uru-mcp is in the file, but where or as the client does not look for it."""
    if not found.misplaced:
        return None
    client, path = found.configuration.client, found.configuration.path
    where = ", ".join(" → ".join(one) for one in found.misplaced)
    if all(one[:-1] == (client.member,) for one in found.misplaced):
        why, remedy = "not as the client reads it", f"Correct it in {path}"
    else:
        why = f"not under {client.member}, where {client.title} looks for servers"
        remedy = f"Move it in {path} so that it is at {client.member} → its name"
    seen = f"{path} contains uru-mcp as {where}, but {why}."
    return Finding("failed", seen, f"{remedy}; or run {own_command('install', client.name)}, and remove it there.")


def _doubled(found: Found) -> Iterator[Finding]:
    """Names that several servers share; JSON parsers silently take the last one."""
    for name, count in Counter(server.name for server in found.servers).items():
        if count > 1:
            lines = ", ".join(str(server.line) for server in found.servers if server.name == name)
            seen = f"{count} servers have the name “{name}” (lines {lines}), and the client uses only the last one"
            yield Finding("failed", seen, f"Rename or remove the others in {found.configuration.path}.")


def _command(found: Found, server: Server, environ: Mapping[str, str]) -> Finding:
    command = server.command or ""
    program = find_program(command, environ.get("PATH"))
    if program is None:
        return Finding("failed", f"{command} {_why_not(command)}.", _to_write(found, server))
    if not Path(command).is_absolute():
        return Finding(
            "warning",
            f"{command} is not an absolute path, and desktop programs do not use the PATH of your shell.",
            f"Replace it with {json.dumps(program, ensure_ascii=False)} in {found.configuration.path}.",
        )
    runner = runner_of(program)
    if runner is not None:
        seen = f"{command} is a temporary copy that {runner} made and may delete at any time."
        return Finding("warning", seen, f"{how_to_install(runner)} Then install it into {found.title} again.")
    stays = current_command()[0]
    if __version__ in command and __version__ not in stays and Path(program).samefile(stays):
        seen = (
            f"{command} is the path of this version alone: after an update, {found.title} would not start the new one"
        )
        return Finding("warning", seen, _to_write(found, server))
    return ok(command)


def _why_not(command: str) -> str:
    if Path(command).is_absolute():
        return "is not a program that you may run" if Path(command).is_file() else "does not exist"
    if Path(command).name != command:
        return "is a relative path, and each client starts servers in a different directory"
    return "is not on the PATH"


def _to_write(found: Found, server: Server) -> str:
    """The fix: the command that starts this installation, as the configuration has it, with or without a sandbox."""
    temporary = warning()
    if temporary is not None:
        return temporary[1]
    words = [*current_command(), *(["--sandbox"] if serves_sandbox(server) else [])]
    client = found.configuration.client
    pair = PAIR[client.syntax]
    entry = ", ".join(
        pair.format(name, json.dumps(value, ensure_ascii=False)) for name, value in client.shape.started(words).items()
    )
    if found.configuration.is_managed:
        return f"Ask the administrator of this machine to write {entry} in {found.configuration.path}."
    return f"In {found.configuration.path}, write {entry}; or run {own_command('install', client.name)} again."


def _to_correct(found: Found, server: Server) -> str:
    """The fix of arguments that uru-mcp does not know, or that are in the command."""
    words = (server.command or "").split()
    if len(words) > 1:
        return _to_write(found, replace(server, args=(*words, *server.args)))
    again = own_command("install", found.configuration.client.name)
    return f"Correct them in {found.configuration.path}; {own_command('--help')} lists all. Or run {again} again."


def _settings(found: Found, server: Server, environ: Mapping[str, str]) -> Finding:
    if serves_sandbox(server):
        return skipped("it serves a sandbox, which needs none")
    if found.has_placeholder(server):
        return skipped(f"they contain placeholders, which {found.title} replaces")
    try:
        deadline = read_settings(environ).call_deadline
    except SettingsError as error:
        return failed(error)
    limit = found.configuration.client.call_timeout
    if limit is not None and deadline >= limit:
        seen = f"URU_CALL_DEADLINE is {deadline:g} seconds, and {found.title} gives up after {limit} by default"
        return Finding("warning", seen, f"Set URU_CALL_DEADLINE below {limit}, or a longer time limit in the client.")
    return ok(", ".join(sorted(given(environ))))
