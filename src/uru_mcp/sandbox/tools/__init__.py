"""The sandbox's tools, and the registry that finds them.

They do not know HTTP.
"""
