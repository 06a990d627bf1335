"""The configurations of MCP clients on this machine: found, read, and changed without touching the rest.

It does not know Uru or MCP.
"""
