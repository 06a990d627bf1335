"""What `pip` and `uv` build the package with."""
