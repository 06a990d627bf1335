"""Uru's tools: loaded, named, searched, and kept on disk.

It does not know MCP, and calls no tool.
"""
