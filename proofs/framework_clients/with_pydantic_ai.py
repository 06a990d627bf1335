"""Pydantic AI: the definitions of an `MCPToolset`, which it validates."""

from __future__ import annotations

import asyncio

from fastmcp.client.transports import StdioTransport
from pydantic_ai import RunContext
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.test import TestModel
from pydantic_ai.usage import RunUsage
from steps import ARGUMENTS, COMMAND, ENVIRONMENT, WITHIN, tell


async def main() -> None:
    toolset = MCPToolset(StdioTransport(COMMAND, ARGUMENTS, env=ENVIRONMENT), init_timeout=WITHIN)
    context = RunContext(deps=None, model=TestModel(), usage=RunUsage())
    async with toolset:
        tools = await toolset.get_tools(context)
        await tell(list(tools), lambda name, arguments: toolset.call_tool(name, arguments, context, tools[name]))


asyncio.run(main())
