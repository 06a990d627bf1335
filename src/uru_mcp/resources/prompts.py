"""MCP prompts: lists Uru's prompts under names made from their titles, and renders them with arguments.

Everything here needs Read, and any permission that Uru declares; `resource_requests.py` checks that.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import NamedTuple

from uru_mcp import limits
from uru_mcp.catalog.tool_names import prompt_names
from uru_mcp.errors import ArgumentError, Refused, UruError
from uru_mcp.messages import record_messages, report_messages
from uru_mcp.resources.cursors import decode, encode, given
from uru_mcp.resources.record_cache import PAGE, RecordCache, open_kinds
from uru_mcp.resources.resources import fitting
from uru_mcp.session.session import Snapshot
from uru_mcp.untrusted_input.json_fields import UnexpectedShape
from uru_mcp.untrusted_input.quoting import described, quoted
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.http_errors import shaped
from uru_mcp.uru.records import AGENTS, PROMPTS, Prompt, Variable, read_agent, read_prompt
from uru_mcp.uru.resource_uris import ResourceUri

PLACEHOLDER = re.compile(r"\{\{([^{}]++)\}\}")  # possessive, so that it runs in linear time
NOT_GIVEN = "(not given)"  # for optional arguments, since an empty gap would look intentional


class Offer(NamedTuple):
    """A prompt with its MCP name and all of its arguments."""

    name: str
    prompt: Prompt
    arguments: tuple[Variable, ...]


class Filled(NamedTuple):
    """A rendered prompt: texts in order, each a user message."""

    description: str
    messages: tuple[str, ...]


class Prompts:
    """Lists and renders prompts. Every method answers within `within` seconds, and raises what `Calls.run` raises."""

    def __init__(self, record_cache: RecordCache, redaction: Redaction) -> None:
        self._record_cache = record_cache
        self._redaction = redaction

    async def page(self, snapshot: Snapshot, cursor: str | None, *, within: float) -> tuple[list[Offer], str | None]:
        """A page of prompts and the cursor of the next page. The first page bypasses the cache.

        Raises, besides: `ArgumentError` for an invalid cursor.
        """
        start = place_of(cursor)
        if start == 0:
            self._record_cache.forget([PROMPTS])
        offers = await self._offers(snapshot, within=within)
        end = start + PAGE
        return offers[start:end], encode(end) if end < len(offers) else None

    async def fill(self, name: str, given: Mapping[str, str], snapshot: Snapshot, *, within: float) -> Filled:
        """The rendered prompt, after the instructions of its agent if it has one.

        Raises, besides: `ArgumentError` for an unknown prompt (`not_found`), an unknown argument, or a missing required
        argument.
        """
        until = time.monotonic() + within
        own = (await self._find(name, snapshot, within=within)).prompt.id
        record = await self._record_cache.get(
            PROMPTS, ResourceUri(PROMPTS.collection, own), snapshot, within=_left(until)
        )
        prompt = bounded(shaped(read_prompt, self._redaction.value(record)))
        _check(name, arguments_of(prompt), given)
        filled = filled_in(prompt.content or "", given)
        text = self._redaction.text(filled)  # the values come from the client, and may hold a key
        if prompt.agent is None:
            return Filled(prompt.description, (text,))
        instructions = await self._instructions(prompt.agent, snapshot, within=_left(until))
        if instructions is None:
            gone = record_messages.NO_INSTRUCTIONS
            return Filled(f"{prompt.description} ({gone})".strip(), (text,))
        return Filled(prompt.description, (instructions, text))

    async def complete(self, name: str, argument: str, typed: str, snapshot: Snapshot, *, within: float) -> list[str]:
        """The choices of a prompt's argument that match what was typed.

        Raises, besides: `ArgumentError` for an unknown prompt or argument.
        """
        if PROMPTS not in open_kinds(snapshot):
            return []
        offer = await self._find(name, snapshot, within=within)
        variable = next((one for one in offer.arguments if one.name == argument), None)
        if variable is None:
            raise _unknown_argument(name, argument, offer.arguments)
        return fitting(typed, ((choice, "") for choice in variable.choices))

    async def _offers(self, snapshot: Snapshot, *, within: float) -> list[Offer]:
        prompts: dict[str, Prompt] = {}
        async for record in self._record_cache.walk(PROMPTS, snapshot, within=within):
            try:
                prompt = bounded(read_prompt(self._redaction.value(record)))
            except UnexpectedShape:
                continue  # an invalid prompt does not affect the others
            if len(prompt.id) <= limits.IDENTIFIER:
                prompts.setdefault(prompt.id, prompt)
        names = prompt_names({own: prompt.title for own, prompt in prompts.items()})
        return [Offer(names[own], prompt, arguments_of(prompt)) for own, prompt in prompts.items()]

    async def _find(self, name: str, snapshot: Snapshot, *, within: float) -> Offer:
        for offer in await self._offers(snapshot, within=within):
            if offer.name == name:
                return offer
        raise ArgumentError(
            record_messages.NO_SUCH_PROMPT.format(name=quoted(name, 100)),
            fix=record_messages.LIST_PROMPTS_AGAIN,
            code="not_found",
        )

    async def _instructions(self, agent: str, snapshot: Snapshot, *, within: float) -> str | None:
        if AGENTS not in open_kinds(snapshot):
            return None
        try:
            record = await self._record_cache.get(
                AGENTS, ResourceUri(AGENTS.collection, agent), snapshot, within=within
            )
        except UruError as error:
            if error.code == "not_found":
                return None
            raise
        name, told = read_agent(record)
        _require_length(record_messages.THE_AGENTS_INSTRUCTIONS, len(told or ""))
        called = quoted(self._redaction.text(name or agent), limits.TITLE)
        return told and report_messages.TAKE_THE_PART.format(called=called, told=told)


def bounded(prompt: Prompt) -> Prompt:
    """The prompt with texts and lists truncated to the limits; arguments with too long names are left out."""
    variables = tuple(
        one._replace(
            description=limits.cut(described(one.description), limits.DESCRIPTION),
            choices=tuple(choice for choice in one.choices[: limits.CHOICES] if len(choice) <= limits.IDENTIFIER),
        )
        for one in prompt.variables
        if len(one.name) <= limits.IDENTIFIER
    )
    return prompt._replace(
        title=quoted(prompt.title, limits.TITLE) or quoted(prompt.id, limits.TITLE),
        description=limits.cut(described(prompt.description), limits.DESCRIPTION),
        variables=variables[: limits.PROMPT_ARGUMENTS],
    )


def place_of(cursor: str | None) -> int:
    """The index at which a page begins. Raises: `ArgumentError` for an invalid cursor."""
    place: int = 0 if given(cursor) is None else decode(cursor or "", int)[0]
    return place


def arguments_of(prompt: Prompt) -> tuple[Variable, ...]:
    """The prompt's variables, and every placeholder that is not declared as one, since it must be filled in too."""
    declared = {variable.name for variable in prompt.variables}
    holes = dict.fromkeys(filter(None, map(_name_in, PLACEHOLDER.finditer(prompt.content or ""))))
    undeclared = [Variable(name, "", required=True) for name in holes if name not in declared]
    return (*prompt.variables, *undeclared)[: limits.PROMPT_ARGUMENTS]


