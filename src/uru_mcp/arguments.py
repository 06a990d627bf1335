"""A call's arguments against its tool's JSON Schema, before anything is sent.

A schema that is itself broken blocks nothing: Uru checks again. Nothing is fetched, whatever a schema refers to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import cache
from itertools import count
from typing import Any, NamedTuple

import jsonschema
from jsonschema.protocols import Validator
from jsonschema.validators import extend, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from uru_mcp.errors import ArgumentError

BROKEN = (RecursionError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError)

SHOWN = 5
STEPS = 10_000  # keywords looked at; a schema that needs more is meant to stall, or might as well be

UNTRUSTED_KEYWORDS = ("pattern", "patternProperties", "uniqueItems")  # one step of these can take hours

KEPT = 256  # validators


class _Known(NamedTuple):
    """A validator, and what it was made from: an address alone may be that of another schema by now."""

    schema: dict[str, Any]
    trusted: bool
    validator: Validator


_validators: dict[int, _Known] = {}
_steps: ContextVar[Iterator[int]] = ContextVar("steps")


class _TooManySteps(Exception):
    """The schema takes too long to check against."""


def check(tool: str, schema: dict[str, Any], arguments: dict[str, Any], *, trusted: bool) -> None:
    """Let arguments through that fit the schema.

    `trusted` is whether Uru or we wrote the schema, and not an app or a customer.

    Raises:
        ArgumentError: They do not fit; it says at which path, and what was expected.
    """
    _require_json(tool, arguments)
    try:
        _steps.set(count())
        errors = sorted(_validator(schema, trusted=trusted).iter_errors(arguments), key=lambda error: error.json_path)
    except (jsonschema.SchemaError, Unresolvable, _TooManySteps, *BROKEN):
        return  # the schema is broken, in one of the many ways in which strangers break schemas
    if not errors:
        return
    wrong = [{"path": _path(error), "problem": _problem(error)} for error in errors[:SHOWN]]
    more = f" And {len(errors) - SHOWN} more." if len(errors) > SHOWN else ""
    raise ArgumentError(
        f"The arguments do not fit {tool}: "
        + " ".join(f"{item['path']}: {item['problem']}." for item in wrong)
        + f"{more} Nothing was sent to Uru.",
        fix="Call again with arguments that fit the tool's input schema.",
        tool=tool,
        problems=wrong,
    )


def _require_json(tool: str, arguments: dict[str, Any]) -> None:
    try:
        json.dumps(arguments, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError):
        raise ArgumentError(
            f"The arguments for {tool} are not JSON that can be sent. Nothing was sent to Uru.",
            fix="Call again without NaN, Infinity, halves of surrogate pairs and very deep nesting.",
            tool=tool,
        ) from None


def _validator(schema: dict[str, Any], *, trusted: bool) -> Validator:
    """A validator of the dialect that the schema names, made once for a schema that is used again and again.

    Raises:
        jsonschema.SchemaError: The schema is not a schema.
    """
    known = _validators.get(id(schema))
    if known is not None and known.schema is schema and known.trusted is trusted:
        return known.validator
    kind = validator_for(schema, default=jsonschema.Draft202012Validator)
    kind.check_schema(schema)
    validator: Validator = _bounded(kind, trusted=trusted)(schema, registry=Registry())
    while len(_validators) >= KEPT:
        del _validators[next(iter(_validators))]
    _validators[id(schema)] = _Known(schema, trusted, validator)
    return validator


@cache
def _bounded(kind: type[Validator], *, trusted: bool) -> Any:
    """The same kind of validator, which gives up after `STEPS`."""
    rules: dict[str, Any] = {name: _counted(rule) for name, rule in kind.VALIDATORS.items()}
    if not trusted:
        rules |= dict.fromkeys(UNTRUSTED_KEYWORDS)
    return extend(kind, validators=rules)  # type: ignore[no-untyped-call]


def _counted(rule: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*facts: Any) -> Any:
        if next(_steps.get()) > STEPS:
            raise _TooManySteps
        return rule(*facts)

    return counted


def _path(error: jsonschema.ValidationError) -> str:
    return "arguments" + error.json_path[1:]


def _problem(error: jsonschema.ValidationError) -> str:
    wanted: Any = error.validator_value
    if error.validator == "type":
        expected = wanted if isinstance(wanted, str) else " or ".join(map(str, wanted))
    elif error.validator == "enum":
        expected = f"one of {json.dumps(wanted, ensure_ascii=False)}"
    else:
        return error.message
    return f"expected {expected}, got {json.dumps(error.instance, ensure_ascii=False)}"
