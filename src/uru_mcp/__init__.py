"""A bridge from MCP clients such as Claude Desktop to an Uru workspace, through a permission gate."""

__version__ = "0.1.0"
