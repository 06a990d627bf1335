"""A call's arguments against its tool's JSON Schema, before anything is sent.

A schema that is itself broken blocks nothing: Uru checks again. Nothing is fetched, whatever a schema refers to.
"""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from jsonschema.protocols import Validator
from jsonschema.validators import extend, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from uru_mcp.errors import ArgumentError

SHOWN = 5
SHOWN_CHARS = 200

UNTRUSTED_KEYWORDS = ("pattern", "patternProperties")  # a stranger's regular expression can run for hours


def check(tool: str, schema: dict[str, Any], arguments: dict[str, Any], *, trusted: bool) -> None:
    """Let arguments through that fit the schema.

    Raises:
        ArgumentError: They do not; it says at which path, and what was expected.
    """
    try:
        errors = sorted(_validator(schema, trusted=trusted).iter_errors(arguments), key=lambda error: error.json_path)
    except (jsonschema.SchemaError, Unresolvable, RecursionError, TypeError, ValueError, AttributeError, KeyError):
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


def _validator(schema: dict[str, Any], *, trusted: bool) -> Validator:
    """A validator of the dialect that the schema names.

    Raises:
        jsonschema.SchemaError: The schema is not a schema.
    """
    kind = validator_for(schema, default=jsonschema.Draft202012Validator)
    kind.check_schema(schema)
    if not trusted:
        kind = extend(kind, validators=dict.fromkeys(UNTRUSTED_KEYWORDS))  # type: ignore[no-untyped-call]
    return kind(schema, registry=Registry())


def _path(error: jsonschema.ValidationError) -> str:
    return "arguments" + error.json_path[1:]


def _problem(error: jsonschema.ValidationError) -> str:
    got = json.dumps(error.instance, ensure_ascii=False)[:80]
    wanted: Any = error.validator_value
    if error.validator == "type":
        return _short(f"expected {wanted if isinstance(wanted, str) else ' or '.join(map(str, wanted))}, got {got}")
    if error.validator == "enum":
        return _short(f"expected one of {json.dumps(wanted, ensure_ascii=False)}, got {got}")
    return _short(error.message)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
