"""The MCP clients on this machine: where their configurations lie, what stands in them, and how to change that."""
