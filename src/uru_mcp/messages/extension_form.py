"""The form of the Claude Desktop extension: its fields, and how messages name them.

Who fills in the form never sees a variable, so in the extension a message names the field instead. `FIELDS` is the
definition for both: a test holds `bundle/manifest.json` to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

EXTENSION = "Uru"  # the extension's name in the client's settings
IN_EXTENSION = "URU_IN_EXTENSION"  # the variable that the extension's manifest sets, and nothing else

FIELDS: Mapping[str, str] = {
    "URU_API_KEY": "Uru API key",
    "URU_PERMISSIONS": "Permissions",
    "URU_WORKSPACE_ID": "Workspace",
    "URU_TOOLS": "Tools",
    "URU_CONFIRM": "Confirm",
    "URU_APPROVALS": "Approvals",
}
"""The title of the field for each variable that the form asks for."""


def named(variable: str) -> str:
    return f"the field “{FIELDS[variable]}” of the {EXTENSION} extension"


VARIABLE = re.compile(rf"\b(?:{'|'.join(FIELDS)})\b")

PHRASES: tuple[tuple[str, str], ...] = (
    ('), and to add the line "URU_PERMISSIONS": "', "), and to enter just those, such as "),
    ("\" with just those to the server's env, and to start the client again.", f", in {named('URU_PERMISSIONS')}."),
    ("URU_PERMISSIONS is not set", f"{named('URU_PERMISSIONS')} is blank"),
    ("URU_API_KEY is not set", "URU_API_KEY is blank"),
    ("own workspace, or remove it.", "own workspace, or leave it blank."),
    ("UUID, or remove it.", "UUID, or leave it blank."),
    ("*DELETE*, or remove it.", "*DELETE*, or leave it blank."),
    ("*SEND*, or remove it.", "*SEND*, or leave it blank."),
    ("ask or person, or remove it.", "ask or person, or leave it blank."),
    ("with URU_APPROVALS=person", f"with “person” in {named('URU_APPROVALS')}"),
    ("change or remove URU_WORKSPACE_ID", f"change or empty {named('URU_WORKSPACE_ID')}"),
    (
        " Or set URU_API_KEY_FILE to a file whose first line is the key, or URU_API_KEY_COMMAND to a command that"
        " prints it.",
        "",
    ),
    ("Check URU_PROXY_URL: it", "Check the network and its proxy: the address"),
    ("Check URU_PROXY_URL; a proxy", "Check the network: a proxy"),
    ("Check URU_PROXY_URL, the clock,", "Check the clock"),
    ("Set URU_AUDIT_LOG to see here how the key is used, day by day.", ""),
    (" and URU_PROXY_URL, and try again.", ", and try again."),
)
"""What is said about a setting, and what is said where the form is the only place to change it."""


def in_extension(text: str) -> str:
    """The text with the form's fields in the place of variables. Variables without a field stay as they are."""
    for about_variable, about_field in PHRASES:
        text = text.replace(about_variable, about_field)
    return VARIABLE.sub(_field, text)


def _field(found: re.Match[str]) -> str:
    name, before = named(found[0]), found.string[: found.start()]
    return f"{name[0].upper()}{name[1:]}" if not before or before.endswith(". ") else name
