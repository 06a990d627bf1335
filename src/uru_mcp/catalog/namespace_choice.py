"""What `URU_NAMESPACES` leaves out of the namespaces that Uru offers, and which of its patterns match none; pure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from uru_mcp.config.pattern_slips import nearest
from uru_mcp.messages import report_messages
from uru_mcp.untrusted_input.quoting import quoted
from uru_mcp.uru.namespaces_and_tools import Namespace

NAMES_SHOWN = 20
NAME_CHARS = 64


class NamespaceChoice(NamedTuple):
    """`patterns` are those of `URU_NAMESPACES`, and `offered` the names of all that Uru offers, None if not known."""

    patterns: tuple[str, ...] = ()
    offered: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return ",".join(self.patterns)

    def leaves_out(self, name: str) -> bool:
        return bool(self.patterns) and not any(fnmatchcase(name, pattern) for pattern in self.patterns)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The names of those that Uru offers and no pattern matches."""
        return tuple(filter(self.leaves_out, self.offered or ()))

    @property
    def unmatched(self) -> tuple[str, ...]:
        """The patterns that match nothing that Uru offers; none if that is not known."""
        offered = self.offered
        if offered is None:
            return ()
        return tuple(one for one in self.patterns if not any(fnmatchcase(name, one) for name in offered))

    @property
    def problem(self) -> tuple[str, str] | None:
        """The patterns without a match and what Uru offers, and the fix."""
        unmatched, offered = self.unmatched, self.offered or ()
        if not unmatched:
            return None
        near = [name for one in unmatched for name in _nearest(one.lower(), offered)[:2]]
        meant = report_messages.DID_YOU_MEAN_NAMESPACE.format(near=" or ".join(map(_shown, near))) if near else ""
        message = report_messages.NO_NAMESPACE_MATCHES.format(
            patterns=", ".join(map(_shown, unmatched)), offered=in_a_list(offered) or "none"
        )
        return message, report_messages.CORRECT_NAMESPACES.format(meant=meant)


def _nearest(pattern: str, offered: tuple[str, ...]) -> list[str]:
    """The names that a pattern was meant for, also one that names only the app: `gmial` for gmail_work."""
    return nearest(pattern, offered) or nearest(f"{pattern}_*", offered)


def chosen_among(offered: Iterable[Namespace], patterns: tuple[str, ...]) -> NamespaceChoice:
    """The choice among what Uru lists. While it lists only what serves to select a workspace, the rest is not known."""
    if not patterns:
        return NamespaceChoice()
    offered = tuple(offered)
    known = None if any(one.recovery for one in offered) else tuple(sorted(one.name for one in offered))
    return NamespaceChoice(patterns, known)


def in_a_list(names: tuple[str, ...]) -> str:
    """`gmail_work, platform`, of many names the first, and how many more there are."""
    more = report_messages.AND_MORE.format(names=len(names) - NAMES_SHOWN) if len(names) > NAMES_SHOWN else ""
    return ", ".join(map(_shown, names[:NAMES_SHOWN])) + more


def _shown(name: str) -> str:
    return quoted(name, NAME_CHARS)
