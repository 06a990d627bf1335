"""Finds, reads and edits the configuration files of MCP clients, in place and with backups.

It does not know Uru or MCP.
"""
