"""The client for Uru's HTTP API: endpoints, connections, retries, and parsing. The only user of httpx2.

It does not know which key may do what, and does not know MCP.
"""
