"""Data files, each with its source named in its first lines."""
