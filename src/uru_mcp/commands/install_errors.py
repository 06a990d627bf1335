"""The exit codes of `uru-mcp install`, and its errors as text with a fix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

import click

from uru_mcp.messages.person_wording import about_client
from uru_mcp.untrusted_input.terminal_escaping import for_terminal, in_one_line

if TYPE_CHECKING:
    from uru_mcp.errors import UruError
    from uru_mcp.untrusted_input.redaction import Redaction

NOTHING_WRITTEN = "Nothing was written."


class ExitCode(IntEnum):
    """What a script can tell apart."""

    DONE = 0
    STOPPED = 1
    USAGE = 2
    UNDECLARED = 3
    NO_KEY = 4
    NO_ANSWER = 5
    FILE = 6
    NO_AUDIT_LOG = 7
    MANAGED = 8


MEANINGS = {
    ExitCode.DONE: "done, or there was nothing to change",
    ExitCode.STOPPED: "stopped by an answer, or by a question that nobody could answer",
    ExitCode.USAGE: "an option or a setting cannot be used, or this copy is temporary",
    ExitCode.UNDECLARED: "written, but without permissions: run it with --permissions",
    ExitCode.NO_KEY: "no key, or one that cannot be read or that Uru refuses",
    ExitCode.NO_ANSWER: "Uru did not answer, or not as expected",
    ExitCode.FILE: "the configuration or the key file cannot be read or changed",
    ExitCode.NO_AUDIT_LOG: "written, but calls are refused until the required audit log is writable",
    ExitCode.MANAGED: "not written, since the client uses only the servers of its administrator",
}
EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code}  {meaning}" for code, meaning in MEANINGS.items())


class Failure(click.ClickException):
    """An error with one of the exit codes."""

    def __init__(self, message: str, exit_code: ExitCode) -> None:
        super().__init__(message)
        self.exit_code = int(exit_code)  # type: ignore[misc]  # click sets it per class


def unanswered(question: str, fix: str) -> Failure:
    """The error if a question cannot be asked: there is no terminal, or `--yes` was given and does not answer it."""
    asked = in_one_line(question)
    message = f"{asked}\n  This question could not be asked. {NOTHING_WRITTEN}\n  Fix: {in_one_line(fix)}"
    return Failure(message, ExitCode.STOPPED)


@contextmanager
def errors_as_text(redaction: Redaction) -> Iterator[None]:
    """Turn errors into a message with its fix, and the exit code."""
    from uru_mcp.errors import SettingsError, UruError

    try:
        yield
    except click.Abort:  # prompts come only before anything is written
        raise Failure(f"Stopped. {NOTHING_WRITTEN}", ExitCode.STOPPED) from None
    except SettingsError as error:
        text = "\n".join(_in_two_lines(one, redaction) for one in error.problems)
        is_about_key = all(one.code == "malformed_key" for one in error.problems)
        raise Failure(text, ExitCode.NO_KEY if is_about_key else ExitCode.USAGE) from error
    except UruError as error:
        raise Failure(_in_two_lines(error, redaction), _code_of(error)) from error


def _code_of(error: UruError) -> ExitCode:
    from uru_mcp.errors import ConfigurationError, KeyRefused, KeyUnavailable, WorkspaceProblem

    if isinstance(error, (KeyUnavailable, KeyRefused, WorkspaceProblem)):
        return ExitCode.NO_KEY
    return ExitCode.FILE if isinstance(error, ConfigurationError) else ExitCode.NO_ANSWER


def _in_two_lines(error: UruError, redaction: Redaction) -> str:
    message, fix = (in_one_line(about_client(redaction.text(part))) for part in (error.message, error.fix))
    text = f"{message}\n  Fix: {fix}"
    by_hand = error.details.get("by_hand")
    if not by_hand:
        return text
    return f"{text}\n  Write this {error.details['where']}:\n\n{for_terminal(redaction.text(by_hand))}"
