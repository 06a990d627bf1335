"""What `uru-mcp doctor` looks at: the settings, the service behind them, and the clients' configurations."""
