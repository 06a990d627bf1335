"""The command line: a module for each command.

It holds no rule of its own; what a command shows comes from the other packages.
"""
