"""LangChain: tools of `langchain-mcp-adapters`, as functions of OpenAI's API, each call with a process of its own."""

from __future__ import annotations

import asyncio

from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_mcp_adapters.client import MultiServerMCPClient
from steps import ARGUMENTS, COMMAND, ENVIRONMENT, tell


async def main() -> None:
    server = {"transport": "stdio", "command": COMMAND, "args": ARGUMENTS, "env": ENVIRONMENT}
    client = MultiServerMCPClient({"uru": server})
    tools = {tool.name: tool for tool in await client.get_tools()}
    converted = [convert_to_openai_tool(tool)["function"]["name"] for tool in tools.values()]
    await tell(converted, lambda name, arguments: tools[name].ainvoke(arguments))


asyncio.run(main())
