"""The sandbox's pages, over HTTP and in a real browser."""
