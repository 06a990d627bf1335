"""Validates a call's arguments against the tool's JSON Schema.

A missing or invalid schema accepts everything, since definitions from catalog files may contain errors.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def schema_of(definition: dict[str, Any]) -> Any:
    """The schema from either field that definitions use: `inputSchema` or `function.parameters`."""
    function = definition.get("function")
    return definition.get("inputSchema", function.get("parameters") if isinstance(function, dict) else None)


def complaint(schema: Any, arguments: dict[str, Any]) -> str | None:
    """A sentence that says what is wrong with the arguments, and where; None if they are valid."""
    validator = _validator(json.dumps(schema))
    if validator is None:
        return None
    try:
        errors = sorted(validator.iter_errors(arguments), key=lambda error: error.json_path)
    except Exception:  # boundary: an unresolvable reference or an invalid pattern; such a schema accepts everything
        return None
    if not errors:
        return None
    place = errors[0].json_path.removeprefix("$").removeprefix(".")
    return f"{place}: {errors[0].message}" if place else errors[0].message


@lru_cache(maxsize=2048)
def _validator(schema_text: str) -> Validator | None:
    # Importing jsonschema takes longer than opening a sandbox, so it is deferred to the first call.
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    schema = json.loads(schema_text)
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        return None
    dialect = validator_for(schema, default=Draft202012Validator)
    try:
        dialect.check_schema(schema)
    except Exception:  # boundary: an invalid schema of any kind accepts everything
        return None
    return dialect(schema, registry=Registry())  # an empty registry fetches nothing from the network
