"""Releases: prepared catalogs by kind, flux type and dereddening, or one catalog."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from object_catalogs import objects_at, write_hats
from pzpipelines.objects.layout import PreparedCatalog, find_catalog, offers

TABLE = objects_at(np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.arange(2))


@pytest.fixture
def release(tmp_path: Path) -> Path:
    root = tmp_path / "dr9"
    for place in ("mag/cmodel/sfd", "mag/auto/sfd", "flux/cmodel/none"):
        write_hats(root / place / "catalog", TABLE)
    (root / "mag" / "gaap1p0" / "sfd" / "catalog").mkdir(parents=True)  # not a catalog yet
    (root / "README.txt").write_text("about the release")
    return root


def test_a_release_offers_its_prepared_catalogs_in_order(release: Path) -> None:
    assert offers(release) == [
        PreparedCatalog("mag", "auto", "sfd", release / "mag/auto/sfd/catalog"),
        PreparedCatalog("mag", "cmodel", "sfd", release / "mag/cmodel/sfd/catalog"),
        PreparedCatalog("flux", "cmodel", "none", release / "flux/cmodel/none/catalog"),
    ]


def test_a_catalog_is_found_by_the_choice_without_regard_to_case(release: Path) -> None:
    found = find_catalog(release, kind="mag", flux_type="cModel", dereddening="SFD")
    assert found is not None
    assert found.path == release / "mag/cmodel/sfd/catalog"
    assert find_catalog(release, kind="flux", flux_type="cmodel", dereddening="sfd") is None
    assert find_catalog(release, kind="mag", flux_type="gaap1p0", dereddening="sfd") is None


def test_a_release_that_is_one_catalog_is_found_whatever_is_chosen(tmp_path: Path) -> None:
    write_hats(tmp_path / "dr9", TABLE)
    whole = PreparedCatalog(None, None, None, tmp_path / "dr9")
    assert offers(tmp_path / "dr9") == [whole]
    assert find_catalog(tmp_path / "dr9", kind="mag", flux_type="x", dereddening="y") == whole


def test_a_folder_without_catalogs_offers_nothing(tmp_path: Path) -> None:
    assert offers(tmp_path) == []
    assert offers(tmp_path / "nowhere") == []


def test_the_real_sample_offers_magnitudes_corrected_by_sfd(samples: Path) -> None:
    [offer] = offers(samples / "object_dr2")
    assert (offer.kind, offer.flux_type, offer.dereddening) == ("mag", "auto", "sfd")
