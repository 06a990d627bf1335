"""The key's status and the catalog at one moment, kept in step with Uru, and calls sent with them.

It does not know MCP or what a result looks like.
"""
