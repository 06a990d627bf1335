"""The MCP tools: definitions, listing, dispatch, and background runs.

It does not know the SDK's types or HTTP.
"""
