"""What a card shows of our own sentences, in the words for the person before it; the result itself is for the model."""

from __future__ import annotations

from uru_mcp.messages.person_wording import in_chat
from uru_mcp.messages.rewording import reworded
from uru_mcp.results.render import Rendered

TOLD = "uru-mcp/told"  # the key of a result's `_meta`, which hosts give to the view and keep from the model
OF_ERROR = ("message", "fix")
OF_REPORT = ("problems", "warnings", "tools")


def for_card(rendered: Rendered) -> Rendered:
    """The result with `_meta` for its card: `{"error": {"message", "fix"}}`, or these members of the report."""
    structure = rendered.structure
    if rendered.is_error:
        told = {"error": {name: structure["error"][name] for name in OF_ERROR}}
    else:
        told = {name: structure[name] for name in OF_REPORT if name in structure and "permissions" in structure}
    return rendered._replace(meta={**(rendered.meta or {}), TOLD: reworded(told, in_chat)}) if told else rendered
