"""Uru's records as MCP resources, prompts and completions, behind the permission gate.

It does not know the SDK's types.
"""
