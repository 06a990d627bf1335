"""A call's arguments against its tool's JSON Schema, before anything is sent.

The whole schema counts here, whatever is listed of it; what is wrong and can only be meant in one way is put right. A
schema that is itself broken, or that takes too long to check against, blocks nothing: Uru checks again. Nothing is
fetched, whatever a schema refers to.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import jsonschema
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from uru_mcp import messages
from uru_mcp.argument_repair import repaired
from uru_mcp.errors import ArgumentError
from uru_mcp.schema_dialect import modern
from uru_mcp.schema_words import Fault, problem

BROKEN = (RecursionError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError)

SHOWN = 5
WORDED = 50  # errors that are put into words, of which several may be in the same
CHECK_WITHIN = 0.25  # seconds of processor time for the arguments of one call; then they count as checked by Uru alone
READ_WITHIN = 0.5  # seconds of processor time for making a validator of a schema, once

# One step of these can take hours, or recurses without another keyword being looked at.
UNBOUNDED = ("pattern", "patternProperties", "uniqueItems", "unevaluatedProperties", "unevaluatedItems")
INVERTING = (
    "not",
    "if",
    "contains",
    "disallow",
)  # and `oneOf`: with less to check inside, these would refuse what fits

DEEPEST = 250  # keywords inside one another; Python's own limit is not to be met, since code in Rust cannot bear it

FREE = 32  # steps before the first look at the clock, which small arguments do not take
LOOKS = 8  # steps between two looks at the clock, which takes longer than many a step

KEPT = 256  # validators


class _Known(NamedTuple):
    """A validator, and what it was made from: an address alone may be that of another schema by now.

    `validator` is None where the schema is broken or took too long to read.
    """

    schema: dict[str, Any]
    validator: Validator | None


_validators: dict[int, _Known] = {}
_making_room = threading.Lock()
_budget: ContextVar[_Budget] = ContextVar("budget")


@dataclass(slots=True)
class _Budget:
    """How long a check may go on, in processor time of this thread, and how many keywords it is inside of."""

    seconds: float
    until: float | None = None
    depth: int = 0
    looks: int = 0

    def look(self) -> None:
        """Raises: _TooLong."""
        self.looks += 1
        if self.depth > DEEPEST:
            raise _TooLong
        if self.looks < FREE or self.looks % LOOKS:
            return
        now = time.thread_time()
        if self.until is None:
            self.until = now + self.seconds
        elif now > self.until:
            raise _TooLong


class _TooLong(Exception):
    """The schema takes too long to check against."""


def accepted(
    tool: str, schema: dict[str, Any], arguments: dict[str, Any], *, trusted: bool, at: str = "arguments"
) -> dict[str, Any]:
    """The arguments in a form that fits the schema, or that cannot be checked in `CHECK_WITHIN` seconds.

    `trusted` is whether we wrote the schema ourselves. Of any other schema, the keywords in `UNBOUNDED` are ignored.
    `at` is what the arguments are called in errors. Several threads may check at once.

    Raises:
        ArgumentError: They do not fit; it says at which path, and what was expected.
    """
    _require_json(tool, arguments)
    validator = _known(schema, trusted=trusted)
    if validator is None:
        return arguments
    try:
        with _limited(CHECK_WITHIN):
            meant, errors = _put_right(validator, arguments, is_own=trusted)
    except (jsonschema.exceptions.UnknownType, Unresolvable, _TooLong, *BROKEN):
        return arguments  # the schema is broken, in one of the many ways in which strangers break schemas
    if not errors:
        _require_json(tool, meant)
        return meant
    raise _misfit(tool, errors, at)


def _put_right(validator: Validator, arguments: dict[str, Any], *, is_own: bool) -> tuple[dict[str, Any], list[Fault]]:
    """The arguments with what has one remedy remedied, and what still does not fit."""

    def faults(changed: dict[str, Any]) -> list[Fault]:
        return sorted(validator.iter_errors(changed), key=lambda error: error.json_path)

    errors = faults(arguments)
    if not errors:
        return arguments, []
    try:
        return repaired(arguments, errors, faults, is_own=is_own)
    except _TooLong:
        return arguments, errors


def _misfit(tool: str, errors: list[Fault], at: str) -> ArgumentError:
    told = dict.fromkeys((at + error.json_path[1:], problem(error)) for error in errors[:WORDED])
    wrong = [{"path": path, "problem": words} for path, words in told]
    more = len(wrong) - SHOWN + max(0, len(errors) - WORDED)
    return ArgumentError(
        messages.ARGUMENTS_DO_NOT_FIT.format(tool=tool)
        + " ".join(f"{item['path']}: {item['problem']}." for item in wrong[:SHOWN])
        + (messages.AND_MORE_PROBLEMS.format(more=more) if more > 0 else "")
        + messages.AND_NOTHING_SENT,
        fix=messages.FITTING_ARGUMENTS,
        tool=tool,
        problems=wrong[:SHOWN],
    )


def _require_json(tool: str, arguments: dict[str, Any]) -> None:
    try:
        json.dumps(arguments, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError):
        raise ArgumentError(
            messages.NO_JSON.format(tool=tool),
            fix=messages.WITHOUT_NAN,
            tool=tool,
        ) from None


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise `_TooLong` once the block has taken so many seconds of processor time.

    That is looked at for each keyword, each error and each part of a schema, so between two looks there is a single
    pass over the schema or the arguments.
    """
    reset = _budget.set(_Budget(seconds))
    try:
        yield
    finally:
        _budget.reset(reset)


