"""`uru-mcp doctor`: each check in a line, as soon as it is made, and its remedy below; or all of them as JSON."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from uru_mcp.commands.output import decide_colours, say, say_json, say_line, sign
from uru_mcp.untrusted_input.terminal_escaping import in_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uru_mcp.commands.doctor.checks import Check
    from uru_mcp.config.settings import Settings
    from uru_mcp.untrusted_input.redaction import Redaction

MARKS = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "-"}
PLAIN_MARKS = {"ok": "+", "warning": "!", "failed": "x", "skipped": "-"}  # for consoles that lack the others
COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}
NAME_CHARS = 13  # of the longest name of a check of the service


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON when all checks are made.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Then write what Uru answers into this file, without its contents.",
)
@click.option("--force", is_flag=True, help="With --report: replace the file if it exists.")
def doctor(as_json: bool, report: Path | None, force: bool) -> None:
    """Find out what is wrong, and how to fix it.

    Looks at the URU_* variables, the key, the service, the key's permissions and tools, and then at the configuration
    of each MCP client on this machine. Where no URU_* variable is set here, those of the first configuration that
    starts uru-mcp are looked at. Nothing is changed, and no key is shown.

    Of what the configurations start, only what is uru-mcp for sure is started, for a moment, and with it the command of
    URU_API_KEY_COMMAND, if such a configuration or this terminal sets one. Git is asked whether it tracks a
    configuration that holds a key. No other program is run, and none from the working directory.

    With --report, each endpoint that reads is asked once more, and the status, the type and the shape of each answer
    are written for whoever maintains uru-mcp, with no key, name or text of the workspace.

    The exit code is 0 when nothing failed, and 1 otherwise; warnings do not count.
    """
    import anyio

    from uru_mcp.commands.doctor.check_sequence import examine
    from uru_mcp.commands.doctor.checks import Examination
    from uru_mcp.config.settings import read_environment
    from uru_mcp.server.logging_setup import start_logging
    from uru_mcp.untrusted_input.redaction import Redaction

    environ = read_environment()
    decide_colours(environ)
    redaction = Redaction()
    start_logging("error", redaction)
    lines = Lines()
    report = report and report.absolute()
    with _said_plainly(redaction):
        _see_to(report, force=force)
    examination = Examination(redaction, begin=lines.begin, tell=(lambda _: None) if as_json else lines.tell)
    try:
        settings = anyio.run(lambda: examine(examination, redaction, environ, platform=sys.platform, home=Path.home()))
    finally:
        lines.end()
    if as_json:
        checks = [asdict(check) for check in examination.checks]
        say_json({"ok": examination.is_well, "checks": checks})
    else:
        say(f"\n{in_one_line(_summary(examination.checks))}")
    if report:
        with _said_plainly(redaction):
            _write_report(report, settings, redaction, force=force)
    sys.exit(0 if examination.is_well else 1)


def _see_to(report: Path | None, *, force: bool) -> None:
    """Refuse before anything is asked what could not be written afterwards."""
    from uru_mcp.commands.doctor.report import refuse_if_there

    if force and report is None:
        raise click.UsageError("--force goes with --report only.")
    if report is not None:
        refuse_if_there(report, force=force)


def _write_report(path: Path, settings: Settings | None, redaction: Redaction, *, force: bool) -> None:
    import anyio

    from uru_mcp.commands.doctor.report import rendered, survey, write

    if settings is None:
        say("No report was written: there are no settings with which Uru could be asked.", err=True)
        return
    probes = anyio.run(survey, settings, redaction)
    write(path, rendered(probes), force=force)
    say_line(f"Report: {path}. Read it before you send it.", err=True)


@contextmanager
def _said_plainly(redaction: Redaction) -> Iterator[None]:
    from uru_mcp.errors import UruError

    try:
        yield
    except UruError as error:
        message = f"{in_one_line(redaction.text(error.message))}\n  Fix: {in_one_line(redaction.text(error.fix))}"
        raise click.ClickException(message) from error


class Lines:
    """Prints a line for each check, and one for all that are skipped together."""

    def __init__(self) -> None:
        self._skipped: list[Check] = []

    def begin(self, name: str) -> None:
        sign(f"… {name}")

    def tell(self, check: Check) -> None:
        if self._skipped and (check.verdict, check.seen) != ("skipped", self._skipped[0].seen):
            self.end()
        if check.verdict == "skipped":
            self._skipped.append(check)
            return
        sign("")
        _print(check.verdict, check.name, check.seen)
        if check.remedy:
            say(f"    Fix: {in_one_line(check.remedy)}")

    def end(self) -> None:
        """Print what has been held back."""
        sign("")
        if self._skipped:
            *names, last = (check.name for check in self._skipped)
            together = f"{', '.join([*names, last])}, " if names else ""
            _print("skipped", "not looked at" if names else last, f"{together}{self._skipped[0].seen}")
        self._skipped = []


def _print(verdict: str, name: str, seen: str) -> None:
    mark = _marks()[verdict]
    if verdict in COLOURS:
        mark = click.style(mark, fg=COLOURS[verdict])
    say(f" {in_one_line(name):{NAME_CHARS}}  {in_one_line(seen)}", mark=mark)


def _marks() -> dict[str, str]:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        "".join(MARKS.values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return PLAIN_MARKS
    return MARKS


def _summary(checks: Sequence[Check]) -> str:
    counts = Counter(check.verdict for check in checks)
    warnings = f"{counts['warning']} warning{'s' if counts['warning'] > 1 else ''}"
    if counts["failed"]:
        first = next(check.name for check in checks if check.verdict == "failed")
        also = f", {warnings}" if counts["warning"] else ""
        return f"{counts['failed']} of {len(checks)} checks failed{also}. Begin with “{first}”."
    return f"Nothing failed, with {warnings}." if counts["warning"] else "All is well."
