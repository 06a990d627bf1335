"""Tests of uru-mcp, which go through the real thing: see CONTRIBUTING.md."""

import sys

# What pytest makes of each file with an `assert` takes seconds in each of its processes, unless it may be kept.
sys.dont_write_bytecode = False
