"""Pages of downloads."""
