"""Texts and JSON of others: parsed, measured, quoted, redacted, and escaped for a terminal.

It does not know Uru, MCP, or what a text is for.
"""
