"""The tool catalog: loads, names, searches and caches Uru's tools.

It does not know MCP, and never calls a tool.
"""
