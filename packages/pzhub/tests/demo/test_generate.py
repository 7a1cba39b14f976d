"""The generator: the same seed gives the same sky, in the conventions of surveys."""

from __future__ import annotations

import math

import pyarrow.compute as pc
import pytest

from pzhub.demo.generate import CONVENTIONS, DemoCatalog, generate_catalogs
from pztables.roles import role_named


@pytest.fixture(scope="module")
def catalogs() -> dict[str, DemoCatalog]:
    return {catalog.file_name: catalog for catalog in generate_catalogs()}


def values(catalog: DemoCatalog, column: str) -> set[object]:
    return set(pc.unique(catalog.table[column]).to_pylist())


def test_the_same_seed_gives_the_same_tables(catalogs: dict[str, DemoCatalog]) -> None:
    for again in generate_catalogs():
        assert again.table.equals(catalogs[again.file_name].table)


def test_another_seed_gives_another_sky(catalogs: dict[str, DemoCatalog]) -> None:
    other = generate_catalogs(CONVENTIONS[:1], seed=1)[0]
    assert not other.table.equals(catalogs[other.file_name].table)


def test_each_catalog_has_the_columns_of_its_roles(catalogs: dict[str, DemoCatalog]) -> None:
    assert len(catalogs) == len(CONVENTIONS) == 6
    for catalog in catalogs.values():
        assert {"ra", "dec", "z", "z_flag", "survey"} <= catalog.roles.keys()
        assert set(catalog.roles.values()) <= set(catalog.table.column_names)
        assert all(role_named(name) for name in catalog.roles)
        assert "Generated, not observed" in catalog.description


def test_flags_follow_the_conventions_of_surveys(catalogs: dict[str, DemoCatalog]) -> None:
    assert values(catalogs["tdf_like.fits"], "quality") == {1, 2, 3, 4, 5}
    last_digits = {int(str(flag)) % 10 for flag in values(catalogs["vvds_like.csv"], "ZFLAGS")}
    assert last_digits == {0, 1, 2, 3, 4, 9}
    assert max(map(float, map(str, values(catalogs["vvds_like.csv"], "ZFLAGS")))) > 20
    assert values(catalogs["jades_like.parquet"], "z_Spec_flag") == set("ABCDE")
    assert values(catalogs["desi_like.parquet"], "ZWARN") == {0, 4}
    assert values(catalogs["desi_like.parquet"], "SPECTYPE") == {"STAR", "GALAXY"}
    assert values(catalogs["c3r2_like.csv"], "Qual") == {3.0, 3.5, 4.0}
    confidences = pc.min_max(catalogs["confidences.hdf5"].table["prob"]).as_py()
    assert 0 <= confidences["min"] < confidences["max"] <= 1
    assert values(catalogs["confidences.hdf5"], "type") == set("sgp")


def test_identifiers_need_all_64_bits(catalogs: dict[str, DemoCatalog]) -> None:
    assert pc.max(catalogs["desi_like.parquet"].table["TARGETID"]).as_py() > 2**53


def test_surveys_measured_the_same_objects(catalogs: dict[str, DemoCatalog]) -> None:
    one, two = catalogs["tdf_like.fits"].table, catalogs["desi_like.parquet"].table
    seen = zip(two["TARGET_RA"].to_pylist(), two["TARGET_DEC"].to_pylist(), strict=True)
    cells = {(round(ra, 3), round(dec, 3)) for ra, dec in seen}
    mine = zip(one["ra_j2000_deg"].to_pylist(), one["dec_j2000_deg"].to_pylist(), strict=True)
    shared = sum((round(ra, 3), round(dec, 3)) in cells for ra, dec in mine)
    assert shared > 150
    assert math.isclose(pc.mean(one["ra_j2000_deg"]).as_py(), 53.13, abs_tol=0.05)
