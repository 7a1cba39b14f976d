"""Chores of uploads; each is safe to run twice."""

from __future__ import annotations

from django_tasks import task

from pzhub.uploads.services import make_profile, run_inspection


@task(priority=10)
def inspect(inspection_id: int) -> None:
    """Read a main file; somebody waits for it."""
    run_inspection(inspection_id)


@task()
def build_profile(profile_id: int) -> None:
    """Describe the columns of a published product."""
    make_profile(profile_id)
