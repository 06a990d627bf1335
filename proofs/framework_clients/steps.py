"""What each client does with the server, and how it tells what it saw: a line of JSON on stdout.

It runs in the environment of a framework, and imports nothing but the standard library.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable
from typing import Any

COMMAND, *ARGUMENTS = json.loads(os.environ.get("PROOF_SERVER", '["uru-mcp", "--sandbox"]'))
ENVIRONMENT = {"URU_DIRECT_TOOLS": "all", **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}}
WITHIN = 60  # seconds that a client waits for an answer, where it can be told

NOTE = os.environ.get("PROOF_NOTE", "a note")
STEPS = {
    "resource": ("uru_read_resource", {"uri": "uru://contexts/ctx_acme_prices"}, "Barista One"),
    "read": ("uru_read", {"tool": "platform__context_query", "input": {"op": "list"}}, "ctx_acme_prices"),
    "wrote": (
        "uru_write",
        {"tool": "platform__context_edit", "input": {"op": "create", "title": NOTE, "content": "Written by a proof."}},
        NOTE,
    ),
    "ran": ("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": NOTE}}, NOTE),
}
"""The tool that is called, its arguments, and what its answer must hold."""


async def tell(taken: list[str], call: Callable[[str, dict[str, Any]], Any]) -> None:
    """Take the steps, and print what came of them. `taken` are the names of the tools that the framework made."""
    seen: dict[str, Any] = {"taken": len(taken)}
    for step, (tool, arguments, wanted) in STEPS.items():
        try:
            answer = call(tool, json.loads(json.dumps(arguments)))
            text = str(await answer if inspect.isawaitable(answer) else answer)
            seen[step] = wanted in text
            if not seen[step]:
                seen.setdefault("trouble", f"{step}: {text[:300]}")
        except Exception as error:  # boundary: whatever a framework raises is what is to be seen
            seen[step] = False
            seen.setdefault("trouble", f"{step}: {type(error).__name__}: {error}"[:300])
    print(f"\n{json.dumps(seen)}", flush=True)
