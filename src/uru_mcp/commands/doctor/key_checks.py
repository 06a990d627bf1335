"""Asks Uru about every key in the configurations, with the address and proxy of its entry, once for each.

The environment is the one that the client gives (`desktop_environment.py`), so that a variable of the shell cannot hide
a fault. Each question is a process of our own (`key_question.py`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from uru_mcp.commands.doctor.checks import LONGEST, Examination, Finding, ok, skipped
from uru_mcp.commands.doctor.desktop_environment import is_of_session, network_of
from uru_mcp.commands.doctor.found_configurations import Found
from uru_mcp.commands.doctor.handshake import output_of
from uru_mcp.config.environment import read_settings
from uru_mcp.config.parsing import unquoted
from uru_mcp.config.settings import KEY_VARIABLES
from uru_mcp.errors import SettingsError
from uru_mcp.messages.access_messages import KEYS_PAGE
from uru_mcp.tools.whoami_text import permissions_in_words

AT_ONCE = 3  # processes
QUESTION = (sys.executable, "-P", "-m", "uru_mcp.commands.doctor.key_question")
OF_THE_KEY = (*KEY_VARIABLES, "URU_PROXY_URL", "URU_WORKSPACE_ID", "URU_PERMISSIONS")
NOT_CONNECTED = ("unavailable", "timed_out")


@dataclass(slots=True)
class Question:
    """A key with its address, workspace, limit and network variables, and the entries that use it."""

    variables: Mapping[str, str]
    environ: Mapping[str, str]
    used_by: dict[str, Path] = field(default_factory=dict)  # the name of each entry, and its file
    answer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of its check, with the last characters of the key as far as they are known."""
        last4 = self.answer.get("last4") or self.variables.get("URU_API_KEY", "")[-4:]
        return f"key …{last4}" if last4 else f"key of {next(one for one in KEY_VARIABLES if one in self.variables)}"


async def examine_keys(examination: Examination, found: Sequence[Found], environ: Mapping[str, str]) -> None:
    """Ask about each distinct key, and tell which clients use it."""
    questions: dict[tuple[tuple[str, str], ...], Question] = {}
    for one in found:
        for server, is_ours in one.with_key:
            name = one.name(server)
            if one.has_placeholder(server):
                examination.tell("key", skipped(f"of {name}: it has a placeholder, which {one.title} replaces"))
            elif not is_ours and "URU_API_KEY_COMMAND" in server.env:
                examination.tell("key", skipped(f"of {name}: its command was not run, since it may not be uru-mcp"))
            elif (question := _question(one.environment_of(server, environ))) is not None:
                questions.setdefault(tuple(sorted(question.variables.items())), question).used_by[name] = (
                    one.configuration.path
                )
    if questions:
        examination.begin("keys")
        await _ask([*questions.values()])
    for question in questions.values():
        await examination.look(question.name, partial(_look, question, environ))


async def _look(question: Question, environ: Mapping[str, str]) -> Finding:
    return _finding(question, environ)


def _question(environ: Mapping[str, str]) -> Question | None:
    """The question for an entry; None if its key is not one to ask about, which the check of its settings tells.

    A wrong limit or workspace does not keep the key from being asked about.
    """
    for names in (OF_THE_KEY, OF_THE_KEY[:-2]):
        ours = {name: unquoted(environ[name]) for name in names if unquoted(environ.get(name, ""))}
        try:
            read_settings(ours)
        except SettingsError:
            continue
        variables = {**ours, **network_of(environ)}
        of_session = {name: value for name, value in environ.items() if is_of_session(name)}
        return Question(variables, {**of_session, **variables})
    return None


async def _ask(questions: Sequence[Question]) -> None:
    """Ask several at a time, all within one deadline."""
    turns = anyio.CapacityLimiter(AT_ONCE)

    async def ask(question: Question) -> None:
        async with turns:
            with suppress(OSError):  # it cannot be started, so there is no answer
                question.answer = _read(await output_of(QUESTION, question.environ))

    with anyio.move_on_after(LONGEST):
        async with anyio.create_task_group() as tasks:
            for question in questions:
                tasks.start_soon(ask, question)


def _read(output: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(output)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _finding(question: Question, environ: Mapping[str, str]) -> Finding:
    users = f"used by {', '.join(question.used_by)}"
    error, found = question.answer.get("error"), question.answer.get("report")
    if error is not None:
        hidden = sorted(network_of(environ).keys() - question.variables.keys())
        also = ""
        if error["code"] in NOT_CONNECTED and hidden:
            also = (
                f" This terminal sets {', '.join(hidden)}, which that client does not pass on: if connections to Uru"
                " need it, add it to the env of the entry."
            )
        files = ", ".join(map(str, dict.fromkeys(question.used_by.values())))
        return Finding("failed", f"{error['message']} ({users})", f"{error['fix']}{also} It is set in {files}.")
    if found is None:
        return Finding("failed", f"Uru could not be asked about it in time ({users})", "Try again in a minute.")
    workspace = found["workspace"] or {}
    place = f"workspace “{workspace['name'] or workspace['id']}”" if workspace else "workspace selected in Uru"
    seen = f"accepted; {place}; {permissions_in_words(found['permissions'])}; {users}"
    if not found["permissions"]["effective"]:
        fix = f"Give the key the permissions that it needs in {KEYS_PAGE}, or change URU_PERMISSIONS."
        return Finding("failed", f"It allows nothing: {seen}", fix)
    if found["warnings"]:
        messages, fixes = (" ".join(one[part] for one in found["warnings"]) for part in ("message", "fix"))
        return Finding("warning", f"{seen}. {messages}", fixes)
    return ok(seen)
