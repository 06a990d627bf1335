"""The `--unlike` option, which selects how the sandbox differs from the description of Uru's API."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import click

from .printing import say, say_table


def read_unlike(ctx: click.Context, _option: click.Parameter, texts: Sequence[str]) -> list[str]:
    """The given names; each text has one or several, separated by commas. For `list`, print all and exit."""
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    if not names:
        return []
    from ..differences import UnknownDifference, chosen

    if "list" in names:
        _show_all()
        ctx.exit()
    try:
        chosen(names)
    except UnknownDifference as error:
        raise click.BadParameter(f"{error} All of them: --unlike list.") from error
    return names


def say_chosen(names: Sequence[str]) -> None:
    """Print how the service differs; nothing if it does not."""
    if not names:
        return
    from ..differences import chosen

    say("\nIt differs from the description of the API:")
    say_table(None, [[f"  {one.name}", one.description] for one in chosen(names)])


def _show_all() -> None:
    from ..differences import DIFFERENCES

    by_family = groupby(DIFFERENCES.values(), key=lambda one: one.family)
    for number, (title, group) in enumerate(by_family):
        say(f"\n{title}" if number else title)
        say_table(None, [[f"  {one.name}", one.description] for one in group])
