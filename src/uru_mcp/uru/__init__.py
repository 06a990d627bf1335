"""Uru's HTTP API: endpoints, HTTP, retries, answers as values, and refusals as errors. The only owner of httpx2.

It does not know which key may do what, and no MCP.
"""
