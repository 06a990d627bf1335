"""Reads the environment into `Settings`; nothing else reads it.

It sends nothing and knows no MCP.
"""
