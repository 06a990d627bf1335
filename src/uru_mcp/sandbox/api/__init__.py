"""The sandbox's HTTP API: routes, tool execution, fault injection, and a request log.

It does not know what a tool does.
"""
