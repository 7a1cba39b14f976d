"""Pipelines as users see them; reconciler and runners."""
