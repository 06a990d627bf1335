"""The HTTP API of the sandbox: routes, execution, faults, and a log of requests.

It does not know what a tool does.
"""
