"""The first messages of a client, answered without the MCP SDK, whose import takes longer than all else at the start.

It knows `initialize`, `notifications/initialized`, `ping` and the first `tools/list`, each in the form that clients
send, and gives the answers that the SDK gives. Whatever it does not know for certain is left to the SDK, which is then
told what was said before: `initialize` once more, under an id of ours, so that its second answer can be dropped.

Nothing here reads or writes, and little is imported.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from uru_mcp import __version__
from uru_mcp.own_tools import INSTRUCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uru_mcp.own_tools import Definition

VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
CAPABILITIES = {
    "completions": {},
    "prompts": {"listChanged": True},
    "resources": {"listChanged": True, "subscribe": False},
    "tools": {"listChanged": True},
}
NAMES = ("name", "version", "title", "description", "websiteUrl")  # of a client, each of them text
OF_SERVERS = ("tools", "prompts", "resources", "logging")  # capabilities that some clients state too, to no effect
LARGEST = 2**53  # of an id: whole numbers beyond it are not the same to all readers

Said = Literal["greeting", "nothing", "pong", "list"]


class Handshake:
    """What was said so far. `replay` are the lines that the SDK has to be told, and `own_id` is the id of the first.

    `is_over` is whether a line came that only the SDK can answer; it is the last one of the `replay`.
    """

    def __init__(self) -> None:
        self.own_id = f"handshake-{os.urandom(8).hex()}"
        self.is_over = False
        self._version: str | None = None
        self._is_ready = False
        self._told: list[str] = []
        self._list: tuple[int | str, str] | None = None
        self._is_listed = False

    @property
    def replay(self) -> list[str]:
        return self._told

    @property
    def has_begun(self) -> bool:
        return self._version is not None

    @property
    def awaits_list(self) -> bool:
        return self._list is not None and not self._is_listed

    def answer(self, line: str, instructions: Callable[[], str] = lambda: INSTRUCTIONS) -> str | None:
        """The answer to a line, as a line; None where there is none, or not here, or not yet, as for a list."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        said = None if self.is_over or "\\ud" in line.lower() else self._understood(message)
        if said is None:
            self.is_over = True
            self._told.append(line)
        if said == "pong":
            return _answered(message["id"], {})
        if said != "greeting":
            if said == "nothing":
                self._told.append(line)
            elif said == "list":
                self._list = (message["id"], line)
                self._told.append(line)
            return None
        self._version = message["params"]["protocolVersion"]
        self._told.append(json.dumps({**message, "id": self.own_id}) + "\n")
        return _answered(message["id"], self._greeting(self._version, instructions()))

    def listed(self, tools: Iterable[Definition], clean: Callable[[Any], Any]) -> str:
        """The answer to the first list, which the SDK is not told of then. `clean` takes away what may not leave."""
        if self._list is None or self._is_listed:
            raise AssertionError("unreachable")
        number, line = self._list
        self._is_listed = True
        self._told.remove(line)
        return _answered(number, clean({"tools": [_shown(one) for one in tools]}))

    def _understood(self, message: Any) -> Said | None:
        """What a message is; None where that is not certain."""
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return None
        params = message.get("params", {})
        if message.keys() <= {"jsonrpc", "method", "params"}:
            is_ready = message.get("method") == "notifications/initialized" and params == {}
            if not is_ready or not self.has_begun or self._is_ready:
                return None
            self._is_ready = True
            return "nothing"
        if message.keys() - {"params"} != {"jsonrpc", "id", "method"} or not _is_id(message["id"]):
            return None
        if message["method"] == "initialize":
            return "greeting" if not self.has_begun and _is_greeting(params) else None
        if params != {} or not self.has_begun:
            return None
        if message["method"] == "ping":
            return "pong"
        return "list" if message["method"] == "tools/list" and self._is_ready and self._list is None else None

    def _greeting(self, version: str, instructions: str) -> dict[str, Any]:
        return {
            "protocolVersion": version,
            "capabilities": CAPABILITIES,
            "serverInfo": {"name": "uru-mcp", "title": "Uru", "version": __version__},
            "instructions": instructions,
        }


def _is_greeting(params: Any) -> bool:
    if not isinstance(params, dict) or params.keys() != {"protocolVersion", "capabilities", "clientInfo"}:
        return False
    client, capabilities = params["clientInfo"], params["capabilities"]
    is_named = isinstance(client, dict) and {"name", "version"} <= client.keys() <= {*NAMES}
    is_told = is_named and all(isinstance(text, str) for text in client.values())
    return is_told and params["protocolVersion"] in VERSIONS and _are_capabilities(capabilities)


def _are_capabilities(told: Any) -> bool:
    """Whether these are capabilities of a client in the form that MCP gives them; of extensions, nothing is known."""
    if not isinstance(told, dict) or not told.keys() <= {"roots", "sampling", "elicitation", *OF_SERVERS}:
        return False
    roots = told.get("roots", {})
    if not isinstance(roots, dict) or not roots.keys() <= {"listChanged"}:
        return False
    if not all(isinstance(one, bool) for one in roots.values()):
        return False
    modes = {"sampling": {"tools", "context"}, "elicitation": {"form", "url"}}
    return all(
        isinstance(told.get(name, {}), dict)
        and told.get(name, {}).keys() <= known
        and all(one == {} for one in told.get(name, {}).values())
        for name, known in modes.items()
    )


def _is_id(number: Any) -> bool:
    if isinstance(number, str):
        return number.isprintable()
    return isinstance(number, int) and not isinstance(number, bool) and abs(number) < LARGEST


def _shown(tool: Definition) -> dict[str, Any]:
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.schema,
        "annotations": {
            "title": tool.title,
            "readOnlyHint": tool.read_only,
            "destructiveHint": tool.destructive,
            "idempotentHint": tool.idempotent,
            "openWorldHint": tool.open_world,
        },
    }


def _answered(number: int | str, result: dict[str, Any]) -> str:
    return (
        json.dumps({"jsonrpc": "2.0", "id": number, "result": result}, ensure_ascii=False, separators=(",", ":")) + "\n"
    )
