"""MCP Apps: the views that a host shows in the chat, and what they are given.

It knows no HTTP and no permission: what a view shows was let through the gate before.
"""
