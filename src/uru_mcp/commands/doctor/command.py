"""`uru-mcp doctor`: prints each check and its fix as soon as it is done, or all checks as JSON."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from uru_mcp.commands.output import StatusLine, say, say_json, say_line, say_wrapped
from uru_mcp.text_layout import padded, terminal_width, wrapped
from uru_mcp.untrusted_input.terminal_escaping import in_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uru_mcp.commands.doctor.checks import Check, Examination
    from uru_mcp.config.settings import Settings
    from uru_mcp.untrusted_input.redaction import Redaction

MARKS = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "-"}
PLAIN_MARKS = {"ok": "+", "warning": "!", "failed": "x", "skipped": "-"}  # for consoles that cannot show the others
COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}
NAME_CHARS = 13  # width of the column of names


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON after all checks.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write a report on Uru's responses to this file, without their contents.",
)
@click.option("--force", is_flag=True, help="With --report: replace the file if it exists.")
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Check only this administrator's policy, before or after it is put in place.",
)
def doctor(as_json: bool, report: Path | None, force: bool, policy: Path | None) -> None:
    """Find problems, and show how to fix them.

    Checks the URU_* variables, the key, the service, the key's permissions and tools, then each other key in the
    configurations of MCP clients on this machine, and the configurations. If no key is set in this terminal, the
    variables of the first configuration that starts uru-mcp are checked. Each configuration is checked in the
    environment that its client has, which for desktop programs is not that of this terminal. Nothing is changed, and
    no key is shown.

    Of the servers in the configurations, only those that are certainly uru-mcp are started, briefly. The command in
    URU_API_KEY_COMMAND is run if such a configuration or this terminal sets one. Git is asked whether it tracks a
    configuration that contains a key. No other program is run, and none from the working directory.

    With --report, each read-only endpoint is requested once more. The report for the maintainers of uru-mcp contains
    the status, type and shape of each response, but no key, name or text of the workspace.

    With --policy, only that file is checked, without a key and without a request: whether it can be used as a policy,
    and what it limits.

    The exit code is 0 if no check failed, and 1 otherwise; warnings do not count.
    """
    from uru_mcp.commands.doctor.checks import Examination
    from uru_mcp.server.logging_setup import start_logging
    from uru_mcp.untrusted_input.redaction import Redaction

    redaction = Redaction()
    start_logging("error", redaction)
    lines = Lines(shows_progress=not as_json)
    report = report and report.absolute()
    if policy and report:
        raise click.UsageError("--policy checks nothing but that file: leave out --report.")
    with _errors_as_text(redaction):
        _require_writable(report, force=force)
    examination = Examination(redaction, begin=lines.begin, tell=(lambda _: None) if as_json else lines.tell)
    try:
        settings = _examine(examination, redaction, policy)
    finally:
        lines.end()
    if as_json:
        checks = [asdict(check) for check in examination.checks]
        say_json({"ok": examination.is_well, "checks": checks})
    else:
        say(f"\n{in_one_line(_summary(examination.checks))}")
    if report:
        with _errors_as_text(redaction):
            _write_report(report, settings, redaction, force=force)
    sys.exit(0 if examination.is_well else 1)


def _examine(examination: Examination, redaction: Redaction, policy: Path | None) -> Settings | None:
    """Run the checks: of this policy alone, or of everything else. Returns the settings, as far as they are valid."""
    import anyio

    from uru_mcp.commands.client_configs.machine import Machine, SystemFiles
    from uru_mcp.commands.doctor.check_sequence import examine
    from uru_mcp.commands.doctor.settings_checks import examine_draft_policy
    from uru_mcp.config.environment import read_environment

    if policy is not None:
        examine_draft_policy(examination, str(policy.absolute()))
        return None
    system = click.get_current_context().find_object(SystemFiles) or SystemFiles()
    machine = Machine(sys.platform, Path.home(), read_environment(), system)
    return anyio.run(examine, examination, redaction, machine)


def _require_writable(report: Path | None, *, force: bool) -> None:
    """Fail before any request if the report could not be written afterwards."""
    from uru_mcp.commands.new_file import refuse_if_there

    if force and report is None:
        raise click.UsageError("--force requires --report.")
    if report is not None:
        refuse_if_there(report, force=force)


def _write_report(path: Path, settings: Settings | None, redaction: Redaction, *, force: bool) -> None:
    import anyio

    from uru_mcp.commands.doctor.report import rendered, survey
    from uru_mcp.commands.new_file import write_new_file

    if settings is None:
        say("No report was written, since there are no valid settings to connect to Uru with.", err=True)
        return
    probes = anyio.run(survey, settings, redaction)
    write_new_file(path, rendered(probes), force=force)
    say_line(f"Report: {path}. Read it before you send it.", err=True)


@contextmanager
def _errors_as_text(redaction: Redaction) -> Iterator[None]:
    from uru_mcp.errors import UruError

    try:
        yield
    except UruError as error:
        message = f"{in_one_line(redaction.text(error.message))}\n  Fix: {in_one_line(redaction.text(error.fix))}"
        raise click.ClickException(message) from error


class Lines:
    """Prints one line for each check, and one for consecutive skipped checks."""

    def __init__(self, *, shows_progress: bool) -> None:
        self._status = StatusLine(is_wanted=shows_progress)
        self._skipped: list[Check] = []

    def begin(self, name: str) -> None:
        self._status.show(f"… {name}")

    def tell(self, check: Check) -> None:
        if self._skipped and (check.verdict, check.seen) != ("skipped", self._skipped[0].seen):
            self.end()
        if check.verdict == "skipped":
            self._skipped.append(check)
            return
        self._status.erase()
        _print(check.verdict, check.name, check.seen)
        if check.remedy:
            say_wrapped(f"    Fix: {in_one_line(check.remedy)}")

    def end(self) -> None:
        """Print the pending skipped checks."""
        self._status.erase()
        if self._skipped:
            *names, last = (check.name for check in self._skipped)
            together = f"{', '.join([*names, last])}, " if names else ""
            _print("skipped", "not checked" if names else last, f"{together}{self._skipped[0].seen}")
        self._skipped = []


def _print(verdict: str, name: str, seen: str) -> None:
    mark = _marks()[verdict]
    if verdict in COLOURS:
        mark = click.style(mark, fg=COLOURS[verdict])
    lead = f" {padded(in_one_line(name), NAME_CHARS)}  "
    first, *more = wrapped(f"{lead}{in_one_line(seen)}", terminal_width() - 1, indent=len(lead) + 1)
    say(first, mark=mark)
    for line in more:
        say(line)


def _marks() -> dict[str, str]:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        "".join(MARKS.values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return PLAIN_MARKS
    return MARKS


def _summary(checks: Sequence[Check]) -> str:
    from uru_mcp.commands.doctor.checks import NO_URU
    from uru_mcp.config.variables import NO_KEY

    counts = Counter(check.verdict for check in checks)
    warnings = f"{counts['warning']} warning{'s' if counts['warning'] > 1 else ''}"
    if counts["failed"]:
        failed = [check for check in checks if check.verdict == "failed"]
        # a terminal needs no key: what is wrong with a client's configuration is what its user looks for
        first = next((check.name for check in failed if check.seen != NO_KEY), failed[0].name)
        also = f", {warnings}" if counts["warning"] else ""
        return f"{counts['failed']} of {len(checks)} checks failed{also}. Start with “{first}”."
    passed = f"All checks passed, with {warnings}" if counts["warning"] else "All checks passed"
    unmade = sum(check.seen == NO_URU for check in checks)
    return f"{passed}; {unmade} were not made, since {NO_URU}." if unmade else f"{passed}."
