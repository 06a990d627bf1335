"""Agno: the functions of its toolkit for MCP."""

from __future__ import annotations

import asyncio

from agno.tools.mcp import MCPTools
from mcp import StdioServerParameters
from steps import ARGUMENTS, COMMAND, ENVIRONMENT, WITHIN, tell


async def main() -> None:
    server = StdioServerParameters(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT)
    async with MCPTools(server_params=server, timeout_seconds=WITHIN) as toolkit:
        functions = toolkit.functions
        taken = [one.to_dict()["name"] for one in functions.values()]
        await tell(taken, lambda name, arguments: functions[name].entrypoint(**arguments))


asyncio.run(main())
