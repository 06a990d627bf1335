"""The API key: its value, where it comes from (variable, file, command), and how it rotates.

It does not know what a key may do.
"""
