"""The MCP tools that we show: definitions, listing, dispatch, and runs in the background.

It does not know the SDK's types or HTTP.
"""
