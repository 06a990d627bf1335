"""Tool results: attribution, redaction, truncation to a budget, and rendering as text and JSON.

It does not know MCP's types or where a result came from.
"""
