"""Settings of the server, one module per kind of instance."""
