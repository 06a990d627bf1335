"""Makes safe what others wrote: it reads, measures, quotes and redacts texts and JSON.

It does not know Uru, MCP, or what a text is for.
"""
