"""The `uru-mcp sandbox` commands, which serve a sandbox and manage its keys.

It does not know the bridge.
"""
