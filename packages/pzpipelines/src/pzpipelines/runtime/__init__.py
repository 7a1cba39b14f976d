"""What surrounds a pipeline: its job, its workspace, its workers, its outcome."""
