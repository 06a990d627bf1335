"""LlamaIndex: function tools, each with a model of pydantic, and what it tells OpenAI's API of them."""

from __future__ import annotations

import asyncio

from llama_index.tools.mcp import BasicMCPClient, McpToolSpec
from steps import ARGUMENTS, COMMAND, ENVIRONMENT, WITHIN, tell


async def main() -> None:
    client = BasicMCPClient(COMMAND, args=ARGUMENTS, env=ENVIRONMENT, timeout=WITHIN)
    tools = {tool.metadata.name: tool for tool in await McpToolSpec(client).to_tool_list_async()}
    taken = [tool.metadata.to_openai_tool(skip_length_check=True)["function"]["name"] for tool in tools.values()]
    await tell(taken, lambda name, arguments: tools[name].acall(**arguments))


asyncio.run(main())
