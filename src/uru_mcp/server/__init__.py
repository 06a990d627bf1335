"""MCP over stdio: handlers, SDK types, lines and batches, and the process. The only owner of the SDK.

It does not know Uru's API.
"""
