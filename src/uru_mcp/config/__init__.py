"""Reads and validates the `URU_*` environment variables; no other package reads the environment.

It sends nothing and does not know MCP.
"""
