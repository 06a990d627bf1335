"""Untrusted texts and JSON: parsing, size limits, quoting, key redaction, and escaping for terminals.

It does not know Uru, MCP, or what a text is for.
"""
