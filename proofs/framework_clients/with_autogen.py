"""AutoGen: the tools of its adapter, each with a model of pydantic, in one session."""

from __future__ import annotations

import asyncio

from autogen_core import CancellationToken
from autogen_ext.tools.mcp import StdioServerParams, create_mcp_server_session, mcp_server_tools
from steps import ARGUMENTS, COMMAND, ENVIRONMENT, WITHIN, tell


async def main() -> None:
    server = StdioServerParams(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT, read_timeout_seconds=WITHIN)
    async with create_mcp_server_session(server) as session:
        await session.initialize()
        tools = {tool.name: tool for tool in await mcp_server_tools(server, session=session)}
        taken = [tool.schema["name"] for tool in tools.values()]
        await tell(taken, lambda name, arguments: tools[name].run_json(arguments, CancellationToken()))


asyncio.run(main())
