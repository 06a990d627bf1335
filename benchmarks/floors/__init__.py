"""The least that a server can be, for uru-mcp to be measured against."""
