"""JSON Schemas of tools: simplified for clients, and used in full to validate calls.

It does not know which tool a schema belongs to.
"""
