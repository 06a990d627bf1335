"""`uru-mcp doctor`: checks the settings, the service and the configurations of MCP clients, and writes a report.

It changes nothing, in Uru or on this machine.
"""
