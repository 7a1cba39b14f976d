"""The generated objects: the same each time, where the redshifts are, with colours to learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pzhub.catalog.models import Release
from pzhub.config import hub_config
from pzhub.demo import content
from pzhub.demo.generate import CONVENTIONS, draw_population, generate_catalogs
from pzhub.demo.objects import BANDS, generate_objects, write_objects
from pzhub.processes.pipelines import objects_of
from pzpipelines.objects.bands import detect
from pzpipelines.objects.catalog import open_objects


@pytest.fixture(scope="module")
def objects() -> pa.Table:
    return generate_objects()


def test_the_same_seed_gives_the_same_objects(objects: pa.Table) -> None:
    assert generate_objects().equals(objects)
    assert not generate_objects(seed=1)["coord_ra"].equals(objects["coord_ra"])


def test_every_object_of_the_surveys_is_there(objects: pa.Table) -> None:
    population = draw_population()
    offset = objects["coord_dec"].to_numpy()[: population.dec.size] - population.dec
    assert np.abs(offset).max() * 3600 < 0.15
    assert len(set(objects["objectId"].to_pylist())) == objects.num_rows == 12_000


def test_photometry_is_named_as_releases_name_it(objects: pa.Table) -> None:
    found = detect(objects.column_names)
    told = {(each.flux_type, each.kind, each.dereddening, len(each.bands)) for each in found.sets}
    assert told == {
        (model, "flux", dust, 6) for model in ("cModel", "psf") for dust in (None, "sfd")
    }
    assert objects.schema.field("g_cModelFlux").metadata == {b"unit": b"nJy"}


def test_colours_follow_redshift(objects: pa.Table) -> None:
    population = draw_population()
    is_before_i = population.z < 0.6  # the break has not passed the band
    chosen = np.flatnonzero(~population.is_star & (population.mag < 22) & is_before_i)
    g, i = (objects[f"{band}_cModelFlux"].to_numpy()[chosen] for band in "gi")
    red = -2.5 * np.log10(g / i)
    assert np.corrcoef(red, population.z[chosen])[0, 1] > 0.7
    assert set(BANDS) == set("ugrizy")


def test_objects_are_written_whole_with_a_margin(objects: pa.Table, tmp_path: Path) -> None:
    folder = tmp_path / "datasets"
    (folder / ".sky.partial").mkdir(parents=True)  # of a start that broke off
    write_objects(objects.slice(0, 200), folder / "sky")
    catalog = open_objects(folder / "sky")
    assert (catalog.n_rows, catalog.ra, catalog.dec) == (200, "coord_ra", "coord_dec")
    assert catalog.margin is not None
    assert [path.name for path in folder.iterdir()] == ["sky"]


@pytest.mark.django_db
def test_the_demo_has_a_release_with_the_objects(
    monkeypatch: pytest.MonkeyPatch, product_types: object, data_dir: Path
) -> None:
    few = generate_catalogs(CONVENTIONS[:1])
    monkeypatch.setattr(content, "generate_catalogs", lambda: few)
    content.load_demo()
    release = Release.objects.get(name="demo")
    assert (release.is_public, release.has_mag_hats, release.has_flux_hats) == (True, True, True)
    told = objects_of(release)
    assert told is not None
    assert told["path"] == str(data_dir / "datasets" / "demo")
    assert (release.object_catalog or {})["rows"] == 12_000
    assert release.objects_path == "demo"


@pytest.mark.django_db
def test_an_administrators_folder_of_datasets_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, product_types: object, data_dir: Path, tmp_path: Path
) -> None:
    datasets = tmp_path / "their datasets"
    datasets.mkdir()
    monkeypatch.setattr(hub_config(), "datasets_dir", datasets)
    monkeypatch.setattr(content, "generate_catalogs", lambda: generate_catalogs(CONVENTIONS[:1]))
    content.load_demo()
    assert list(datasets.iterdir()) == []
    told = objects_of(Release.objects.get(name="demo"))
    assert told is not None
    assert told["path"] == str(data_dir / "datasets" / "demo")
