"""Base template, components, static files, landing."""
