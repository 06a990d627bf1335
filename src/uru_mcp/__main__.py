"""`python -m uru_mcp`."""

from uru_mcp.cli import main

main()
