"""The API key: its value, its source (variable, file or command), and its rotation.

It does not know what a key may do.
"""
