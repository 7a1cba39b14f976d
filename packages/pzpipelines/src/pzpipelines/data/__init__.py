"""Data files of the pipelines, each with its source named in its first lines."""
