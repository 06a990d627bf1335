"""Merges the combinators of an object schema (`allOf`, `anyOf`, `if` and so on) into one set of properties.

The result allows everything that the schema allows, and may allow more: it is for display, not for validation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from uru_mcp.catalog.schemas.draft_translation import Schema, target_of
from uru_mcp.messages import call_messages

CHOICES = ("anyOf", "oneOf")
CONDITIONS = ("then", "else")
FOLLOWED = 20  # levels of nested references and combinators
LARGEST = 2_000  # parts of combinators in one document


@dataclass(slots=True)
class Gathered:
    """The properties of an object, each with all its schemas, and the required ones.

    `choices` lists, for each choice, the groups of properties of which one is required.
    """

    properties: dict[str, list[Any]] = field(default_factory=dict)
    required: dict[str, None] = field(default_factory=dict)
    choices: list[list[tuple[str, ...]]] = field(default_factory=list)
    is_open: bool = False

    def add(self, name: str, schema: Any) -> None:
        said = self.properties.setdefault(name, [])
        if schema not in said and len(said) < FOLLOWED:
            said.append(schema)


class Reader:
    """Merges the schemas of one document, `root`; stops after `LARGEST` schemas."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = LARGEST

    def whole(self, schema: Schema, seen: tuple[str, ...]) -> tuple[Schema, tuple[str, ...]]:
        """The schema with its reference and `allOf` resolved, and the references that were followed.

        A reference that was already followed stays as `$ref`.
        """
        for _ in range(FOLLOWED):
            reference = schema.get("$ref")
            if reference is None or reference in seen:
                break
            seen = (*seen, reference)
            own = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
            target = target_of(reference, self._root)
            schema = merged(target if isinstance(target, dict) else {}, own)
        made = {keyword: value for keyword, value in schema.items() if keyword != "allOf"}
        for part in schema.get("allOf", ()):
            self._left -= 1
            if isinstance(part, dict) and self._left > 0:
                made = merged(self.whole(part, seen)[0], made)
        return made, seen

    def kind_behind(self, reference: str) -> Any:
        """The type of a reference's target."""
        target = target_of(reference, self._root)
        return target.get("type") if isinstance(target, dict) else None

    def gathered(self, schema: Schema, seen: tuple[str, ...], depth: int = 0) -> Gathered:
        """Collect everything that an object schema says about its properties, in any of its parts."""
        schema, seen = self.whole(schema, seen)
        required = dict.fromkeys(schema.get("required", ()))
        found = Gathered(required=required, is_open="patternProperties" in schema or "$ref" in schema)
        for name, inner in schema.get("properties", {}).items():
            found.add(name, inner)
        for keyword in CHOICES:
            _add_choice(found, self._inner(schema.get(keyword, ()), seen, depth))
        conditional = [schema[keyword] for keyword in CONDITIONS if keyword in schema]
        _add_properties(found, self._inner([*conditional, *schema.get("dependentSchemas", {}).values()], seen, depth))
        return found

    def _inner(self, schemas: Iterable[Any], seen: tuple[str, ...], depth: int) -> list[Gathered]:
        inner = [one for one in schemas if isinstance(one, dict)]
        self._left -= len(inner)
        if depth > FOLLOWED or self._left < 0:
            return [Gathered(is_open=True)] if inner else []
        return [self.gathered(one, seen, depth + 1) for one in inner]


def merged(one: Schema, other: Schema) -> Schema:
    """Merge two schemas that must both hold; for keywords that cannot be merged, `other` wins."""
    made = {**one, **other}
    if "properties" in one and "properties" in other:
        made["properties"] = {**one["properties"], **other["properties"]}
        for name in one["properties"].keys() & other["properties"].keys():
            pair = one["properties"][name], other["properties"][name]
            if isinstance(pair[0], dict) and isinstance(pair[1], dict):
                made["properties"][name] = {**pair[0], **pair[1]}
    if "required" in one and "required" in other:
        made["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    for keyword in CHOICES:  # two choices that both apply: keep both, one under the other keyword
        if keyword in one and keyword in other:
            made["anyOf" if keyword == "oneOf" else "oneOf"] = one[keyword]
    return made


def _add_choice(found: Gathered, branches: list[Gathered]) -> None:
    if not branches:
        return
    _add_properties(found, branches)
    always = set.intersection(*(set(branch.required) for branch in branches))
    found.required |= {name: None for name in branches[0].required if name in always}
    groups = [tuple(name for name in branch.required if name not in found.required) for branch in branches]
    if any(groups):
        found.choices.append([group for group in dict.fromkeys(groups) if group])
    for branch in branches:
        found.choices += branch.choices


def _add_properties(found: Gathered, branches: Iterable[Gathered]) -> None:
    own = set(found.properties)
    for branch in branches:
        found.is_open = True
        for name, said in branch.properties.items():
            for one in said:
                if name not in own or not _says_kind(found.properties[name][0]):
                    found.add(name, one)


def _says_kind(schema: Any) -> bool:
    return isinstance(schema, dict) and bool(schema.keys() & {"type", "enum", "const", "$ref", *CHOICES, "allOf"})


def in_words(choices: list[list[tuple[str, ...]]]) -> str:
    """``Give one of: `a`; `b` and `c`.``, or nothing."""
    sentences = []
    for groups in choices[:3]:
        told = ["; ".join(" and ".join(f"`{name}`" for name in group[:6]) for group in groups[:8])]
        is_one = len(groups) == 1
        sentences.append(
            call_messages.MAY_NEED.format(told=told[0]) if is_one else call_messages.GIVE_ONE_OF.format(told=told[0])
        )
    return " ".join(sentences)
