"""The tools of the sandbox, and the registry that finds them.

They do not know HTTP.
"""
