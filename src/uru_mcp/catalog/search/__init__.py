"""Full-text search over tools: apps named in a query, words, spelling and synonyms.

It does not know permissions.
"""
