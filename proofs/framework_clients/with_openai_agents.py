"""OpenAI Agents: the function tools that an agent gets, in strict mode where a schema allows that."""

from __future__ import annotations

import asyncio
import json

from agents import Agent, RunContextWrapper
from agents.mcp import MCPServerStdio, MCPUtil
from agents.tool_context import ToolContext
from steps import ARGUMENTS, COMMAND, ENVIRONMENT, WITHIN, tell


async def main() -> None:
    server = MCPServerStdio(
        params={"command": COMMAND, "args": ARGUMENTS, "env": ENVIRONMENT}, client_session_timeout_seconds=WITHIN
    )
    async with server:
        made = await MCPUtil.get_function_tools(server, True, RunContextWrapper(None), Agent(name="proof"))
        tools = {tool.name: tool for tool in made}

        async def call(name: str, arguments: dict) -> object:
            text = json.dumps(arguments)
            context = ToolContext(None, tool_name=name, tool_call_id="call", tool_arguments=text)
            return await tools[name].on_invoke_tool(context, text)

        await tell(list(tools), call)


asyncio.run(main())
