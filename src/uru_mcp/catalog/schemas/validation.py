"""Validates a call's arguments against the tool's JSON Schema before anything is sent.

It uses the full schema, not the simplified one in the list, and repairs unambiguous mistakes. A schema that is invalid
or takes too long to validate blocks no call, since Uru validates again. External references are never fetched.
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

from uru_mcp.catalog.schemas.argument_repair import repaired
from uru_mcp.catalog.schemas.draft_translation import modern
from uru_mcp.catalog.schemas.validation_messages import Fault, problem
from uru_mcp.errors import ArgumentError
from uru_mcp.messages import call_messages, report_messages

BROKEN = (RecursionError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError)

SHOWN = 5
WORDED = 50  # errors that are formatted; several may give the same text
CHECK_WITHIN = 0.25  # seconds of processor time to validate one call; after that, only Uru validates
READ_WITHIN = 0.5  # seconds of processor time to build a validator, once for each schema

# A single step of these can take hours, or recurse without visiting another keyword.
UNBOUNDED = ("pattern", "patternProperties", "uniqueItems", "unevaluatedProperties", "unevaluatedItems")
INVERTING = (
    "not",
    "if",
    "contains",
    "disallow",
)  # with `oneOf`: if keywords inside are ignored, these would reject valid arguments

DEEPEST = 250  # levels of nested keywords; stays below Python's recursion limit, which crashes Rust code

FREE = 32  # steps before the first look at the clock, which small arguments do not take
LOOKS = 8  # steps between two looks at the clock, which takes longer than many a step

KEPT = 256  # cached validators


class _Known(NamedTuple):
    """A cached validator with its schema, since the id of a schema object may be reused.

    `validator` is None if the schema is invalid or took too long to read.
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
    """Validation takes too long."""


def accepted(
    tool: str, schema: dict[str, Any], arguments: dict[str, Any], *, trusted: bool, at: str = "arguments"
) -> dict[str, Any]:
    """Return the arguments, repaired if needed; they are valid or could not be validated within `CHECK_WITHIN`.

    `trusted` is whether we wrote the schema ourselves. In any other schema, the keywords in `UNBOUNDED` are ignored.
    `at` is the name of the arguments in errors. Thread-safe.

    Raises:
        ArgumentError: They are invalid; the message gives the path and the expected value.
    """
    _require_json(tool, arguments)
    validator = _known(schema, trusted=trusted)
    if validator is None:
        return arguments
    try:
        with _limited(CHECK_WITHIN):
            meant, errors = _put_right(validator, arguments, is_own=trusted)
    except (jsonschema.exceptions.UnknownType, Unresolvable, _TooLong, *BROKEN):
        return arguments  # the schema is invalid, as untrusted schemas often are
    if not errors:
        _require_json(tool, meant)
        return meant
    raise _misfit(tool, errors, at)


def _put_right(validator: Validator, arguments: dict[str, Any], *, is_own: bool) -> tuple[dict[str, Any], list[Fault]]:
    """The arguments with unambiguous faults repaired, and the remaining faults."""

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
        call_messages.ARGUMENTS_DO_NOT_FIT.format(tool=tool)
        + " ".join(f"{item['path']}: {item['problem']}." for item in wrong[:SHOWN])
        + (call_messages.AND_MORE_PROBLEMS.format(more=more) if more > 0 else "")
        + report_messages.AND_NOTHING_SENT,
        fix=call_messages.FITTING_ARGUMENTS,
        tool=tool,
        problems=wrong[:SHOWN],
    )


def _require_json(tool: str, arguments: dict[str, Any]) -> None:
    try:
        json.dumps(arguments, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError):
        raise ArgumentError(
            call_messages.NO_JSON.format(tool=tool),
            fix=call_messages.WITHOUT_NAN,
            tool=tool,
        ) from None


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise `_TooLong` when the block has used this many seconds of processor time.

    The time is checked for each keyword, error and subschema, so at most a single pass over the schema or the arguments
    runs between two checks.
    """
    reset = _budget.set(_Budget(seconds))
    try:
        yield
    finally:
        _budget.reset(reset)


def _known(schema: dict[str, Any], *, trusted: bool) -> Validator | None:
    """The cached validator of a schema; None if the schema cannot be used."""
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
    """Build a validator for a schema of any dialect; None if it cannot be read."""
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
    """The same validator class, with a time limit and without the ignored keywords."""
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
    """Rejects `1.0`, which JSON Schema allows but many programs do not: it is repaired to `1`."""
    return isinstance(instance, int) and not isinstance(instance, bool)


def _watched(step: Callable[..., Any]) -> Callable[..., Any]:
    """The same step into a subschema, even a boolean one, with a check of the time."""

    def watched(*facts: Any, **more: Any) -> Any:
        _budget.get().look()
        return step(*facts, **more)

    return watched


def _evolved(self: Any, **changes: Any) -> Any:
    """A validator of the same class for a subschema; jsonschema's own lets a subschema select another class."""
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
    """Wrap a rule for leftover properties: skip it if `patternProperties`, which may be ignored, may cover them."""

    def applied(validator: Any, wanted: Any, instance: Any, schema: Any) -> Any:
        return () if "patternProperties" in schema else rule(validator, wanted, instance, schema)

    return applied
