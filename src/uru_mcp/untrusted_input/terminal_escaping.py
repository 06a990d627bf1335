"""Escapes control sequences in terminal output: the only place that decides what may be written to a terminal.

Untrusted text can be in a workspace's name, a tool's description, a server's name in a configuration or a file name.
Redaction removes keys; this module replaces characters that would move the cursor, set the clipboard, fake a line or
reverse the text direction.
"""

from __future__ import annotations

import json
import re
from typing import Any

REPLACEMENT = "\ufffd"

# C0 without tab and line feed, DEL, C1; line and paragraph separators; bidirectional controls; other invisible format
# characters; lone surrogates; tags. Joiners stay, since scripts and emoji need them.
OBEYED = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def for_terminal(text: str) -> str:
    """The text with control characters replaced; line breaks stay."""
    return re.sub(OBEYED, REPLACEMENT, text.replace("\r\n", "\n"))


def in_one_line(text: str) -> str:
    """Like `for_terminal`, for a name or another text that must stay on one line."""
    return for_terminal(text).replace("\n", REPLACEMENT).replace("\t", " ")


def as_json(value: Any) -> str:
    """Indented JSON with control characters escaped, so that its meaning is unchanged."""
    return re.sub(OBEYED, _escaped, json.dumps(value, indent=2, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1] if found[0] != "\x7f" else "\\u007f"
