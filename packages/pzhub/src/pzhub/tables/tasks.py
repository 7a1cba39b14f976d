"""Chores of tables; each is safe to run twice."""

from __future__ import annotations

from django_tasks import task

from pzhub.tables.services.views import run_view


@task()
def save_view(view_id: int) -> None:
    """Write the rows of a view, and publish them as a product."""
    run_view(view_id)
