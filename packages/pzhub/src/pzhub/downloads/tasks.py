"""Chores of downloads; each is safe to run twice."""

from __future__ import annotations

from django_tasks import task

from pzhub.downloads.services import build_archive


@task(priority=5)
def build(archive_id: int) -> None:
    """Build an archive; somebody waits for it."""
    build_archive(archive_id)
