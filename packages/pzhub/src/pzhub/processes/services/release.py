"""The release whose objects a run matches: who may use it, and what it offers."""

from __future__ import annotations

from pzhub.accounts.models import User
from pzhub.catalog.models import Release
from pzhub.catalog.selectors import releases_visible_to
from pzhub.core.errors import InvalidError
from pzhub.processes import pipelines
from pzhub.processes.models import Pipeline


class ReleaseNeededError(InvalidError):
    """The pipeline matches with the objects of a release, and none was chosen."""

    code = "release_needed"


class ReleaseNotUsableError(InvalidError):
    """There is no such release, or the user may not see it."""

    code = "release_not_usable"


def check_release(*, actor: User, pipeline: Pipeline, release: Release | None) -> None:
    """Refuse a run without the release that it needs, or with one that it cannot use.

    Raises
    ------
    ReleaseNeededError, ReleaseNotUsableError, pipelines.ReleaseWithoutObjectsError
        With a sentence that names the release.
    """
    if not pipelines.needs_release(pipeline.name):
        return
    if release is None:
        name = pipelines.spec_of(pipeline).display_name
        text = f"{name} needs a release, whose objects are matched; choose one."
        raise ReleaseNeededError(text, fields={"release": [text]})
    visible = releases_visible_to(actor)
    if not visible.filter(pk=release.pk).exists():
        text = f"There is no release {release.pk}, or you may not see it."
        raise ReleaseNotUsableError(text, fields={"release": [text]})
    pipelines.required_objects_of(release)


def releases_with_objects(actor: User) -> list[Release]:
    """Return the releases that a user may make training sets from, newest first."""
    return [
        release
        for release in releases_visible_to(actor)
        if (release.has_mag_hats or release.has_flux_hats) and pipelines.objects_of(release)
    ]
