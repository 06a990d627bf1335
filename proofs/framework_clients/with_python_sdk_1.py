"""The Python SDK 1.x."""

from __future__ import annotations

import asyncio

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from steps import ARGUMENTS, COMMAND, ENVIRONMENT, tell


async def main() -> None:
    server = StdioServerParameters(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT)
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        tools = (await session.list_tools()).tools
        found = await session.read_resource((await session.list_resources()).resources[0].uri)
        assert found.contents
        await tell([tool.name for tool in tools], session.call_tool)


asyncio.run(main())
