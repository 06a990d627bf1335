"""The `platform` tools of the sandbox: records, automations and their runs.

They do not know HTTP.
"""
