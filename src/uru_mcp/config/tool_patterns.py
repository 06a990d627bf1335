"""Parses and matches the tool name patterns of `URU_TOOLS` and `URU_CONFIRM`; pure.

    *,!stripe_*,!*__*DELETE*        all tools except Stripe's and those with DELETE in their name
    destructive,!gmail_*__*DRAFT*   tools that may destroy something, except those for email drafts

A pattern matches `<namespace>__<tool>`, case-insensitively, with `*` and `?` as wildcards. The last pattern that
matches decides; if none does, the opposite of the first one. If a closing pattern (one that restricts what runs)
matches no tool because of a typo, it closes the tools that it was meant for; an opening one opens nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from os.path import commonprefix
from types import MappingProxyType
from typing import NamedTuple, Protocol

from uru_mcp.config.parsing import shown, without_key
from uru_mcp.config.pattern_slips import nearest
from uru_mcp.messages import policy_messages
from uru_mcp.permissions import Permission, Permissions

SEPARATOR = "__"  # between the namespace and the tool's name
WORDS = ("destructive", "execute")
NEVER = "never"
POLICY_TOOLS, POLICY_CONFIRM = (policy_messages.POLICY_MEMBER.format(member=name) for name in ("tools", "confirm"))
SYNTAX = re.compile(r"[A-Za-z0-9_*?][A-Za-z0-9_.*?-]*")


class Named(Protocol):
    """The attributes of a tool that patterns match."""

    @property
    def id(self) -> str: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def needs(self) -> Permissions: ...
    @property
    def destructive(self) -> bool: ...


class Pattern(NamedTuple):
    """One pattern or keyword, in lower case; an exception was written with `!`."""

    text: str
    is_exception: bool = False

    def __str__(self) -> str:
        return f"{'!' if self.is_exception else ''}{self.text}"

    def fits(self, tool: Named) -> bool:
        if self.text == "destructive":
            return tool.destructive
        if self.text == "execute":
            return Permission.EXECUTE in tool.needs
        return any(fnmatchcase(name.lower(), self.text) for name in tool.names)


def read_patterns(text: str) -> tuple[Pattern, ...]:
    """The patterns of a setting, separated by commas or blanks. Raises: ValueError for one that can never match."""
    return tuple(_pattern(word) for word in re.split(r"[,\s]+", text) if word)


def read_confirmed(text: str) -> tuple[Pattern, ...]:
    """The same for `URU_CONFIRM`, where `never` on its own means no patterns. Raises: ValueError."""
    if text.strip().lower() == NEVER:
        return ()
    return read_patterns(text)


def _pattern(word: str) -> Pattern:
    text = word.removeprefix("!").lower()
    if text == NEVER:
        raise ValueError(f"{NEVER!r} stands alone, and not in URU_TOOLS")
    if not SYNTAX.fullmatch(text):
        raise ValueError(f"{shown(word)} is not a pattern: letters, digits, _ - . * and ? are, with ! before the first")
    if text not in WORDS and "*" not in text and SEPARATOR not in text:
        near = nearest(text, [*WORDS, NEVER])
        meant = near[0] if near else f"{text}_*"
        raise ValueError(
            f"{shown(word)} fits no tool, since each is called <namespace>__<tool>; the nearest is {without_key(meant)}"
        )
    return Pattern(text, word.startswith("!"))


class Misfit(NamedTuple):
    """A pattern that matches no tool, patterns of the most similar names, and how many tools it closes instead."""

    pattern: str
    near: str | None
    closed: int


class Rules(NamedTuple):
    """Patterns, and which tools they choose. Closing patterns are either the exceptions, or all others.

    `nearest` has the ids of the tools that closing patterns without a match close instead. `policy` are the
    administrator's patterns beside the user's: what either of the two closes is closed.
    """

    patterns: tuple[Pattern, ...] = ()
    is_closing_by_exception: bool = True
    nearest: Mapping[Pattern, frozenset[str]] = MappingProxyType({})
    misfits: tuple[Misfit, ...] = ()
    policy: Rules | None = None

    @property
    def are_any(self) -> bool:
        return bool(self.patterns) or (self.policy is not None and self.policy.are_any)

    def fit(self, tool: Named) -> bool:
        """Whether the patterns choose this tool. Without patterns: all if exceptions close, otherwise none."""
        own = self._own_fit(tool)
        if self.policy is None:
            return own
        return own and self.policy.fit(tool) if self.is_closing_by_exception else own or self.policy.fit(tool)

    def are_closed_by_policy(self, tool: Named) -> bool:
        """Whether the administrator's patterns close this tool, whatever the user's say."""
        return self.policy is not None and self.policy.fit(tool) != self.is_closing_by_exception

    def _own_fit(self, tool: Named) -> bool:
        for pattern in reversed(self.patterns):
            if pattern.fits(tool) or tool.id in self.nearest.get(pattern, ()):
                return not pattern.is_exception
        return self.patterns[0].is_exception if self.patterns else self.is_closing_by_exception

    def among(self, tools: Iterable[Named]) -> Rules:
        """The rules for these tools: closing patterns without a match close the most similar ones. Run in a thread."""
        tools = list(tools)
        stray = [one for one in self.patterns if not any(one.fits(tool) for tool in tools)] if tools else []
        ids = {tool.names[0]: tool.id for tool in tools} if stray else {}
        closed: dict[Pattern, frozenset[str]] = {}
        misfits = []
        for pattern in stray:
            near = nearest(pattern.text, ids) if pattern.text not in WORDS else []
            if pattern.is_exception == self.is_closing_by_exception:
                closed[pattern] = frozenset(ids[name] for name in near)
            misfits.append(Misfit(str(pattern), _covering([ids[name] for name in near]), len(closed.get(pattern, ()))))
        policy = None if self.policy is None else self.policy.among(tools)
        return Rules(self.patterns, self.is_closing_by_exception, closed, tuple(misfits), policy)


def _covering(names: list[str]) -> str | None:
    """Patterns that fit all these names, separated by commas: one for their common beginning, or each name."""
    begin = commonprefix(names)  # noqa: RUF071  # by characters, as names are
    patterns = [f"{begin}*"] if len(names) > 1 and "_" in begin else names
    return ",".join(patterns) or None


class UserRules(NamedTuple):
    """The user's settings, and with them those of the administrator's policy: which tools are available, and which run
    only after a person's confirmation.

    With `only_person_decides`, only a person decides what an automation's run waits for; `is_person_by_policy` is
    whether the administrator says so.
    """

    chosen: Rules = Rules()  # frozen
    confirmed: Rules = Rules(is_closing_by_exception=False)  # frozen
    only_person_decides: bool = False
    is_person_by_policy: bool = False

    @property
    def misfits(self) -> tuple[tuple[str, Misfit], ...]:
        """The patterns that match nothing, each preceded by the name of its variable.

        A policy is for many people, some of whom have no such tool: of its patterns, only those that close another one.
        """
        found = (("URU_TOOLS", POLICY_TOOLS, self.chosen), ("URU_CONFIRM", POLICY_CONFIRM, self.confirmed))
        own = [(variable, misfit) for variable, _, rules in found for misfit in rules.misfits]
        managed = [
            (member, misfit)
            for _, member, rules in found
            for misfit in (rules.policy.misfits if rules.policy is not None else ())
            if misfit.closed
        ]
        return (*own, *managed)

    def among(self, tools: Iterable[Named]) -> UserRules:
        """The rules for these tools. Run in a thread."""
        tools = list(tools)
        return self._replace(chosen=self.chosen.among(tools), confirmed=self.confirmed.among(tools))
