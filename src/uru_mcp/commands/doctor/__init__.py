"""`uru-mcp doctor`: checks of the settings, the service and the configurations of clients, and its report.

It changes nothing, in Uru or on this machine.
"""
