"""Understands a key as people paste it: in quotation marks, after `Bearer`, or with the name of its variable.

    export URU_API_KEY="uru_…"    $env:URU_API_KEY = 'uru_…'    Authorization: Bearer uru_…    "URU_API_KEY": "uru_…",

It removes only what cannot belong to a key, and does not check the rest.
"""

from __future__ import annotations

import re

from uru_mcp.untrusted_input.invisible_characters import visible

EDGES = " \t\r\n\"'`,;{}<>()[]\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb\u00a0"
PASTED = r"\x1b\[20[01]~"  # how a terminal marks what is pasted
LEAD = (  # compiled when it is needed, since a plain key does not need it
    r"(?:export|setx?|env|-h|--header|bearer|token|authorization|(?:x-)?(?:uru[-_ ])?api[-_ ]?key|\$(?:env:)?(?=uru_))"
    r"(?:[\"'`]?\s*[=:]\s*|[\"'`]?\s+|(?<=[:$]))"
)


def unwrapped(text: str) -> str:
    """The text without what is around the key. `{}` and the like are removed at its edges only."""
    text = visible(re.sub(PASTED, "", text))
    before = None
    while text != before:
        before = text
        text = text.strip(EDGES)
        lead = re.match(LEAD, text, re.IGNORECASE)
        if lead is not None and lead.end() < len(text):
            text = text[lead.end() :]
    return text
