"""Photo-z pipelines: pure steps, thin edges."""
