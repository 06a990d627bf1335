"""The service that is measured against, in a process of its own: `python -m benchmarks.service TOOLS MS [DIFFERENCE]`.

A sandbox on a loopback socket with so many synthetic tools, which answers each request that much later. It prints the
variables that lead to it, as one line of JSON, once its lists are made, as Uru has them ready too; it ends with stdin.
"""

from __future__ import annotations

import asyncio
import json
import sys

import httpx2

from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving


async def main(tools: int, milliseconds: int, unlike: list[str]) -> None:
    sandbox = Sandbox.open(tools=tools, unlike=unlike)
    key = sandbox.keys.create(name="benchmark", workspace="Acme", permissions={"read", "write", "execute"}).text
    async with serving(sandbox) as url:
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=60) as http:
            for namespace in (await http.get("/namespaces")).json()["namespaces"]:
                await http.get(f"/list/apps/{namespace['name']}/tools")
        if milliseconds:
            sandbox.faults.delay("/", milliseconds / 1000)
        print(json.dumps({"URU_PROXY_URL": url, "URU_API_KEY": key}), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
