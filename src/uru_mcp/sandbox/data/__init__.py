"""The sandbox's data: database, keys, authentication, paging and search.

It does not know HTTP or tools.
"""
