"""What a release holds and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from object_catalogs import MAGNITUDES, objects_at, uniform_sky, write_hats
from pzpipelines.objects.catalog import open_objects
from pzpipelines.objects.density import Density, read_density
from pzpipelines.objects.describe import describe_objects
from pzpipelines.objects.errors import NotAnObjectCatalogError

RA, DEC = uniform_sky(2000, ra=(-2, 2), dec=(-2, 2), seed=4)
TABLE = objects_at(RA, DEC, np.arange(2000))


@pytest.fixture
def release(tmp_path: Path) -> Path:
    write_hats(tmp_path / "dr9" / "mag" / "cmodel" / "sfd" / "catalog", TABLE, max_rows=400)
    write_hats(tmp_path / "dr9" / "flux" / "cmodel" / "none" / "catalog", TABLE, max_rows=900)
    return tmp_path / "dr9"


def test_a_release_is_described_with_its_catalogs_bands_rows_and_area(release: Path) -> None:
    described = describe_objects(release, deep=True)
    assert json.loads(json.dumps(described)) == described
    catalog = open_objects(release / "mag/cmodel/sfd/catalog")
    sizes = [sum(p.size_bytes for p in open_objects(path).partitions)
             for path in (catalog.path, release / "flux/cmodel/none/catalog")]  # fmt: skip
    first, second = described.pop("offers")
    assert first == {
        "kind": "mag", "flux_type": "cmodel", "dereddening": "sfd",
        "path": "mag/cmodel/sfd/catalog", "ra": "ra", "dec": "dec", "margin_arcsec": None,
        "rows": 2000, "partitions": len(catalog.partitions), "bytes": sizes[0],
    }  # fmt: skip
    assert (second["kind"], second["rows"], second["dereddening"]) == ("flux", 2000, "none")
    density = Density.of_positions(RA, DEC)
    assert described.pop("area_deg2") == pytest.approx(density.area_deg2)
    assert described.pop("moc") == density.moc().to_string("ascii")
    assert described.pop("columns")[:2] == [
        {"name": "objectId", "type": "int64"}, {"name": "ra", "type": "double"},
    ]  # fmt: skip
    photometry = described.pop("photometry")
    assert [(each["path"].split("/")[0], each["flux_type"]) for each in photometry] == [
        ("mag", "cModel"), ("mag", "gaap1p0"), ("flux", "cModel"), ("flux", "gaap1p0"),
    ]  # fmt: skip
    assert described == {
        "flux_types": ["cmodel"], "dereddening": ["sfd", "none"], "bands": list("ugrizy"),
        "rows": 2000, "partitions": len(catalog.partitions), "bytes": sum(sizes), "problems": [],
    }  # fmt: skip


def test_one_catalog_is_described_by_its_columns(tmp_path: Path) -> None:
    write_hats(tmp_path / "one", TABLE.select(["objectId", "ra", "dec", *MAGNITUDES[:2]]))
    described = describe_objects(tmp_path / "one", deep=False)
    assert (described["flux_types"], described["dereddening"]) == (["cModel"], ["sfd"])
    assert described["photometry"] == [
        {"path": ".", "kind": "mag", "flux_type": "cModel", "dereddening": "sfd", "bands": ["u"]}
    ]


def test_damage_is_listed_and_the_rest_is_described(release: Path) -> None:
    catalog = open_objects(release / "mag/cmodel/sfd/catalog")
    missing, cut = catalog.partitions[:2]
    lost = missing.n_rows + cut.n_rows
    missing.path.unlink()
    cut.path.write_bytes(cut.path.read_bytes()[:-9])
    (release / "flux/cmodel/none/catalog/hats.properties").write_text("dataproduct_type=index\n")
    described = describe_objects(release, deep=True)
    assert described["rows"] == 2000 - lost
    assert [problem["code"] for problem in described["problems"]] == [
        "partition_unreadable", "partition_unreadable", "not_an_object_catalog",
    ]  # fmt: skip
    first, second, third = (problem["message"] for problem in described["problems"])
    assert missing.name in first
    assert cut.name in second
    assert third.startswith("flux/cmodel/none/catalog: ")


@pytest.mark.parametrize("deep", [True, False])
def test_objects_without_position_or_in_the_wrong_partition_are_counted(
    tmp_path: Path, deep: bool
) -> None:
    write_hats(tmp_path / "bad", TABLE, max_rows=10**6)
    partition = open_objects(tmp_path / "bad").partitions[0]
    rows = pq.ParquetFile(partition.path).read()
    ra = rows["ra"].to_numpy().copy()
    ra[:3] = (np.nan, 400.0, (ra[2] + 180) % 360)
    place = rows.schema.get_field_index("ra")
    pq.write_table(rows.set_column(place, "ra", pa.array(ra, from_pandas=True)), partition.path)
    problems = describe_objects(tmp_path / "bad", deep=deep)["problems"]
    assert [(problem["code"], problem["message"].split(": ")[2][:9]) for problem in problems] == [
        ("objects_outside_partition", "1 objects"), ("invalid_positions", "2 objects"),
    ]  # fmt: skip


def test_another_number_of_rows_than_the_properties_say_is_told(release: Path) -> None:
    catalog = open_objects(release / "mag/cmodel/sfd/catalog")
    partition = catalog.partitions[0]
    pq.write_table(pq.ParquetFile(partition.path).read().slice(1), partition.path)
    [problem] = describe_objects(release, deep=False)["problems"]
    assert problem["code"] == "row_count_differs"
    assert "2,000 rows, but the partitions hold 1,999" in problem["message"]


def test_a_folder_without_catalogs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotAnObjectCatalogError, match="give the folder of one, or of a release"):
        describe_objects(tmp_path, deep=False)


def test_the_map_of_a_catalog_counts_its_objects(samples: Path) -> None:
    catalog = open_objects(samples / "elaisfbmc_collection")
    density = read_density(catalog)
    assert density is not None
    tables = [catalog.read_columns(part, ["RAdeg", "DEdeg"]) for part in catalog.partitions]
    table = pa.concat_tables(tables)
    expected = Density.of_positions(table["RAdeg"].to_numpy(), table["DEdeg"].to_numpy())
    assert density.order == expected.order
    assert density.pixels.tolist() == expected.pixels.tolist()
    assert density.counts.tolist() == expected.counts.tolist()


def test_a_map_of_the_whole_sky_is_read_and_a_broken_one_is_not(tmp_path: Path) -> None:
    from astropy.io import fits

    write_hats(tmp_path / "one", TABLE)
    catalog = open_objects(tmp_path / "one")
    assert read_density(catalog) is None
    expected = Density.of_positions(RA, DEC, order=4)
    counts = np.zeros(12 * 4**4, np.int64)
    counts[expected.pixels] = expected.counts
    column = fits.Column("VALUE", "1024K", array=counts.reshape(-1, 1024))
    hdu = fits.BinTableHDU.from_columns([column])
    hdu.header["NSIDE"], hdu.header["ORDERING"] = 16, "NESTED"
    hdu.writeto(catalog.path / "point_map.fits")
    found = read_density(catalog)
    assert found is not None
    assert (found.order, found.pixels.tolist()) == (4, expected.pixels.tolist())
    assert found.counts.tolist() == expected.counts.tolist()
    (catalog.path / "point_map.fits").write_bytes(b"SIMPLE")
    assert read_density(catalog) is None
