"""The floor of the language: Python that reads lines and answers them by hand."""

from __future__ import annotations

import json
import sys

TOOL = {"name": "echo", "description": "Echo", "inputSchema": {"type": "object"}}

INFO = {"capabilities": {"tools": {}}, "serverInfo": {"name": "by hand", "version": "1"}}

for line in sys.stdin:
    request = json.loads(line)
    if "id" not in request:
        continue
    params = request.get("params", {})
    if request["method"] == "initialize":
        result = {"protocolVersion": params["protocolVersion"], **INFO}
    elif request["method"] == "tools/list":
        result = {"tools": [TOOL]}
    else:
        result = {"content": [{"type": "text", "text": str(params["arguments"])}]}
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
