"""Size limits for untrusted input: the lengths of texts and the sizes of bodies and lists.

Text for people is truncated and then ends in "…". An identifier that is too long is left out together with what it
names, since a truncated one could name something else. Nothing here knows what a text is for.
"""

from __future__ import annotations

LARGE = 64 * 1024  # bytes or characters; larger values are processed in a thread

BODY = 32 * 1024 * 1024  # bytes of a response body, decoded
PARSED = 256 * 1024 * 1024  # bytes of memory that the values of one JSON text may take, as an upper estimate

IDENTIFIER = 500  # characters of the id of a record, a tool or an argument
TITLE = 200  # characters of the title of a namespace, a tool or a record
TOOL_DESCRIPTION = 4_000  # characters; more does not help a model choose
DESCRIPTION = 300  # characters of a record's description in a list
EXCERPT = 600  # characters of a search excerpt
TOOL_SCHEMA = 100_000  # characters of a tool's input schema as JSON

NAMESPACES = 2_000
TOOLS = 100_000  # in all namespaces together
CATALOG = 64 * 1024 * 1024  # characters of the descriptions and schemas of all tools together
LEFT_OUT = 1_000  # tools that are listed as left out; the rest is only counted

PROMPT = 1_000_000  # characters of a rendered prompt, or of the agent's instructions before it
PROMPT_ARGUMENTS = 100
APPROVALS = 50  # pending approvals of one run
QUESTION = 2_000  # characters of an approval question
CHOICES = 1_000  # choices of a prompt's argument


def cut(text: str, limit: int) -> str:
    """The text, truncated to `limit` characters including a final "…" if it is longer."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
