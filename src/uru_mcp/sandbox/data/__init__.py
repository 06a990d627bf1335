"""The data of the sandbox: its database, its keys and callers, paging and search.

It does not know HTTP or tools.
"""
