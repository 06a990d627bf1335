"""Checking a call's arguments against the tool's JSON Schema.

A schema that is absent or broken checks nothing: definitions of strangers are listed as they are, oddities included.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def schema_of(definition: dict[str, Any]) -> Any:
    """The schema, wherever the definition has it: `inputSchema`, or `function.parameters`."""
    function = definition.get("function")
    return definition.get("inputSchema", function.get("parameters") if isinstance(function, dict) else None)


def complaint(schema: Any, arguments: dict[str, Any]) -> str | None:
    """What is wrong with the arguments, in a sentence that names the place; None when nothing is."""
    validator = _validator(json.dumps(schema))
    if validator is None:
        return None
    try:
        errors = sorted(validator.iter_errors(arguments), key=lambda error: error.json_path)
    except Exception:  # boundary: a reference to nowhere, a bad pattern; such a schema checks nothing
        return None
    if not errors:
        return None
    place = errors[0].json_path.removeprefix("$").removeprefix(".")
    return f"{place}: {errors[0].message}" if place else errors[0].message


@lru_cache(maxsize=2048)
def _validator(schema_text: str) -> Validator | None:
    # Importing jsonschema costs more than opening a sandbox, so it waits for the first call.
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    schema = json.loads(schema_text)
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        return None
    dialect = validator_for(schema, default=Draft202012Validator)
    try:
        dialect.check_schema(schema)
    except Exception:  # boundary: whatever is wrong with a stranger's schema, it checks nothing
        return None
    return dialect(schema, registry=Registry())  # an empty registry fetches nothing from the network
