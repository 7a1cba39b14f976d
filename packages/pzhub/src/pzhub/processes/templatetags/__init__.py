"""Template tags of processes."""
