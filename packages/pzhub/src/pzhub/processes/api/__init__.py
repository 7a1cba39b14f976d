"""The REST routes of pipelines and processes."""
