"""`uru-mcp sandbox`: the commands that serve a sandbox and look after its keys.

It does not know the bridge.
"""
