"""Archives: prepare, serve, expire."""
