"""The Python SDK 2.x."""

from __future__ import annotations

import asyncio

from mcp import Client, StdioServerParameters
from steps import ARGUMENTS, COMMAND, ENVIRONMENT, tell


async def main() -> None:
    async with Client(StdioServerParameters(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT)) as client:
        tools = (await client.list_tools()).tools
        found = await client.read_resource((await client.list_resources()).resources[0].uri)
        assert found.contents
        await tell([tool.name for tool in tools], client.call_tool)


asyncio.run(main())
