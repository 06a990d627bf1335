"""Formats a call's arguments for a confirmation: as they will be sent, redacted, and truncated if very long.

Hidden characters are counted, and a long text shows its beginning and its end, so that neither can hide anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from uru_mcp.messages import call_messages
from uru_mcp.untrusted_input.invisible_characters import visible
from uru_mcp.untrusted_input.json_fields import compact
from uru_mcp.untrusted_input.quoting import NAME_CHARS, quoted

ROWS = 40
WHOLE = 1_500  # characters; values up to this length are shown in full
BEGINNING, END = 1_000, 400  # characters shown of a longer value
TOGETHER = 8_000  # characters of all values; beyond that, the beginning and the end are shorter
SHORT_BEGINNING, SHORT_END = 160, 80
ELLIPSIS = " … "


class Row(NamedTuple):
    """One argument. `value` is a string, or the JSON of any other value; `hidden` counts its omitted characters."""

    name: str
    value: str
    hidden: int = 0


class Shown(NamedTuple):
    """The arguments in order; `hidden` is the number of arguments without a row."""

    rows: tuple[Row, ...]
    hidden: int = 0

    @property
    def structure(self) -> dict[str, Any]:
        return {"arguments": [row._asdict() for row in self.rows], "hidden_arguments": self.hidden}


def shown(arguments: Mapping[str, Any], clean: Callable[[Any], Any]) -> Shown:
    """The arguments for a person; `clean` removes keys and invisible characters, which count as hidden."""
    rows: list[Row] = []
    room = TOGETHER
    for name, value in list(arguments.items())[:ROWS]:
        text = value if isinstance(value, str) else compact(value)
        row = _row(quoted(clean(name), NAME_CHARS), clean(text), is_tight=room < WHOLE)
        row = row._replace(hidden=row.hidden + len(text) - len(visible(text)))
        room -= len(row.value)
        rows.append(row)
    return Shown(tuple(rows), max(0, len(arguments) - ROWS))


def _row(name: str, text: str, *, is_tight: bool) -> Row:
    beginning, end = (SHORT_BEGINNING, SHORT_END) if is_tight else (BEGINNING, END)
    if len(text) <= (beginning + end if is_tight else WHOLE):
        return Row(name, text)
    return Row(name, f"{text[:beginning]}{ELLIPSIS}{text[-end:]}", len(text) - beginning - end)


def in_lines(shown: Shown) -> Iterator[str]:
    """The arguments as lines of text. Each argument starts a line, and no value can imitate another argument."""
    if not shown.rows:
        yield call_messages.WITHOUT_ARGUMENTS
    for row in shown.rows:
        value = "\n    ".join(row.value.splitlines()) or call_messages.EMPTY_TEXT
        hidden = call_messages.CHARACTERS_HIDDEN.format(hidden=row.hidden) if row.hidden else ""
        yield f"  {row.name}: {value}{hidden}"
    if shown.hidden:
        yield call_messages.ARGUMENTS_HIDDEN.format(hidden=shown.hidden)
