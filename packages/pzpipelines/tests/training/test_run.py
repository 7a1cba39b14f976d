"""Whole runs: against a slow obvious one, in every format, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from pztables.formats import open_table

from .releases import BANDS, ROLES, fluxes, object_table, redshift_table, train, write_release

FORMATS = ("csv", "parquet", "fits", "hdf5", "hats")


def read(path: Path) -> pd.DataFrame:
    with open_table(path) as table:
        return table.read().to_pandas()


def slow_match(
    redshifts: pd.DataFrame, objects: pd.DataFrame, radius_arcsec: float, n_neighbors: int
) -> list[tuple[int, int, float]]:
    """Return (redshift, object, separation) by redshift, nearest first, from every pair."""
    left = SkyCoord(redshifts["RA"].to_numpy() * u.deg, redshifts["DEC"].to_numpy() * u.deg)
    right = SkyCoord(
        objects["coord_ra"].to_numpy() * u.deg, objects["coord_dec"].to_numpy() * u.deg
    )
    pairs = []
    for row in range(len(left)):
        separation = left[row].separation(right).to_value(u.arcsec)
        near = sorted((separation[n], n) for n in np.flatnonzero(separation <= radius_arcsec))
        pairs += [(row, int(n), s) for s, n in near[:n_neighbors]]
    return pairs


def slow_magnitude(flux: float | None, error: float | None) -> tuple[float, float]:
    if flux is None or not np.isfinite(flux) or flux <= 0:
        return np.nan, np.nan
    magnitude = -2.5 * np.log10(float(flux)) + 31.4
    return magnitude, np.nan if error is None else 1.0857362047581296 * float(error) / float(flux)


@pytest.mark.parametrize(("n_neighbors", "unique"), [(1, "none"), (3, "none"), (2, "nearest")])
def test_a_run_equals_a_slow_obvious_one(
    tmp_path: Path, flux_release: Path, n_neighbors: int, unique: str
) -> None:
    redshifts = redshift_table(300)
    parameters = {
        "crossmatch": {"radius_arcsec": 90 if n_neighbors > 1 else 1.5, "n_neighbors": n_neighbors},
        "flux_type": "cmodel", "dereddening": "none", "unique": unique,
    }  # fmt: skip
    outcome, exit_code, folder = train(tmp_path, redshifts, flux_release, parameters)
    assert (exit_code, outcome.error) == (0, None)
    found = read(folder / "tsm.parquet")
    left, objects = redshifts.to_pandas(), object_table(**fluxes()).to_pandas()
    pairs = slow_match(left, objects, parameters["crossmatch"]["radius_arcsec"], n_neighbors)
    if unique == "nearest":
        used: set[str] = set()
        kept = []
        for row, number, separation in sorted(pairs, key=lambda pair: (pair[2], pair[0])):
            if not used & {f"row {row}", f"object {number}"}:
                used |= {f"row {row}", f"object {number}"}
                kept.append((row, number, separation))
        pairs = sorted(kept)
    rows, numbers, separations = (list(side) for side in zip(*pairs, strict=True))
    expected = left.iloc[rows].reset_index(drop=True).rename(columns={"objectId": "objectId_specz"})
    of_object = objects.iloc[numbers].reset_index(drop=True)
    for name in of_object.columns[:3]:
        expected[name] = of_object[name]
    for band in BANDS:
        made = [
            slow_magnitude(*values)
            for values in zip(
                of_object[f"{band}_cModelFlux"], of_object[f"{band}_cModelFluxErr"], strict=True
            )
        ]
        expected[f"{band}_cModelMag"], expected[f"{band}_cModelMagErr"] = zip(*made, strict=True)
    expected["refExtendedness"] = np.array(numbers) % 2
    expected["_dist_arcsec"] = separations
    is_training = found.pop("is_training_set")
    assert set(is_training) <= {0, 1}
    pd.testing.assert_frame_equal(found, expected, rtol=1e-6, check_dtype=False)
    assert outcome.summary["split"]["train_rows"] == is_training.sum()


def test_magnitudes_of_a_release_that_has_only_fluxes_are_dereddened(
    tmp_path: Path, flux_release: Path, dust_maps: Path
) -> None:
    redshifts = redshift_table(300)
    observed, *_ = train(
        tmp_path, redshifts, flux_release, {"dereddening": "none", "flux_type": "psf"}, name="one"
    )
    parameters = {"flux_type": "psf", "extinction_coefficients": "sf11_lsst"}
    outcome, exit_code, _ = train(
        tmp_path, redshifts, flux_release, parameters, dust_maps=dust_maps, name="two"
    )
    assert exit_code == 0, outcome.error
    before, after = (pq.read_table(tmp_path / run / "tsm.parquet") for run in ("one", "two"))
    # the south of the Galaxy
    coefficients = dict(zip(BANDS, (4.145, 3.237, 2.273, 1.684, 1.323, 1.088), strict=True))
    for band, coefficient in coefficients.items():
        plain = before[f"{band}_psfMag"].to_numpy()
        np.testing.assert_allclose(
            after[f"{band}_psfMag_sfd"].to_numpy(), plain - 0.05 * coefficient, atol=1e-6
        )
        assert after[f"{band}_psfMagErr_sfd"] == before[f"{band}_psfMagErr"]
    assert not [name for name in after.column_names if "cModel" in name or "Flux" in name]
    metadata = json.loads(after.schema.metadata[b"pz.training_set"])
    assert metadata["photometry"] == {
        "release": "dp1", "kind": "mag", "flux_type": "psf", "dereddening": "sfd",
        "how": "converted and dereddened", "zero_point": 31.4,
        "dust_map": "Schlegel, Finkbeiner & Davis 1998, ApJ 500, 525, doi:10.1086/305772",
        "extinction_coefficients": {"set": "sf11_lsst", **coefficients}, "invalid_value": None,
    }  # fmt: skip
    field = after.schema.field("g_psfMag_sfd")
    assert field.metadata[b"unit"] == b"mag"
    assert field.metadata[b"description"] == (
        b"from g_psfFlux, AB, zero point 31.4 for nanojansky, dereddened with sfd (sf11_lsst), "
        b"A = 3.237 E(B-V)"
    )
    reasons = outcome.summary["photometry"]["invalid"]["u_psfMag_sfd"]
    nulls = after["u_psfMag_sfd"].null_count
    assert nulls == reasons["rows"] == reasons["missing"] + reasons["not_positive"] > 0
    assert observed.summary["photometry"]["dereddening"] == "none"


def test_prepared_photometry_is_taken_as_it_is_but_for_sentinels(
    tmp_path: Path, mag_release: Path
) -> None:
    outcome, _, folder = train(tmp_path, redshift_table(), mag_release)
    found = pq.read_table(folder / "tsm.parquet")
    assert outcome.summary["photometry"]["how"] == "prepared"
    assert outcome.summary["warnings"] == []
    assert found.schema.field("mag_g").type == pa.float32()
    invalid = outcome.summary["photometry"]["invalid"]
    assert set(invalid) == {f"mag_{band}" for band in BANDS}
    for band in BANDS:
        nulls = found[f"mag_{band}"].null_count
        assert invalid[f"mag_{band}"] == {"rows": nulls, "sentinel": nulls}
        assert found[f"magerr_{band}"].null_count == nulls > 0
    # prepared like that, but its release also has fluxes to make them from
    _, _, folder = train(tmp_path, redshift_table(), mag_release, {"invalid_value": 99})
    filled = pq.read_table(folder / "tsm.parquet")
    assert filled["mag_g"].null_count == 0
    assert (filled["mag_g"].to_numpy() == 99).sum() == found["mag_g"].null_count


def test_what_is_not_prepared_is_computed_where_it_can_be(
    tmp_path: Path, mag_release: Path, dust_maps: Path
) -> None:
    parameters = {"flux_type": "gaap1p0", "selected_cols": ["mag_dered_g", "flux_g", "objectId"]}
    outcome, exit_code, folder = train(
        tmp_path, redshift_table(), mag_release, parameters, dust_maps=dust_maps
    )
    assert exit_code == 0, outcome.error
    table = pq.read_table(folder / "tsm.parquet")
    assert table.column_names[7:] == [
        "mag_dered_g", "flux_g", "objectId", "_dist_arcsec", "is_training_set",
    ]  # fmt: skip
    flux = table["flux_g"].to_numpy().astype(float)
    expected = 31.4 - 2.5 * np.log10(np.where(flux > 0, flux, np.nan)) - 0.05 * 3.64
    np.testing.assert_allclose(table["mag_dered_g"].to_numpy(), expected, atol=1e-5)
    assert (
        outcome.summary["photometry"]["invalid"]["mag_dered_g"]["rows"] == np.isnan(expected).sum()
    )


def test_without_a_dust_map_nothing_is_dereddened_unless_it_was_asked_for(
    tmp_path: Path, flux_release: Path
) -> None:
    outcome, exit_code, folder = train(tmp_path, redshift_table(), flux_release)
    assert exit_code == 0
    assert [warning["code"] for warning in outcome.summary["warnings"]] == ["not_dereddened"]
    effective = json.loads((folder / "effective_parameters.json").read_text())
    assert (effective["dereddening"], effective["flux_type"]) == ("none", "cModel")
    asked, exit_code, _ = train(
        tmp_path, redshift_table(), flux_release, {"dereddening": "sfd"}, name="asked"
    )
    assert exit_code == 2
    assert asked.error is not None
    assert asked.error["code"] == "dust_map_unavailable"
    assert "dustmaps.sfd.fetch()" in asked.error["message"]


def test_effective_parameters_make_the_same_training_set_again(
    tmp_path: Path, flux_release: Path
) -> None:
    first, _, folder = train(tmp_path, redshift_table(), flux_release, {"random_seed": None})
    effective = json.loads((folder / "effective_parameters.json").read_text())
    assert effective["random_seed"] == first.summary["split"]["random_seed"] >= 0
    _, _, again = train(tmp_path, redshift_table(), flux_release, effective, name="again")
    assert (again / "tsm.parquet").read_bytes() == (folder / "tsm.parquet").read_bytes()


def test_the_result_registers_without_hands(tmp_path: Path, flux_release: Path) -> None:
    roles = {**ROLES, "id": "objectId"}  # a name that photometry has, too
    outcome, _, folder = train(tmp_path, redshift_table(), flux_release, columns=roles)
    main = outcome.outputs[0]
    assert (main.role, main.columns_assoc) == (
        "main",
        {"id": "objectId_specz", "ra": "RA", "dec": "DEC", "z": "z", "z_flag": "Q",
         "survey": "SURVEY"},
    )  # fmt: skip
    assert {*main.columns_assoc.values()} <= {*pq.read_schema(folder / main.path).names}
    lines = (folder / "progress.jsonl").read_text().splitlines()
    stages = [json.loads(line)["stage"] for line in lines]
    assert list(dict.fromkeys(stages)) == ["prepare", "match", "photometry", "write"]


@pytest.mark.parametrize("output_format", FORMATS)
def test_every_format_holds_the_same_table(
    tmp_path: Path, mag_release: Path, output_format: str
) -> None:
    outcome, _, folder = train(tmp_path, redshift_table(), mag_release, name="parquet")
    expected = read(folder / "tsm.parquet")
    outcome, exit_code, folder = train(
        tmp_path, redshift_table(), mag_release, output_format=output_format
    )
    assert exit_code == 0, outcome.error
    found = read(folder / outcome.outputs[0].path)
    assert list(found.columns) == list(expected.columns)
    assert set(found["SURVEY"]) == {"VVDS", "é DEEP"}
    order = ["ID", "objectId"]
    pd.testing.assert_frame_equal(
        found.sort_values(order, ignore_index=True),
        expected.sort_values(order, ignore_index=True),
        check_dtype=False,
        rtol=1e-6,
    )


@pytest.mark.parametrize("source", FORMATS)
def test_redshifts_of_every_format_give_the_same_in_their_own(
    tmp_path: Path, mag_release: Path, source: str
) -> None:
    from object_catalogs import write_hats
    from pztables.formats import write_table

    expected, _, folder = train(tmp_path, redshift_table(), mag_release, name="parquet")
    pairs = read(folder / "tsm.parquet").set_index("ID")
    path = tmp_path / f"input.{source}"
    if source == "hats":
        write_hats(path, redshift_table(), ra="RA", dec="DEC", max_rows=500)
    else:
        write_table(redshift_table(), path, format=source)
    outcome, exit_code, folder = train(tmp_path, path, mag_release)
    assert exit_code == 0, outcome.error
    assert outcome.summary["output_format"] == source
    found = read(folder / outcome.outputs[0].path).set_index("ID").loc[pairs.index]
    assert found["is_training_set"].tolist() == pairs["is_training_set"].tolist()
    assert outcome.outputs[0].columns_assoc == expected.outputs[0].columns_assoc


def test_the_choices_are_in_the_metadata_of_every_file_that_has_any(
    tmp_path: Path, mag_release: Path
) -> None:
    outcome, _, folder = train(tmp_path, redshift_table(), mag_release, output_format="hats")
    partitions = sorted((folder / "tsm" / "catalog").rglob("Npix=*.parquet"))
    for path in (*partitions, folder / "tsm" / "catalog" / "dataset" / "_common_metadata"):
        recorded = json.loads(pq.read_schema(path).metadata[b"pz.training_set"])
        assert recorded["split"] == outcome.summary["split"]
        assert recorded["photometry"]["how"] == "prepared"
    text = (folder / "tsm" / "catalog" / "hats.properties").read_text()
    assert "hats_col_ra=RA\nhats_col_dec=DEC\n" in text


def test_best_keeps_the_best_flag_of_each_object(tmp_path: Path, mag_release: Path) -> None:
    redshifts = redshift_table()
    flag = pa.array(np.arange(redshifts.num_rows) % 7, pa.int8())
    redshifts = redshifts.append_column("z_flag_homogenized", flag)
    _, _, folder = train(tmp_path, redshifts, mag_release, name="none")
    everything = read(folder / "tsm.parquet")
    outcome, _, folder = train(tmp_path, redshifts, mag_release, {"unique": "best"})
    best = read(folder / "tsm.parquet")
    everything["rank"] = everything["z_flag_homogenized"].replace(6, -1)
    expected = everything.sort_values(["rank", "_dist_arcsec"], ascending=[False, True])
    expected = expected.drop_duplicates("objectId")
    assert sorted(best["ID"]) == sorted(expected["ID"])
    assert outcome.summary["matching"]["pairs_removed"] == len(everything) - len(best) > 0


def test_positions_and_redshifts_that_are_text_become_numbers(
    tmp_path: Path, mag_release: Path
) -> None:
    redshifts = redshift_table()
    for place, name in ((1, "RA"), (2, "DEC"), (4, "z")):
        text = pa.array([str(value) for value in redshifts[name].to_pylist()])
        redshifts = redshifts.set_column(place, name, text)
    _, exit_code, folder = train(tmp_path, redshifts, mag_release, output_format="hats")
    _, _, numbers = train(tmp_path, redshift_table(), mag_release, output_format="hats", name="n")
    assert exit_code == 0
    pd.testing.assert_frame_equal(read(folder / "tsm"), read(numbers / "tsm"))


def test_rows_with_one_identifier_are_one_object(tmp_path: Path) -> None:
    table = object_table(parent=pa.array([None, *(np.arange(2_999) // 4)]))
    release = write_release(tmp_path / "release", table)
    given = {"selected_cols": ["objectId", "parent"]}
    _, _, folder = train(tmp_path, redshift_table(), release, given, name="alone")
    alone = read(folder / "tsm.parquet").groupby("parent")["is_training_set"].nunique()
    _, _, folder = train(tmp_path, redshift_table(), release, given, indexing_column="parent")
    known = read(folder / "tsm.parquet").groupby("parent")["is_training_set"].nunique()
    assert (alone.max(), known.max()) == (2, 1)
    _, _, folder = train(
        tmp_path, redshift_table(), release, {"unique": "nearest", "selected_cols": ["parent"]},
        indexing_column="parent",
    )  # fmt: skip
    assert read(folder / "tsm.parquet")["parent"].dropna().is_unique


def test_rows_without_a_position_are_counted_and_do_not_match(
    tmp_path: Path, mag_release: Path
) -> None:
    redshifts = redshift_table().to_pandas()
    redshifts.loc[::3, "RA"] = np.nan
    table = pa.Table.from_pandas(redshifts, preserve_index=False)
    outcome, _, folder = train(tmp_path, table, mag_release)
    assert outcome.summary["rows_without_position"] == 400
    assert read(folder / "tsm.parquet")["RA"].notna().all()


def far_away(table: pa.Table) -> pa.Table:
    return table.set_column(1, "RA", pa.array(np.full(table.num_rows, 180.0)))


def negative(table: pa.Table) -> pa.Table:
    return table.set_column(1, "RA", pa.array(np.full(table.num_rows, -1.0)))


@pytest.mark.parametrize(
    ("parameters", "change", "columns", "code", "words"),
    [
        ({"flux_type": "gaap"}, None, ROLES, "photometry_not_available", "Did you mean gaap1p0?"),
        ({"dereddening": "planck"}, None, ROLES, "photometry_not_available",
         "there is: magnitudes, dereddened with sfd"),
        ({"convert_flux_to_mag": False, "flux_type": "auto"}, None, ROLES,
         "photometry_not_available", "has no auto fluxes"),
        ({"selected_cols": ["magg_g"]}, None, ROLES, "unknown_column", "Did you mean mag_g?"),
        ({}, far_away, ROLES, "no_overlap", "right ascension 180 to 180"),
        ({"crossmatch": {"radius_arcsec": 1e-6}}, None, ROLES, "no_match", "within 1e-06 arcsec"),
        ({}, negative, ROLES, "coordinates_out_of_range", "row 1: RA -1.0"),
        ({}, None, {"ra": "RA", "dec": "DEC", "z": "zz"}, "missing_mapped_columns", "zz (for z"),
        ({}, lambda table: table.drop_columns(["z"]), {"ra": "RA", "dec": "DEC"},
         "missing_column_roles", "associate z first"),
        ({}, None, {"ra": "SURVEY", "dec": "DEC", "z": "z"}, "not_a_number", "column SURVEY"),
        ({"unique": "best"}, None, {"ra": "RA", "dec": "DEC"}, "no_quality_flag", "choose nearest"),
        ({"unique": "best"}, None, {**ROLES, "z_flag": "SURVEY"}, "no_quality_flag", "SURVEY"),
        ({}, lambda table: table.slice(0, 0), ROLES, "empty_table", "no rows"),
        ({"crossmatch": {"radius_arcsec": 91}}, None, ROLES, "invalid_option", "equal to 90"),
        ({"output_format": "xls"}, None, ROLES, "invalid_option", "output_format"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, mag_release: Path, parameters: dict[str, Any], change: Any,
    columns: dict[str, str | None], code: str, words: str,
) -> None:  # fmt: skip
    redshifts = redshift_table()
    outcome, exit_code, folder = train(
        tmp_path, change(redshifts) if change else redshifts, mag_release, parameters,
        columns=columns,
    )  # fmt: skip
    assert outcome.error is not None
    assert (exit_code, outcome.error["code"]) == (2, code), outcome.error
    assert words in outcome.error["message"]
    assert not [path for path in folder.iterdir() if path.name.startswith("tsm")]


def test_a_release_without_data_and_a_damaged_one_are_refused(
    tmp_path: Path, mag_release: Path
) -> None:
    (tmp_path / "empty").mkdir()
    outcome, exit_code, _ = train(tmp_path, redshift_table(), tmp_path / "empty")
    assert outcome.error is not None
    assert (exit_code, outcome.error["code"]) == (2, "release_without_data")
    shutil.copytree(mag_release, tmp_path / "broken")
    partition = next((tmp_path / "broken/mag").rglob("Npix=*.parquet"))
    partition.write_bytes(partition.read_bytes()[:-2_000])
    outcome, exit_code, folder = train(tmp_path, redshift_table(), tmp_path / "broken")
    assert outcome.error is not None
    assert (exit_code, outcome.error["code"]) == (2, "partition_unreadable")
    assert partition.stem in outcome.error["message"]
    assert not (folder / "tsm.parquet").exists()


@pytest.mark.parametrize("count", [0, 2])
def test_exactly_one_redshift_catalog_is_needed(
    tmp_path: Path, mag_release: Path, count: int
) -> None:
    from pzpipelines.runtime.job import Job, JobInput, JobObjects
    from pzpipelines.runtime.workspace import Workspace
    from pzpipelines.training.errors import RedshiftInputError
    from pzpipelines.training.run import run

    inputs = [JobInput(path=tmp_path, internal_name=f"{n}_a") for n in range(count)]
    job = Job(pipeline="training_set_maker", inputs=inputs, objects=JobObjects(path=mag_release))
    with pytest.raises(RedshiftInputError, match="exactly one redshift catalog"):
        run(job, Workspace(tmp_path / "run"))


def test_an_earlier_training_set_can_be_the_input(tmp_path: Path, mag_release: Path) -> None:
    first, _, folder = train(tmp_path, redshift_table(), mag_release, name="first")
    again, exit_code, folder = train(
        tmp_path, folder / "tsm.parquet", mag_release, columns=first.outputs[0].columns_assoc
    )
    assert exit_code == 0, again.error
    table = pq.read_table(folder / "tsm.parquet")
    assert table.num_rows == first.summary["rows_out"]
    assert table.column_names[-2:] == ["_dist_arcsec", "is_training_set"]
    assert table["_dist_arcsec"] == table["_dist_arcsec_specz"]


def test_columns_of_no_known_pattern_are_taken_as_they_are(tmp_path: Path) -> None:
    release = write_release(tmp_path / "plain", object_table(brightness=np.ones(3_000)))
    outcome, exit_code, folder = train(tmp_path, redshift_table(), release)
    assert exit_code == 0
    assert [each["code"] for each in outcome.summary["warnings"]] == ["photometry_not_recognised"]
    assert "brightness" in pq.read_schema(folder / "tsm.parquet").names
