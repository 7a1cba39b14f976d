"""Chores of downloads; each is safe to run twice."""

from __future__ import annotations

from django_tasks import task

from pzhub.downloads.services import build_archive, build_bundle


@task(priority=5)
def build(archive_id: int) -> None:
    """Build an archive; somebody waits for it."""
    build_archive(archive_id)


@task(priority=4)
def build_several(bundle_id: int) -> None:
    """Build a bundle; it takes longer than one product, so those come first."""
    build_bundle(bundle_id)
