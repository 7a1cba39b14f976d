"""Management commands of processes."""
