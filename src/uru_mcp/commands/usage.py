"""`uru-mcp usage`: prints totals of an audit log as tables for a terminal, as JSON, or as a page for a browser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from uru_mcp.commands.output import progress, say, say_json, say_line
from uru_mcp.permissions import in_order, in_words
from uru_mcp.text_layout import GAP, shortened_in_the_middle, table, terminal_width
from uru_mcp.untrusted_input.terminal_escaping import in_one_line

if TYPE_CHECKING:
    from uru_mcp.audit.entry import Entry
    from uru_mcp.audit.usage_totals import KeyUse, Tally, Usage

COLUMNS = 80
NAME_CHARS, SHORTEST_NAME = 44, 16  # of a name, so that the numbers fit beside it


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with full names and totals instead of averages.")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page with charts to this file, for a browser.",
)
@click.option("--force", is_flag=True, help="With --html: replace the file if it exists.")
def usage(file: Path | None, as_json: bool, page: Path | None, force: bool) -> None:
    """Summarize an audit log, and suggest a key with fewer permissions.

    Calls are shown by tool, by day, by outcome and by the permissions that they needed. FILE is the audit log; the
    default is the value of URU_AUDIT_LOG in this terminal. Rotated files beside it (FILE.1 and so on) are read too. MS
    and CHARS are the average duration in milliseconds and the average length of an answer in characters.
    """
    from uru_mcp.audit.usage_totals import summed

    path = _configured() if file is None else file
    if page is not None and as_json:
        raise click.UsageError("--json prints, and --html writes a file: choose one.")
    if force and page is None:
        raise click.UsageError("--force requires --html.")
    with progress(f"Reading {path.name}", is_wanted=not as_json):
        found = summed(_entries(path))
    if page is not None:
        _write_page(found, path, page, force=force)
    elif as_json:
        say_json(_as_json(found))
    else:
        say(_as_text(found, path))


def _write_page(found: Usage, log: Path, page: Path, *, force: bool) -> None:
    """Write what was found into a file that only its owner can read."""
    from uru_mcp.audit.audit_log import with_older
    from uru_mcp.commands.new_file import write_new_file
    from uru_mcp.commands.usage_page import usage_page
    from uru_mcp.errors import UruError

    if any(page.exists() and page.samefile(one) for one in with_older(log)):
        raise click.UsageError(f"{page} is the log itself, and stays as it is.")
    try:
        write_new_file(page.absolute(), usage_page(found, str(log)), force=force)
    except UruError as error:
        raise click.ClickException(f"{error.message}\n  Fix: {error.fix}") from error
    say_line(f"{page} has the sums of {found.calls} calls, to read in a browser.")


def _configured() -> Path:
    from uru_mcp.config.environment import read_environment
    from uru_mcp.config.parsing import absolute_path

    text = read_environment().get("URU_AUDIT_LOG", "").strip()
    if not text:
        raise click.UsageError(
            "Name the audit log: uru-mcp usage FILE, where FILE is the value of URU_AUDIT_LOG in the client's"
            " configuration. If it has none, no call has been recorded."
        )
    try:
        return absolute_path(text)
    except ValueError as error:
        raise click.UsageError(f"URU_AUDIT_LOG cannot be used: {error}.") from error


def _entries(path: Path) -> Iterator[Entry | None]:
    """Every line of the log's files as an entry, None where it is not one. All are opened before any is read, so that a
    server which rotates them meanwhile takes nothing away."""
    from uru_mcp.audit.audit_log import with_older
    from uru_mcp.audit.entry import read_entry
    from uru_mcp.untrusted_input.redaction import Redaction

    redaction = Redaction()
    with ExitStack() as opened:
        try:
            files = [opened.enter_context(one.open(encoding="utf-8", errors="replace")) for one in with_older(path)]
        except OSError as error:
            raise click.ClickException(f"{error.filename} cannot be read: {error.strerror}.") from error
        if not files:
            raise click.ClickException(f"There is no file {path}. To record calls, set URU_AUDIT_LOG to a file.")
        for file in files:
            yield from (read_entry(line, redaction) for line in file if not line.isspace())


def _as_json(found: Usage) -> dict[str, object]:
    return {
        **asdict(found),
        "days": [day.isoformat() for day in found.days or ()],
        "keys": [
            {
                "key": use.last4,
                "days": [use.first.isoformat(), use.last.isoformat()],
                "granted": None if use.granted is None else in_order(use.granted),
                "needed": in_order(use.needed),
                "unused": in_order(use.unused),
                "advice": use.advice,
            }
            for use in found.keys
        ],
    }


def _as_text(found: Usage, path: Path) -> str:
    apart = [f"Lines that are not entries: {found.unread}."] if found.unread else []
    if found.from_terminal:
        apart.append(f"Not counted: {found.from_terminal} calls from a terminal (uru-mcp call, tools and whoami).")
    if found.days is None:
        what = "no calls of an MCP client yet" if found.from_terminal else "no calls yet"
        return "\n".join([f"{in_one_line(str(path))} contains {what}.", *apart])
    first, last = found.days
    parts = [
        "\n".join([f"Calls from {first} to {last}: {found.calls}, of which {found.failed} failed.", *apart]),
        _table("TOOL", found.by_tool),
        _table("DAY (UTC)", found.by_day),
        _table("OUTCOME", found.by_outcome),
        _table("PERMISSION", found.by_permission),
        *map(_advice, found.keys),
    ]
    return "\n\n".join(parts)


def _table(heading: str, tallies: Sequence[Tally]) -> str:
    numbers = [[str(number) for number in _numbers(tally)] for tally in tallies]
    headings = ["CALLS", "FAILED", "MS", "CHARS"]
    taken = sum(len(GAP) + max(map(len, column)) for column in zip(headings, *numbers, strict=True))
    room = max(SHORTEST_NAME, min(NAME_CHARS, terminal_width() - taken))
    names = [shortened_in_the_middle(in_one_line(tally.name), room) for tally in tallies]
    rows = [[name, *counts] for name, counts in zip(names, numbers, strict=True)]
    lines = table(rows, heading=[heading, *headings], width=terminal_width(), right=frozenset(range(1, 5)))
    return "\n".join(lines)


def _numbers(tally: Tally) -> tuple[int, int, int, int]:
    return tally.calls, tally.failed, round(tally.ms / tally.calls), round(tally.chars_out / tally.calls)


def _advice(use: KeyUse) -> str:
    has = "" if use.granted is None else f" has {in_words(use.granted)}"
    return click.wrap_text(f"The key …{use.last4}{has}. {use.advice}", min(COLUMNS, terminal_width()))
