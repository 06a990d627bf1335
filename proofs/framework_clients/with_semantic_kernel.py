"""Semantic Kernel: the functions of a plugin, and what it tells OpenAI's API of them."""

from __future__ import annotations

import asyncio

from semantic_kernel import Kernel
from semantic_kernel.connectors.ai.function_calling_utils import kernel_function_metadata_to_function_call_format
from semantic_kernel.connectors.mcp import MCPStdioPlugin
from steps import ARGUMENTS, COMMAND, ENVIRONMENT, tell


async def main() -> None:
    kernel = Kernel()
    async with MCPStdioPlugin("uru", COMMAND, args=ARGUMENTS, env=ENVIRONMENT) as plugin:
        functions = kernel.add_plugin(plugin).functions
        prompts = {prompt.name for prompt in (await plugin.session.list_prompts()).prompts}
        shown = [one for one in functions.values() if one.name not in prompts]
        taken = [kernel_function_metadata_to_function_call_format(one.metadata)["function"]["name"] for one in shown]
        await tell(taken, lambda name, arguments: kernel.invoke(functions[name], **arguments))


asyncio.run(main())
