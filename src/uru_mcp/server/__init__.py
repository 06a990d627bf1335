"""The MCP server on stdio: request handlers, SDK types, line framing, batches and the process lifecycle.

The only package that imports the MCP SDK. It does not know Uru's API.
"""
