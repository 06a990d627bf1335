"""The audit log: a line for each call, and what the lines add up to.

It never holds arguments, results or a key.
"""
