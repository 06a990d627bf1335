"""Uru's own tools in the sandbox: records, automations and their runs.

They do not know HTTP.
"""
