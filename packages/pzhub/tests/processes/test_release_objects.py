"""Releases with their object catalogs: what is detected, refused, kept, and checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzhub.accounts.models import User
from pzhub.catalog.models import Release
from pzhub.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from pzhub.core.models import AuditEntry
from pzhub.processes.pipelines import objects_of
from pzhub.processes.services import (
    Choices,
    ObjectsNotUsableError,
    ReleaseExistsError,
    ReleaseWishes,
    check_release_objects,
    describe_folder,
    folders_with_objects,
    register_release,
    release_named,
    update_release,
)
from pztables.errors import UserError
from release_catalogs import N_OBJECTS, partition_of, write_flux_catalog, write_magnitude_catalog

pytestmark = pytest.mark.django_db


@pytest.fixture
def dp1(data_dir: Path) -> Path:
    """Return one catalog of fluxes in the folder of datasets."""
    write_flux_catalog(data_dir / "datasets" / "dp1")
    return data_dir / "datasets" / "dp1"


def registered(path: Path, name: str = "dp1", **wishes: object) -> Release:
    return register_release(actor=None, name=name, wishes=ReleaseWishes(path=path, **wishes))  # type: ignore[arg-type]


def test_a_release_is_written_with_what_its_catalog_offers(dp1: Path) -> None:
    release = registered(dp1, groups=["dp1-team"], description="First fields")
    kept = Release.objects.get(name="dp1")
    assert kept.object_catalog == release.object_catalog
    assert (kept.display_name, kept.description, kept.is_public) == ("DP1", "First fields", False)
    assert (kept.indexing_column, kept.objects_path) == ("objectId", "dp1")
    assert (kept.has_mag_hats, kept.has_flux_hats) == (True, True)  # magnitudes are computed
    assert kept.fluxes == [
        {"name": "cModel", "display_name": "cModel", "selected": True},
        {"name": "gaap1p0", "display_name": "gaap1p0"},
    ]
    assert kept.dereddening == [{"name": "none", "display_name": "None", "selected": True}]
    assert [group.name for group in kept.access_groups.all()] == ["dp1-team"]
    catalog = kept.object_catalog
    assert (catalog["rows"], catalog["bands"], catalog["problems"]) == (N_OBJECTS, list("gri"), [])
    assert catalog["partitions"] > 1
    entry = AuditEntry.objects.get(object_type="catalog.release", action="release-registered")
    assert entry.data["rows"] == N_OBJECTS
    assert entry.data["groups"] == ["dp1-team"]


def test_prepared_catalogs_are_offered_as_their_folders_are_called(data_dir: Path) -> None:
    root = data_dir / "elsewhere"
    for kind, flux_type, dust_map in (("mag", "auto", "sfd"), ("flux", "psf", "sfd")):
        write_magnitude_catalog(root / kind / flux_type / dust_map / "catalog")
    release = registered(root, "dr2")
    assert release.objects_path == str(root.resolve())  # not among the datasets
    assert (release.has_mag_hats, release.has_flux_hats) == (True, True)
    assert [entry["name"] for entry in release.fluxes] == ["auto", "psf"]
    assert release.dereddening == [{"name": "sfd", "display_name": "SFD", "selected": True}]


def test_a_run_is_told_of_the_objects_while_they_are_on_disk(dp1: Path) -> None:
    release = registered(dp1)
    assert objects_of(release) == {
        "path": str(dp1.resolve()),
        "name": "dp1",
        "indexing_column": "objectId",
        "dust_maps": str(dp1.parents[1].resolve() / "dust_maps"),
    }
    dp1.rename(dp1.with_name("away"))
    assert objects_of(release) is None


def test_decisions_stay_when_the_catalog_is_registered_anew(dp1: Path) -> None:
    registered(dp1, choices=Choices(disabled=["cModel"]))
    release = register_release(
        actor=None, name="dp1", wishes=ReleaseWishes(display_name="DP 1"), update=True
    )
    assert release.display_name == "DP 1"
    assert release.fluxes == [
        {"name": "cModel", "display_name": "cModel", "disabled": True},
        {"name": "gaap1p0", "display_name": "gaap1p0", "selected": True},
    ]
    release = register_release(
        actor=None,
        name="dp1",
        wishes=ReleaseWishes(choices=Choices(disabled=[], flux_type="gaap1p0")),
        update=True,
    )
    assert [entry.get("selected") for entry in release.fluxes] == [None, True]


def test_a_dry_run_writes_nothing(dp1: Path) -> None:
    release = register_release(
        actor=None, name="dp1", wishes=ReleaseWishes(path=dp1, groups=["new"]), dry_run=True
    )
    assert release.fluxes
    assert not Release.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_broken_partition_is_named_and_nothing_is_written(dp1: Path) -> None:
    broken = partition_of(dp1)
    broken.write_bytes(broken.read_bytes()[:-100])
    with pytest.raises(ObjectsNotUsableError) as refusal:
        registered(dp1)
    (problem,) = refusal.value.data["problems"]
    assert problem["code"] == "partition_unreadable"
    assert broken.stem in refusal.value.message
    assert not Release.objects.exists()


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"indexing_column": "objectid"}, "Did you mean objectId?"),
        ({"choices": Choices(flux_type="psf")}, "offers no psf; it offers cModel, gaap1p0"),
        ({"choices": Choices(disabled=["cModel", "gaap1p0"])}, "Leave at least one switched on"),
        ({"choices": Choices(disabled=["cModel"], flux_type="cModel")}, "cModel is switched off"),
        ({"display_name": " "}, "Give the release a name"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    dp1: Path, wishes: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidError) as refusal:
        registered(dp1, **wishes)
    assert said in refusal.value.message
    assert not Release.objects.exists()


def test_names_and_folders_are_checked_first(dp1: Path, data_dir: Path) -> None:
    with pytest.raises(InvalidError, match="letters, digits, hyphens"):
        registered(dp1, "dp 1")
    with pytest.raises(InvalidError, match="no such folder"):
        registered(data_dir / "nothing")
    with pytest.raises(UserError, match="is no HATS catalog or collection"):
        registered(data_dir)
    with pytest.raises(NotFoundError, match="There is no release dp1"):
        register_release(actor=None, name="dp1", wishes=ReleaseWishes(path=dp1), update=True)
    registered(dp1)
    with pytest.raises(ReleaseExistsError, match="already"):
        registered(dp1)


def test_a_catalog_without_identifier_asks_for_one(data_dir: Path) -> None:
    write_magnitude_catalog(data_dir / "datasets" / "x")
    release = registered(data_dir / "datasets" / "x", "x")
    assert release.indexing_column == "id"
    with pytest.raises(InvalidError) as refusal:
        registered(data_dir / "datasets" / "x", "y", indexing_column="ID2")
    assert list(refusal.value.fields) == ["indexing_column"]


def test_only_administrators_register(dp1: Path, ana: User, admin: User) -> None:
    wishes = ReleaseWishes(path=dp1)
    with pytest.raises(ForbiddenError):
        register_release(actor=ana, name="dp1", wishes=wishes)
    release = register_release(actor=admin, name="dp1", wishes=wishes)
    with pytest.raises(ForbiddenError):
        update_release(actor=ana, release=release, wishes=ReleaseWishes(is_public=True))
    with pytest.raises(ForbiddenError):
        check_release_objects(actor=ana, release=release, deep=False)
    with pytest.raises(ForbiddenError):
        describe_folder(actor=ana, folder="dp1")
    assert AuditEntry.objects.get(action="release-registered").actor_name == "root"


def test_a_release_is_changed_without_a_look_at_the_disk(dp1: Path) -> None:
    release = registered(dp1)
    dp1.rename(dp1.with_name("away"))
    update_release(
        actor=None, release=release, wishes=ReleaseWishes(is_public=True, groups=["team"])
    )
    kept = release_named("dp1")
    assert (kept.is_public, kept.objects_path) == (True, "dp1")
    assert AuditEntry.objects.filter(action="release-updated").count() == 1


def test_a_check_says_what_is_not_as_it_was_registered(dp1: Path) -> None:
    release = registered(dp1)
    assert check_release_objects(actor=None, release=release, deep=True).changes == []
    write_flux_catalog(dp1.with_name("other"), n=100, models="cModel")
    dp1.rename(dp1.with_name("away"))
    dp1.with_name("other").rename(dp1)
    report = check_release_objects(actor=None, release=release, deep=True)
    assert report.problems == []
    assert "rows: 400 when it was registered, 100 now" in report.changes
    assert any(
        change.startswith("columns that are gone: g_gaap1p0Flux") for change in report.changes
    )
    kept = release_named("dp1").object_catalog
    assert kept["rows"] == N_OBJECTS
    assert [problem["code"] for problem in kept["problems"]] == ["changed"] * len(report.changes)


def test_a_release_without_objects_has_nothing_to_check(open_release: Release) -> None:
    with pytest.raises(ConflictError, match="has no object catalog yet"):
        check_release_objects(actor=None, release=open_release, deep=False)


def test_folders_are_found_below_the_datasets_alone(
    dp1: Path, data_dir: Path, admin: User, tmp_path: Path
) -> None:
    write_magnitude_catalog(dp1.parent / "dr2" / "mag" / "auto" / "sfd" / "catalog")
    (dp1.parent / "notes").mkdir()
    write_magnitude_catalog(tmp_path / "outside")
    (dp1.parent / "link").symlink_to(tmp_path / "outside")
    assert folders_with_objects() == ["dp1", "dr2"]
    for folder in ("../outside", str(tmp_path / "outside"), "link", "notes", ""):
        with pytest.raises(InvalidError, match="Choose one of the folders"):
            describe_folder(actor=admin, folder=folder)
    assert describe_folder(actor=admin, folder="dp1")["deep"] is False
