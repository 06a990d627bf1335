"""Uru's pages about API keys, for a sandbox: server-rendered HTML on the port on which the API is served.

It reads and writes the sandbox's own data. What Claude sees it asks an `McpServer` that is handed in.
"""
