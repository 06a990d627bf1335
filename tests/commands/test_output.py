"""Progress and colours: for a terminal that can show them, and without a left-over."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

import pytest

from uru_mcp.commands.output import StatusLine, colours, progress


class Terminal(io.StringIO):
    """A terminal that keeps what was written, and shows what is left of it."""

    def isatty(self) -> bool:
        return True

    @property
    def last_line(self) -> str:
        shown: list[str] = []
        place = 0
        for character in self.getvalue():
            if character == "\r":
                place = 0
                continue
            shown[place : place + 1] = [character]
            place += 1
        return "".join(shown).rstrip()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def test_progress_is_shown_while_it_lasts_and_nothing_is_left_of_it(terminal: Terminal) -> None:
    with redirect_stderr(terminal), progress("Waiting for Uru", every=0.01):
        until_shown(terminal)
    assert terminal.last_line == ""
    assert "\x1b" not in terminal.getvalue()  # so that NO_COLOR, which strips sequences, leaves nothing behind


def test_progress_that_fails_leaves_nothing_either(terminal: Terminal) -> None:
    def work() -> None:
        with redirect_stderr(terminal), progress("Waiting for Uru", every=0.01):
            until_shown(terminal)
            raise TimeoutError

    with pytest.raises(TimeoutError):
        work()
    assert terminal.last_line == ""


def until_shown(terminal: Terminal) -> None:
    while not terminal.last_line.startswith("Waiting for Uru … "):
        pass  # the time limit of the test ends it


def test_what_is_over_within_a_second_shows_no_progress(terminal: Terminal) -> None:
    with redirect_stderr(terminal), progress("Waiting for Uru"):
        pass
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(("term", "is_wanted"), [("dumb", True), ("xterm", False)], ids=["a dumb terminal", "--json"])
def test_where_it_could_not_be_erased_or_is_not_wanted_there_is_no_progress(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, term: str, is_wanted: bool
) -> None:
    monkeypatch.setenv("TERM", term)
    with redirect_stderr(terminal):
        assert not StatusLine(is_wanted=is_wanted).is_shown
        with progress("Waiting for Uru", is_wanted=is_wanted, every=0.0):
            StatusLine(is_wanted=is_wanted).show("Waiting")
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"NO_COLOR": ""}, None),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"CLICOLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ({"FORCE_COLOR": "0"}, None),
        ({"CLICOLOR_FORCE": "1"}, True),
    ],
)
def test_the_environment_says_whether_there_are_colours(environ: dict[str, str], expected: bool | None) -> None:
    assert colours(environ) is expected
