"""JSON Schemas of tools: made acceptable to every client, and checked in full at the call.

It does not know which tool a schema belongs to.
"""
