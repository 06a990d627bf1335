"""What a person types in a terminal after `uru-mcp`, a module for each command."""
