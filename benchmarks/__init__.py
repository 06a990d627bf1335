"""What uru-mcp costs beside the least that is possible: `python -m benchmarks`. See the README here."""
