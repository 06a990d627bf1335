"""The sandbox's web pages for API keys: server-rendered HTML on the same port as the API.

They read and write the sandbox's own data, and query an `McpServer` that is passed in for what Claude sees.
"""
