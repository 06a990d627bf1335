"""CrewAI: the tools of its adapter for MCP, each with a model of pydantic that is made from its schema."""

from __future__ import annotations

import asyncio

from crewai_tools import MCPServerAdapter
from mcp import StdioServerParameters
from steps import ARGUMENTS, COMMAND, ENVIRONMENT, WITHIN, tell

server = StdioServerParameters(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT)
with MCPServerAdapter(server, connect_timeout=WITHIN) as made:
    tools = {tool.name: tool for tool in made}
    asyncio.run(tell(list(tools), lambda name, arguments: tools[name].run(**arguments)))
