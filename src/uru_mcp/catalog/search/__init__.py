"""Full-text search over tools: ranking, app names, spelling correction and synonyms.

It does not know permissions.
"""
