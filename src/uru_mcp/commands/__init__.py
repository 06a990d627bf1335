"""The command line interface: one module for each command.

It contains no rules of its own; what a command shows comes from the other packages.
"""
