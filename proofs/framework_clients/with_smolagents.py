"""smolagents: the tools of its client for MCP, of which it shows a model the first text alone."""

from __future__ import annotations

import asyncio

from mcp import StdioServerParameters
from smolagents import MCPClient
from steps import ARGUMENTS, COMMAND, ENVIRONMENT, WITHIN, tell

server = StdioServerParameters(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT)
with MCPClient(server, adapter_kwargs={"connect_timeout": WITHIN}, structured_output=False) as made:
    tools = {tool.name: tool for tool in made}
    asyncio.run(tell(list(tools), lambda name, arguments: tools[name](**arguments)))
