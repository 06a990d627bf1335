"""What a call returns: attributed, redacted, cut to a budget, and rendered.

It does not know MCP's types or where a result came from.
"""