def filled_in(content: str, given: Mapping[str, str]) -> str:
    """The text with a value for each placeholder. Raises: `Refused` (`too_large`) when the result is too long."""
    values = {variable: text for variable, text in given.items() if text.strip()}

    def value_for(hole: re.Match[str]) -> str:
        name = _name_in(hole)
        return hole[0] if name is None else values.get(name, NOT_GIVEN)

    holes = PLACEHOLDER.finditer(content)
    _require_length("The prompt", len(content) + sum(len(value_for(hole)) - len(hole[0]) for hole in holes))
    return PLACEHOLDER.sub(value_for, content)


def _name_in(hole: re.Match[str]) -> str | None:
    """The argument that a placeholder names; None if the name is blank or too long, so that it is plain text."""
    name = hole[1].strip()
    return name if 0 < len(name) <= limits.IDENTIFIER else None


def _require_length(what: str, length: int) -> None:
    if length > limits.PROMPT:
        raise Refused(
            record_messages.PROMPT_TOO_LONG.format(what=what, length=length, prompt=limits.PROMPT),
            fix=record_messages.SHORTER_VALUES,
            code="too_large",
        )


def _check(name: str, arguments: tuple[Variable, ...], given: Mapping[str, str]) -> None:
    for unknown in given.keys() - {one.name for one in arguments}:
        raise _unknown_argument(name, unknown, arguments)
    missing = [one.name for one in arguments if one.required and not given.get(one.name, "").strip()]
    if missing:
        raise ArgumentError(
            record_messages.PROMPT_LACKS.format(
                name=name, value=", ".join(quoted(one, limits.TITLE) for one in missing)
            ),
            fix=record_messages.GIVE_THEM_VALUES,
            missing=missing,
        )


def _unknown_argument(name: str, argument: str, arguments: tuple[Variable, ...]) -> ArgumentError:
    known = ", ".join(quoted(one.name, limits.TITLE) for one in arguments) or "no argument"
    return ArgumentError(
        record_messages.NO_SUCH_ARGUMENT.format(name=name, argument=quoted(argument, 100)),
        fix=record_messages.TAKES_THESE.format(known=known),
    )


def _left(until: float) -> float:
    return until - time.monotonic()
