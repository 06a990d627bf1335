"""Shortens tool titles to the length that clients show: what a tool does, and in which account."""

from __future__ import annotations

TITLE_CHARS = 33  # the MCP Inspector shows no more
ACCOUNT_CHARS = 14  # the minimum for the account, if title and account are both too long


def short_title(title: str, account: str) -> str:
    """`Send email (Gmail - Work)`: the tool's title without the app's name, which the account already begins with."""
    title, account = " ".join(title.split()), " ".join(account.split())
    app = account.partition(" ")[0].casefold()
    first, _, rest = title.partition(" ")
    if rest and first.casefold() == app:
        title = rest[0].upper() + rest[1:]
    if not account or account.casefold() == title.casefold():
        return _cut(title, TITLE_CHARS)
    room = TITLE_CHARS - len("(") - len(" )")
    account = _cut(account, max(ACCOUNT_CHARS, room - len(title)))
    return f"{_cut(title, room - len(account))} ({account})"


def numbered_title(title: str, number: int) -> str:
    """The title of one of several tools that would otherwise share it."""
    mark = f" #{number}"
    return f"{_cut(title, TITLE_CHARS - len(mark))}{mark}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
