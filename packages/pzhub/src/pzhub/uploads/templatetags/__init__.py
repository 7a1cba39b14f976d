"""Tags of uploads."""
