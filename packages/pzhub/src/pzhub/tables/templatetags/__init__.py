"""Tags of tables."""
