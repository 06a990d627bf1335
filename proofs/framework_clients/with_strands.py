"""Strands Agents: the tools of its client for MCP, and their specifications for model APIs."""

from __future__ import annotations

import asyncio

from mcp import StdioServerParameters, stdio_client
from steps import ARGUMENTS, COMMAND, ENVIRONMENT, WITHIN, tell
from strands.tools.mcp import MCPClient

server = StdioServerParameters(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT)
with MCPClient(lambda: stdio_client(server), startup_timeout=WITHIN) as client:
    taken = [tool.tool_spec["name"] for tool in client.list_tools_sync()]
    asyncio.run(tell(taken, lambda name, arguments: client.call_tool_sync("call", name, arguments)))
