"""MCP Apps: the views (cards) that a host shows in the chat, and the metadata that announces them.

It knows neither HTTP nor permissions: everything that a view shows has passed the gate before.
"""
