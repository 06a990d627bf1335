"""How much a stranger may write: the lengths of texts and the sizes of bodies and lists, in one place.

Text for people is cut and then ends in "…". An identifier is kept whole, or left out together with what it names:
half of one names something else. Nothing here knows what a text is for.
"""

from __future__ import annotations

LARGE = 64 * 1024  # bytes or characters: from here on, work is done in a thread

BODY = 32 * 1024 * 1024  # bytes of an answer, decoded
PARSED = 256 * 1024 * 1024  # bytes that the values of one JSON text may take in memory, estimated from above

IDENTIFIER = 500  # characters of the id of a record, of a tool, of an argument
TITLE = 200  # characters of what people call a namespace, a tool, a record
TOOL_DESCRIPTION = 4_000  # characters; a longer one helps nobody choose
DESCRIPTION = 300  # characters of a record's in a list
EXCERPT = 600  # characters that a search found in a record
TOOL_SCHEMA = 100_000  # characters of a tool's input schema as JSON

NAMESPACES = 2_000
TOOLS = 100_000  # in all namespaces together
CATALOG = 64 * 1024 * 1024  # characters of the descriptions and schemas of all tools together
LEFT_OUT = 1_000  # tools that are listed as left out; of more, it is said how many

PROMPT = 1_000_000  # characters of a prompt that is filled in, or of an agent's instructions before it
PROMPT_ARGUMENTS = 100
APPROVALS = 50  # that one run waits for
QUESTION = 2_000  # characters of what a person is to decide
CHOICES = 1_000  # values that a prompt offers for an argument


def cut(text: str, limit: int) -> str:
    """The text, or its beginning and "…" where it has more than `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