def _known(schema: dict[str, Any], *, trusted: bool) -> Validator | None:
    """The validator of a schema, made once for one that is used again; None where the schema is of no use."""
    known = _validators.get(id(schema))
    if known is not None and known.schema is schema:
        return known.validator
    known = _Known(schema, _read(schema, trusted=trusted))
    with _making_room:
        while len(_validators) >= KEPT:
            del _validators[next(iter(_validators))]
        _validators[id(schema)] = known
    return known.validator


def _read(schema: dict[str, Any], *, trusted: bool) -> Validator | None:
    """A validator of the schema, whatever its dialect, or None where it cannot be read."""
    kind = jsonschema.Draft202012Validator
    try:
        schema = modern(schema)
        text = json.dumps(schema)
        with _limited(READ_WITHIN):
            reader = _bounded(kind, UNBOUNDED)(kind.META_SCHEMA)
            if next(reader.iter_errors(schema), None) is not None:
                return None
    except (Unresolvable, _TooLong, *BROKEN):
        return None
    ignored: tuple[str, ...] = () if trusted else UNBOUNDED
    if any(f'"{keyword}":' in text for keyword in ignored):
        ignored += INVERTING
    validator: Validator = _bounded(kind, ignored)(schema, registry=Registry())
    return validator


@cache
def _bounded(kind: type[Validator], ignored: tuple[str, ...]) -> Any:
    """The same kind of validator, which gives up when its time is over and knows nothing of the ignored keywords."""
    rules: dict[str, Any] = {name: _timed(rule) for name, rule in kind.VALIDATORS.items()} | dict.fromkeys(ignored)
    if "patternProperties" in ignored:
        rules["additionalProperties"] = _unless_patterns(rules["additionalProperties"])
    if "not" in ignored and "oneOf" in rules:
        rules["oneOf"] = rules["anyOf"]
    integers = kind.TYPE_CHECKER.redefine("integer", _is_integer)
    bounded: Any = extend(kind, validators=rules, type_checker=integers)  # type: ignore[no-untyped-call]
    bounded.evolve, bounded.descend = _evolved, _watched(bounded.descend)
    bounded.iter_errors = _watched(bounded.iter_errors)
    return bounded


def _is_integer(_: Any, instance: Any) -> bool:
    """Not `1.0`, which is one for JSON Schema and none for many a program: it is put right."""
    return isinstance(instance, int) and not isinstance(instance, bool)


def _watched(step: Callable[..., Any]) -> Callable[..., Any]:
    """The same step into a part of a schema, with a look at the time, also where the part is only true or false."""

    def watched(*facts: Any, **more: Any) -> Any:
        _budget.get().look()
        return step(*facts, **more)

    return watched


def _evolved(self: Any, **changes: Any) -> Any:
    """A validator of the same kind for a part of the schema; jsonschema's own lets each part name another one."""
    kept = {field.alias: getattr(self, field.name) for field in type(self).__attrs_attrs__ if field.init}
    return type(self)(**kept | changes)


def _timed(rule: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*facts: Any) -> Iterator[Any]:
        budget = _budget.get()
        budget.depth += 1
        budget.look()
        for error in rule(*facts) or ():
            budget.look()
            yield error
        budget.depth -= 1

    return timed


def _unless_patterns(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The rule for what is left over by `properties` and `patternProperties`: the latter can be of any kind."""

    def applied(validator: Any, wanted: Any, instance: Any, schema: Any) -> Any:
        return () if "patternProperties" in schema else rule(validator, wanted, instance, schema)

    return applied
