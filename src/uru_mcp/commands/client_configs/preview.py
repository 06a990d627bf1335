"""Shows a planned change as a diff of the server's entry, with secrets masked.

The rest of the file is private and is never shown, even if the whole file is on one line.
"""

from __future__ import annotations

import re
import sys
from difflib import unified_diff
from typing import Any

from uru_mcp.commands.client_configs.document import as_text
from uru_mcp.commands.client_configs.entry import KEY, OWN_WORDS
from uru_mcp.commands.client_configs.entry_shape import Shape
from uru_mcp.commands.client_configs.launch import current_command
from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.commands.client_configs.network_environment import NAMES, holds_password
from uru_mcp.commands.client_configs.planned_change import Change, server_of
from uru_mcp.config.parsing import base_url, split_command
from uru_mcp.config.settings import VARIABLES
from uru_mcp.credentials.api_key import Key
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.untrusted_input.terminal_escaping import as_json, in_one_line

MASK = "…"
KEY_INSIDE = re.compile(r"uru_(?=[!-~]*[0-9])[!-~]{8,}")


def difference(change: Change, name: str) -> str:
    """What would happen to the server of this name, followed by a diff of its entry.

    Raises: `ConfigurationError`.
    """
    old, new = (server_of(one, name) for one in (change.before, change.after))
    was, will_be = (_lines(change.configuration, name, entry) for entry in (old, new))
    headed = unified_diff(was, will_be, n=len(was) + len(will_be), lineterm="")
    lines = [*headed][3:] or [
        "  (only in values that are not shown here)"
    ]  # without the header, which names files and positions
    return Redaction().text("\n".join([f"{in_one_line(str(change.path))}: {_what_happens(change, name, old)}", *lines]))


def _what_happens(change: Change, name: str, old: Any) -> str:
    if change.before is None:
        return f"the file would be created, with the server “{name}”"
    if change.after is None:
        return f"the file would be removed, since it contains only the server “{name}”"
    if server_of(change.after, name) is None:
        return f"the server “{name}” would be removed"
    return f"the server “{name}” would be {'added' if old is None else 'changed'}"


def _lines(configuration: Configuration, name: str, entry: Any) -> list[str]:
    """The entry as the client's file has it."""
    if entry is None:
        return []
    client = configuration.client
    if not isinstance(entry, dict):
        return [MASK]
    shown = {field: _masked(field, value, client.shape) for field, value in entry.items()}
    if client.syntax in ("toml", "yaml"):
        return [in_one_line(line) for line in as_text(configuration, name, shown).splitlines()]
    return as_json(shown).split("\n")


def _masked(name: str, value: Any, shape: Shape) -> Any:
    if name == shape.env and isinstance(value, dict):
        return {variable: _masked_variable(variable, inner) for variable, inner in value.items()}
    if name == shape.command and isinstance(value, list):
        return [*map(_masked_program, value[:1]), *map(_masked_word, value[1:])]
    if name == shape.args and isinstance(value, list):
        return [*map(_masked_word, value)]
    if name == shape.command:
        return _masked_program(value)
    is_ours = value in (shape.always.get(name), shape.unless_set.get(name))
    is_name = name == shape.name and isinstance(value, str) and re.fullmatch(r"[\w-]+", value)
    return value if is_ours or is_name or isinstance(value, bool) else MASK


def _masked_program(value: Any) -> Any:
    is_ours = value in (sys.executable, current_command()[0])
    is_single = isinstance(value, str) and not re.search(r"\s", value)  # with blanks, it may contain arguments
    return value if is_ours or is_single else MASK


def _masked_word(value: Any) -> Any:
    return value if value in OWN_WORDS else MASK


def _masked_variable(name: str, value: Any) -> Any:
    if not isinstance(value, str) or name not in (*VARIABLES, *NAMES) or (name in NAMES and holds_password(value)):
        return MASK
    try:
        return SHOWN.get(name, _as_it_is)(value)
    except ValueError:
        return MASK


def _key(value: str) -> str:
    return value if value == KEY[1] else f"uru_…{Key(value).last4}"


def _program(value: str) -> str:
    """A command without its arguments, which may contain or locate a secret."""
    program, *arguments = split_command(value)
    return f"{_as_it_is(program)} {MASK}" if arguments else _as_it_is(program)


def _as_it_is(value: str) -> str:
    """The value itself. Raises: ValueError if it contains a key by mistake."""
    if KEY_INSIDE.search(value):
        raise ValueError("it contains a key")
    return value


SHOWN = {KEY[0]: _key, "URU_API_KEY_COMMAND": _program, "URU_PROXY_URL": base_url}
