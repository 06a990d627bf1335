"""The audit log: one line for each call, and usage totals.

It never contains arguments, results or a whole key.
"""
