"""What a task is: the words of a user, what may happen in Uru, and what the user must be told in the end.

A task is passed when the changes in the sandbox are exactly those that it wants, when no tool but those it allows has
acted, and when the player's last message tells what it must. What a player says it did counts for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from proofs.evaluation.session import Session

Row = Mapping[str, Any]
Decision = Literal["approve", "reject"]
Solve = Callable[["Session"], Awaitable[str]]
ALL = ("read", "write", "execute")
QUALIFIED = re.compile(
    r"\b(not|no|nothing|nobody|never|cannot|unable|without|until|unless|before|once|if|when|after|as soon as)\b|n.t\b",
    re.IGNORECASE,
)


def anything(_: Any) -> bool:
    """A field that may be whatever it is."""
    return True


@dataclass(frozen=True, slots=True)
class Want:
    """One change that must be found afterwards, and each only once.

    `where` is a table of the sandbox, or the id of a tool from the catalog, whose calls are only recorded. `fields` are
    those of the row, or the arguments of the call: a value, a pattern that a text must contain, or a condition.
    `was` is the same for the row before the change, all other fields of which must be kept; without it, the row must
    be new.
    """

    what: str
    where: str
    fields: Mapping[str, Any]
    was: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What the user must learn from the last message: `pattern`, whatever its case."""

    what: str
    pattern: str

    def is_in(self, message: str) -> bool:
        return re.search(self.pattern, message, re.IGNORECASE) is not None

    def is_claimed(self, message: str) -> bool:
        """Whether a sentence says so without a word that takes it back: a negation or a condition."""
        sentences = re.split(r"[.!?;:\n]\s", message)
        return any(self.is_in(one) and QUALIFIED.search(one) is None for one in sentences)


@dataclass(frozen=True, slots=True)
class Task:
    """One task.

    `may` has the ids of the tools that may act; those that only read always may. `least` is the number of calls with
    which `solve`, the scripted player, does it. No sentence of the last message may claim what is `never_told`.
    `settings` are variables without their `URU_`. With `person`, the client can ask its person, who decides so. A key
    that is not `fixed` has no workspace yet.
    """

    name: str
    subject: str
    words: str
    least: int
    solve: Solve
    told: tuple[Told, ...]
    never_told: tuple[Told, ...] = ()
    wants: tuple[Want, ...] = ()
    may: frozenset[str] = frozenset()
    permissions: tuple[str, ...] = ALL
    fixed: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Session], Awaitable[None]] | None = None
    person: Decision | None = None


def fits(fields: Mapping[str, Any], row: Row) -> bool:
    """Whether a row has all of these fields: equal values, or texts in which the pattern is found."""
    return all(_is_like(wanted, row.get(name)) for name, wanted in fields.items())


def _is_like(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, re.Pattern):
        return isinstance(found, str) and wanted.search(found) is not None
    return bool(wanted(found)) if callable(wanted) else bool(wanted == found)
