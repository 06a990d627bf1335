"""Google ADK: the declarations for Gemini's API."""

from __future__ import annotations

import asyncio
from unittest.mock import MagicMock

from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams
from mcp import StdioServerParameters
from steps import ARGUMENTS, COMMAND, ENVIRONMENT, WITHIN, tell


async def main() -> None:
    server = StdioServerParameters(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT)
    toolset = McpToolset(connection_params=StdioConnectionParams(server_params=server, timeout=WITHIN))
    tools = {tool.name: tool for tool in await toolset.get_tools()}
    taken = [tool._get_declaration().name for tool in tools.values()]
    context = MagicMock()  # of an agent's run, of which a call without authentication wants nothing
    await tell(
        taken,
        lambda name, arguments: tools[name]._run_async_impl(args=arguments, tool_context=context, credential=None),
    )
    await toolset.close()


asyncio.run(main())
