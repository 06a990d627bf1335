"""The Claude Desktop extension: its manifest, and the script that packs it."""
