"""What a terminal would obey or hide, made visible: the one place that decides what may be written to a terminal.

A stranger can put such characters into a workspace's name, a tool's description, a server's name in a configuration or
a file's name. Redaction takes keys away, and this takes away what would move the cursor, set the clipboard, fake a
line or turn the text around.
"""

from __future__ import annotations

import json
import re
from typing import Any

REPLACEMENT = "\ufffd"

# C0 without tab and line feed, DEL, C1; line and paragraph separators; bidirectional controls; other format characters
# that show nothing; halves of surrogate pairs; tags. Joiners stay, since scripts and emoji are spelt with them.
OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def for_terminal(text: str) -> str:
    """The text without what a terminal would obey; its lines stay lines."""
    return OBEYED.sub(REPLACEMENT, text.replace("\r\n", "\n"))


def in_one_line(text: str) -> str:
    """The same for a name or another text that must not look like several lines."""
    return for_terminal(text).replace("\n", REPLACEMENT).replace("\t", " ")


def as_json(value: Any) -> str:
    """JSON for programs and people: it means the same, and holds nothing that a terminal would obey."""
    return OBEYED.sub(_escaped, json.dumps(value, indent=2, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1] if found[0] != "\x7f" else "\\u007f"
