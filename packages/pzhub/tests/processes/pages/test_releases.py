"""The administrators' pages of releases."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from pzhub.accounts.models import User
from pzhub.catalog.models import Release
from pzhub.processes.services import ReleaseWishes, register_release, release_folders
from release_catalogs import partition_of, write_flux_catalog, write_magnitude_catalog

pytestmark = pytest.mark.django_db
LIST = "/administration/releases"
NEW = f"{LIST}/new"
DP1 = f"{LIST}/of/dp1"


@pytest.fixture
def site(admin: User) -> Client:
    """Return a browser in which an administrator is signed in."""
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def datasets(data_dir: Path) -> Path:
    """Return the folder of datasets, with one catalog of fluxes in it."""
    write_flux_catalog(data_dir / "datasets" / "dp1")
    return data_dir / "datasets"


def text_of(answer: Any) -> str:
    return " ".join(unescape(answer.content.decode()).split())


def filled(**changes: Any) -> dict[str, Any]:
    """Return the form as the page of a new release shows it, with a name."""
    return {
        "folder": "dp1",
        "name": "dp1",
        "display_name": "Data Preview 1",
        "indexing_column": "objectId",
        "flux_types": ["cModel", "gaap1p0"],
        "flux_type": "cModel",
        "dereddenings": ["none"],
        "dereddening": "none",
        **changes,
    }


def test_a_release_is_registered_from_a_folder_that_is_there(site: Client, datasets: Path) -> None:
    Group.objects.create(name="dp1-team")
    assert 'value="dp1"' in text_of(site.get(NEW))
    page = text_of(site.get(NEW, {"folder": "dp1"}))
    for shown in ("coord_ra, coord_dec", "g r i", "400", "gaap1p0", "a sample of positions"):
        assert shown in page
    assert not Release.objects.exists()
    answer = site.post(NEW, filled(flux_types=["cModel"], groups=["dp1-team"]))
    assert (answer.status_code, answer.headers["Location"]) == (302, LIST)
    release = Release.objects.get()
    assert (release.name, release.objects_path, release.is_public) == ("dp1", "dp1", False)
    assert [entry.get("disabled") for entry in release.fluxes] == [None, True]
    assert [group.name for group in release.access_groups.all()] == ["dp1-team"]
    page = text_of(site.get(LIST))
    for shown in ("Data Preview 1", "400", "cModel", "magnitudes and fluxes", "dp1-team"):
        assert shown in page


def test_no_path_reaches_outside_of_the_datasets(site: Client, datasets: Path) -> None:
    write_magnitude_catalog(datasets.parent / "secret")
    for folder in ("../secret", str(datasets.parent / "secret"), "."):
        for answer in (site.get(NEW, {"folder": folder}), site.post(NEW, filled(folder=folder))):
            assert answer.status_code == 400
            assert "Choose one of the folders with an object catalog." in text_of(answer)
    assert not Release.objects.exists()


def test_a_broken_catalog_is_refused_with_the_name_of_its_partition(
    site: Client, datasets: Path
) -> None:
    broken = partition_of(datasets / "dp1")
    broken.write_bytes(b"PAR1")
    answer = site.post(NEW, filled())
    assert answer.status_code == 400
    assert broken.stem in text_of(answer)
    assert not Release.objects.exists()


def test_catalogs_that_are_long_to_look_at_are_left_to_the_command(
    site: Client, datasets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_folders, "_MOST_PARTITIONS", 1)
    answer = site.get(NEW, {"folder": "dp1"})
    assert answer.status_code == 400
    assert "pzhub register-release NAME --objects" in text_of(answer)


def test_what_is_refused_is_shown_at_its_field(site: Client, datasets: Path) -> None:
    register_release(actor=None, name="dp1", wishes=ReleaseWishes(path=datasets / "dp1"))
    answer = site.post(NEW, filled())
    assert answer.status_code == 400
    assert 'id="id_name-error"' in text_of(answer)
    assert "There is a release dp1 already." in text_of(answer)
    answer = site.post(NEW, filled(name="", flux_type="psf", flux_types=[]))
    assert "Give the release a short name." in text_of(answer)
    answer = site.post(NEW, filled(name="dp2", flux_types=[]))
    assert "Leave at least one switched on." in text_of(answer)
    assert Release.objects.count() == 1


def test_a_release_is_changed_and_keeps_its_catalog(site: Client, datasets: Path) -> None:
    register_release(actor=None, name="dp1", wishes=ReleaseWishes(path=datasets / "dp1"))
    page = text_of(site.get(DP1))
    assert "gaap1p0" in page
    sent = filled(folder="", display_name="DP1 again", is_public="on", flux_type="gaap1p0")
    assert site.post(DP1, sent).status_code == 302
    release = Release.objects.get()
    assert (release.display_name, release.is_public) == ("DP1 again", True)
    assert [entry.get("selected") for entry in release.fluxes] == [None, True]
    assert release.object_catalog["rows"] == 400


def test_a_release_gets_an_object_catalog_later(
    site: Client, datasets: Path, closed_release: Release
) -> None:
    assert "None is registered" in text_of(site.get(DP1))
    assert site.post(DP1, {"display_name": "LSST DP1", "folder": ""}).status_code == 302
    assert 'value="dp1"' in text_of(site.get(DP1 + "?choose"))
    assert "coord_ra" in text_of(site.get(DP1 + "?choose&folder=dp1"))
    assert site.post(DP1, filled()).status_code == 302
    release = Release.objects.get()
    assert (release.objects_path, release.has_flux_hats) == ("dp1", True)


def test_another_look_says_what_changed(site: Client, datasets: Path) -> None:
    register_release(actor=None, name="dp1", wishes=ReleaseWishes(path=datasets / "dp1"))
    answer = site.post(f"{DP1}/check", follow=True)
    assert "The object catalog is as it was registered." in text_of(answer)
    partition_of(datasets / "dp1").write_bytes(b"PAR1")
    answer = site.post(f"{DP1}/check", follow=True)
    assert "cannot be read" in text_of(answer)
    assert "problem" in text_of(site.get(LIST))
    (datasets / "dp1").rename(datasets / "away")
    assert "there is no such folder" in text_of(site.post(f"{DP1}/check", follow=True))


def test_members_are_told_that_this_is_for_administrators(ana: User, datasets: Path) -> None:
    client = Client()
    client.force_login(ana)
    for address in (LIST, NEW, DP1):
        answer = client.get(address)
        assert answer.status_code == 403
        assert "Only administrators may do this." in text_of(answer)
    assert LIST not in text_of(client.get("/"))
