"""The session with Uru: refreshes the key's status and the catalog, and sends tool calls with them.

It does not know MCP or how results are rendered.
"""
